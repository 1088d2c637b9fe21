using BlasNet.Kernels;
using BlasNet.Native;

namespace BlasNet.Cli.CommandLine;

/// <summary>Chooses kernels and threads, which belong to the process, for as long as it is not disposed.</summary>
internal sealed class KernelScope : IDisposable
{
    private readonly GemmMode _mode = Gemm.Mode;
    private readonly int _threads = ComputeThreads.Count;

    /// <exception cref="CommandException">OpenBLAS alone is asked for, and there is none.</exception>
    public KernelScope(GemmMode mode, int threads)
    {
        if (mode == GemmMode.OpenBlas && !OpenBlasLoader.IsAvailable)
            throw new CommandException($"--gemm openblas: {OpenBlasLoader.Library.Error}");

        (Gemm.Mode, ComputeThreads.Count) = (mode, threads);
    }

    /// <summary>The processor family whose kernels OpenBLAS runs; null without OpenBLAS.</summary>
    public static string? OpenBlasCore => OpenBlasLoader.IsAvailable ? OpenBlasLoader.Library.CoreName : null;

    public void Dispose() => (Gemm.Mode, ComputeThreads.Count) = (_mode, _threads);
}
