using BlasNet.Cli.Benchmarks;
using BlasNet.Diagnostics;

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
        string name, WorkloadOptions how, string gemm, Workload workload, WorkloadMeasurement measured)
    {
        (Spread pass, Spread step, Profile profile) = (measured.Pass, measured.Step, measured.Profile);
        double examples = workload.Examples, steps = measured.Steps;
        double? words = workload.Words > 0 ? workload.Words : null;
        return new(
            name, how.Data, examples / pass.Median, examples / pass.Slowest, examples / pass.Fastest,
            words / pass.Median, words / pass.Slowest, words / pass.Fastest,
            workload.Flops / pass.Median / (measured.PeakGflops * (how.Ranks?.Size ?? 1) * 1e9), measured.PeakGflops, workload.Flops / examples,
            workload.Examples, workload.Words > 0 ? workload.Words : null, workload.Model.Size, WorkloadTimer.Passes,
            workload.Threads, how.Ranks?.Size ?? 1, how.Batch,
            how.Compute.Batching ? "on" : "off", gemm, how.PlanCache.ToString().ToLowerInvariant(), OpenBlas.Core,
            measured.Steps, profile.PlansFound, step.Median, step.Fastest, step.Slowest,
            (double)measured.ManagedBytes / steps, profile.PeakBytes, profile.Launches / steps, measured.LaunchLowerBound / steps,
            profile.GemmCalls / steps, profile.GemvCalls / steps, profile.CopiedBytes / steps,
            measured.FirstPassLoss, ShareLine.Of(profile, measured.Kernels), measured.Kernels);
    }
}

/// <summary>Where the time of a step goes: parts of 1. Simplifying is counted with planning.</summary>
internal sealed record ShareLine(
    double Build, double Batch, double Differentiate, double Plan, double Kernels, double Copies, double Update, double Communicate)
{
    public static ShareLine Of(Profile profile, IReadOnlyList<KernelLine> kernels)
    {
        TimeSpan total = profile.Build + profile.Batch + profile.Differentiate + profile.Plan + profile.Execute + profile.Update
            + profile.Communicate;
        TimeSpan copies = profile.Execute * kernels.Where(kernel => WorkloadTimer.IsCopy(kernel.Operator)).Sum(kernel => kernel.Share);
        return new(
            profile.Build / total, profile.Batch / total, profile.Differentiate / total, profile.Plan / total,
            (profile.Execute - copies) / total, copies / total, profile.Update / total, profile.Communicate / total);
    }
}

/// <summary>What one operator takes.</summary>
/// <param name="Operator">Its name.</param>
/// <param name="Share">Part of the time of all kernels.</param>
/// <param name="Launches">In a step.</param>
internal sealed record KernelLine(string Operator, double Share, double Launches);
