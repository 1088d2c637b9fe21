using BlasNet.Execution;
using BlasNet.Kernels;

namespace BlasNet.Cli.Benchmarks;

/// <summary>What has been counted so far, or between two moments; times in ticks of the stopwatch.</summary>
internal readonly record struct Counters(
    long Build, long Batch, long Differentiate, long Plan, long Execute, long Update, long Communicate,
    long GemmCalls, long GemvCalls, long PlansFound, long Launches, long CopiedBytes, long ManagedBytes)
{
    public long Ticks => Build + Batch + Differentiate + Plan + Execute + Update + Communicate;

    /// <summary>Simplifying is counted with planning.</summary>
    public static Counters Of(PhaseTimes times) => new(
        times.Build, times.Batch, times.Differentiate, times.Simplify + times.Plan, times.Execute, times.Update, times.Communicate,
        Gemm.GemmCalls, Gemm.GemvCalls, times.PlansFound, times.Launches, times.CopiedBytes, GC.GetTotalAllocatedBytes(precise: true));

    public static Counters operator -(Counters later, Counters earlier) => new(
        later.Build - earlier.Build, later.Batch - earlier.Batch, later.Differentiate - earlier.Differentiate, later.Plan - earlier.Plan,
        later.Execute - earlier.Execute, later.Update - earlier.Update, later.Communicate - earlier.Communicate,
        later.GemmCalls - earlier.GemmCalls, later.GemvCalls - earlier.GemvCalls,
        later.PlansFound - earlier.PlansFound, later.Launches - earlier.Launches, later.CopiedBytes - earlier.CopiedBytes,
        later.ManagedBytes - earlier.ManagedBytes);
}
