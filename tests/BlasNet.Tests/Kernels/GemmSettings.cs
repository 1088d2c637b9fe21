using BlasNet.Kernels;

namespace BlasNet.Tests.Kernels;

/// <summary>Tests that change settings of the whole process: one after another, and nothing beside them.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class GemmSettings
{
    public const string Name = "Process-wide settings of Gemm";
}

/// <summary>A number of compute threads until the end of a scope.</summary>
internal sealed class ThreadCount : IDisposable
{
    private readonly int _before = ComputeThreads.Count;

    public ThreadCount(int count) => ComputeThreads.Count = count;

    public void Dispose() => ComputeThreads.Count = _before;
}

/// <summary>A mode of Gemm until the end of a scope.</summary>
internal sealed class UsingMode : IDisposable
{
    private readonly GemmMode _before = Gemm.Mode;

    public UsingMode(GemmMode mode) => Gemm.Mode = mode;

    public void Dispose() => Gemm.Mode = _before;
}
