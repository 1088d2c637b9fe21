using System.CommandLine;
using System.Globalization;
using BlasNet.Cli.Benchmarks;
using BlasNet.Cli.CommandLine;
using BlasNet.Cli.Output;

namespace BlasNet.Cli.Commands;

/// <summary><c>blasnet bench</c> of one workload.</summary>
internal static class BenchWorkloadCommand
{
    private const string What = "Times whole optimizer steps: build the graphs, batch, differentiate, plan, compute, update; passes over the data to warm up, then five.";

    /// <param name="context">Where results go.</param>
    /// <param name="about">The workload.</param>
    public static Command Create(CommandContext context, WorkloadKind about)
    {
        Option<string?> data = about.NewDataOption();
        Option<int> limit = CliOptions.Integer("--limit", "The first N examples are one pass.", about.Limit, 1, 1 << 20);
        Option<int> batch = CliOptions.Integer("--batch", "Examples of one optimizer step, computed in one pass.", about.Batch, 1, 1 << 16);
        Option<Named<bool>> batching = CliOptions.Batching();
        Option<Named<PlanCache>> planCache = CliOptions.Choice(
            "--plan-cache", "Use plans of minibatches of the same structure again: as in training, never, or from the second pass on for every one.", WorkloadOptions.PlanCaches);
        Option<Named<Writing>> written = CliOptions.Choice("--written", about.Written, about.Writings);
        Option<Named<GemmKernels>> gemm = CliOptions.Gemm();
        Option<int> threads = CliOptions.Threads(), seed = CliOptions.Seed();
        Option<bool> json = CliOptions.Json();
        var command = new Command(about.Name, $"{about.Description}\n{What}");
        Option[] ofText = about.Data is null ? [] : [data], ofRecurrences = about.Data is null ? [] : [written];
        Option[] options = [.. ofText, limit, .. about.Own, batch, .. ofRecurrences, batching, planCache, gemm, threads, seed, json];
        foreach (Option option in options)
            command.Options.Add(option);

        command.SetAction(parsed =>
        {
            var how = new WorkloadOptions
            {
                Batch = parsed.GetValue(batch),
                Limit = parsed.GetValue(limit),
                Data = about.Data is null ? null : parsed.GetValue(data),
                Compute = CliOptions.ComputeOf(
                    parsed.GetRequiredValue(gemm).Value, parsed.GetValue(threads), parsed.GetRequiredValue(batching).Value),
                PlanCache = parsed.GetRequiredValue(planCache).Value,
                Written = about.Data is null ? Writing.Matrix : parsed.GetRequiredValue(written).Value,
                Seed = parsed.GetValue(seed),
                Ranks = context.Ranks is { Size: > 1 } ? context.Ranks : null,
            };
            using Workload workload = about.Create(parsed, how);
            WorkloadMeasurement measured = WorkloadTimer.Run(workload, how.Ranks, context.Cancellation);
            var line = WorkloadLine.Of(about.Name, how, parsed.GetRequiredValue(gemm).Name, workload, measured);
            if (parsed.GetValue(json))
                context.WriteJson(line, JsonLines.Default.WorkloadLine);
            else
                Print(context.Output, line);
        });
        return command;
    }

    private static void Print(TextWriter output, WorkloadLine line)
    {
        const int Operators = 6;
        Add("examples/s", $"{line.ExamplesPerSecond:N0} ({line.ExamplesPerSecondMin:N0} to {line.ExamplesPerSecondMax:N0}), {line.Examples:N0} in a pass");
        if (line.WordsPerSecond is { } words)
            Add("words/s", $"{words:N0} ({line.WordsPerSecondMin:N0} to {line.WordsPerSecondMax:N0}), {line.Words:N0} in a pass");

        Add("model FLOP utilisation", $"{line.ModelFlopUtilisation:P1} of {line.PeakGflops:N0} GFLOP/s (packed product, {line.Threads} thread(s))");
        Add("products", $"{line.FlopsPerExample / 1e6:N2} MFLOP an example, {line.Parameters:N0} parameters");
        Add("a step", $"median {1e3 * line.StepSecondsMedian:N3} ms, {1e3 * line.StepSecondsMin:N3} to {1e3 * line.StepSecondsMax:N3} ms");
        Add("plans", $"{line.StepsWithKnownPlan:N0} of {line.Steps:N0} steps found theirs");
        Add("calls in a step", $"{line.GemmCalls:N0} GEMM, {line.GemvCalls:N0} GEMV");
        Add("launches in a step", $"{line.LaunchesPerStep:N1}; no order of batching needs fewer than {line.LaunchLowerBound:N1}");
        Add("memory", $"{line.PeakBytes:N0} bytes arena, {line.CopiedBytes:N0} copied, {line.ManagedBytesPerStep:N1} managed a step");
        Add("loss of the first pass", $"{line.FirstPassLoss:R}");
        ShareLine share = line.Share;
        Add("time before kernels", $"build {share.Build:P1}, batch {share.Batch:P1}, differentiate {share.Differentiate:P1}, plan {share.Plan:P1}");
        Add("time of kernels", $"products and functions {share.Kernels:P1}, copies {share.Copies:P1}, update {share.Update:P1}");
        if (line.Ranks > 1)
            Add("time with other ranks", $"{share.Communicate:P1}, with {line.Ranks} ranks");

        string kernels = string.Join(", ", line.Kernels.Take(Operators).Select(kernel => string.Create(CultureInfo.InvariantCulture, $"{kernel.Operator} {kernel.Share:P0}")));
        Add("kernels", $"{kernels}");
        Add("OpenBLAS", $"{line.OpenblasCore ?? "not found"}; batching {line.Batching}, products by {line.Gemm}");

        void Add(string name, FormattableString value) => output.WriteLine($"{name,-24}{value.ToString(CultureInfo.InvariantCulture)}");
    }
}
