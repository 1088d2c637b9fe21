using BlasNet.Kernels;

namespace BlasNet.Tests.Kernels;

/// <summary>Tests that change settings of the whole process, or count what all of it does: one after another, and nothing beside
/// them.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class GemmSettings
{
    public const string Name = "Alone in the process";
}

/// <summary>A number of compute threads until the end of a scope.</summary>
internal sealed class ThreadCount : IDisposable
{
    private readonly ComputeSettings _before = ComputeSettings.OfProcess;

    public ThreadCount(int count) => ComputeSettings.OfProcess = _before with { Threads = count };

    public void Dispose() => ComputeSettings.OfProcess = _before;
}

/// <summary>A mode of Gemm until the end of a scope.</summary>
internal sealed class UsingMode : IDisposable
{
    private readonly ComputeSettings _before = ComputeSettings.OfProcess;

    public UsingMode(GemmKernels mode) => ComputeSettings.OfProcess = _before with { Kernels = mode };

    public void Dispose() => ComputeSettings.OfProcess = _before;
}
