using BlasNet.Cli.Benchmarks;
using BlasNet.Cli.CommandLine;

namespace BlasNet.Cli.Output;

/// <summary>A line of <c>bench mlp --json</c> and its like: rates of the middle, the slowest and the fastest pass; launches, their lower bound, products,
/// copied and managed bytes are means over the timed steps, whose orders are always the same; peak bytes the most of any step.</summary>
internal sealed record WorkloadLine(
    string Model, string? Data, double ExamplesPerSecond, double ExamplesPerSecondMin, double ExamplesPerSecondMax,
    double? WordsPerSecond, double? WordsPerSecondMin, double? WordsPerSecondMax, double ModelFlopUtilisation, double PeakGflops, double FlopsPerExample,
    int Examples, long? Words, long Parameters, int Passes, int Threads, int Ranks, int Batch,
    string Batching, string Gemm, string PlanCache, string? OpenblasCore,
    int Steps, long StepsWithKnownPlan, double StepSecondsMedian, double StepSecondsMin, double StepSecondsMax,
    double ManagedBytesPerStep, long PeakBytes, double LaunchesPerStep, double LaunchLowerBound, double GemmCalls, double GemvCalls, double CopiedBytes,
    double FirstPassLoss, ShareLine Share, IReadOnlyList<KernelLine> Kernels)
{
    public static WorkloadLine Of(
        string name, WorkloadOptions how, string gemm, int threads, Workload workload, WorkloadMeasurement measured)
    {
        (Spread pass, Spread step, Counters counters) = (measured.Pass, measured.Step, measured.Counters);
        double examples = workload.Examples, steps = measured.Steps;
        double? words = workload.Words > 0 ? workload.Words : null;
        return new(
            name, how.Data, examples / pass.Median, examples / pass.Slowest, examples / pass.Fastest,
            words / pass.Median, words / pass.Slowest, words / pass.Fastest,
            workload.Flops / pass.Median / (measured.PeakGflops * (how.Ranks?.Size ?? 1) * 1e9), measured.PeakGflops, workload.Flops / examples,
            workload.Examples, workload.Words > 0 ? workload.Words : null, workload.Model.Size, WorkloadTimer.Passes, threads, how.Ranks?.Size ?? 1, how.Batch,
            how.Batching ? "on" : "off", gemm, how.PlanCache.ToString().ToLowerInvariant(), KernelScope.OpenBlasCore,
            measured.Steps, counters.PlansFound, step.Median, step.Fastest, step.Slowest,
            counters.ManagedBytes / steps, measured.PeakBytes, (double)counters.Launches / steps, measured.LaunchLowerBound / steps,
            counters.GemmCalls / steps, counters.GemvCalls / steps, (double)counters.CopiedBytes / steps,
            measured.FirstPassLoss, ShareLine.Of(counters, measured.Kernels), measured.Kernels);
    }
}

/// <summary>Where the time of a step goes: parts of 1. Simplifying is counted with planning.</summary>
internal sealed record ShareLine(
    double Build, double Batch, double Differentiate, double Plan, double Kernels, double Copies, double Update, double Communicate)
{
    public static ShareLine Of(Counters counters, IReadOnlyList<KernelLine> kernels)
    {
        double total = counters.Ticks;
        double copies = counters.Execute * kernels.Where(kernel => WorkloadTimer.IsCopy(kernel.Operator)).Sum(kernel => kernel.Share);
        return new(
            counters.Build / total, counters.Batch / total, counters.Differentiate / total, counters.Plan / total,
            (counters.Execute - copies) / total, copies / total, counters.Update / total, counters.Communicate / total);
    }
}

/// <summary>What one operator takes.</summary>
/// <param name="Operator">Its name.</param>
/// <param name="Share">Part of the time of all kernels.</param>
/// <param name="Launches">In a step.</param>
internal sealed record KernelLine(string Operator, double Share, double Launches);
