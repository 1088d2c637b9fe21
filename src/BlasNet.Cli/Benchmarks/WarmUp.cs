using System.Diagnostics;
using System.Runtime;
using BlasNet.Ranks;

namespace BlasNet.Cli.Benchmarks;

/// <summary>Says when code has run long enough to be timed. Tiered compilation replaces it in the background, which takes longer where ranks leave no
/// processor free for that.</summary>
/// <param name="ranks">Those that warm up together; null for this process alone.</param>
internal sealed class WarmUp(Communicator? ranks)
{
    private const int MostTimesLeast = 8;

    private readonly long _start = Stopwatch.GetTimestamp();
    private long _compiled = JitInfo.GetCompiledMethodCount();

    /// <summary>It takes at least so long.</summary>
    public static TimeSpan Least { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Whether another pass is needed, on any rank: time is left, or some methods were compiled since the last call.</summary>
    public bool GoesOn()
    {
        long compiled = JitInfo.GetCompiledMethodCount();
        TimeSpan elapsed = Stopwatch.GetElapsedTime(_start);
        bool isNeeded = elapsed < Least || (compiled != _compiled && elapsed < MostTimesLeast * Least);
        _compiled = compiled;
        return ranks?.Any(isNeeded) ?? isNeeded;
    }
}
