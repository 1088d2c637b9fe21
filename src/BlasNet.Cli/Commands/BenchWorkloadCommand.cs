using System.CommandLine;
using System.Globalization;
using BlasNet.Cli.Benchmarks;
using BlasNet.Cli.CommandLine;
using BlasNet.Cli.Output;
using BlasNet.Kernels;

namespace BlasNet.Cli.Commands;

/// <summary><c>blasnet bench</c> of one workload.</summary>
internal static class BenchWorkloadCommand
{
    /// <param name="context">Where results go.</param>
    /// <param name="name">The command's name.</param>
    /// <param name="description">What is computed.</param>
    /// <param name="create">Makes the workload.</param>
    /// <param name="batch">Examples of a step, unless told otherwise.</param>
    public static Command Create(CommandContext context, string name, string description, Func<WorkloadOptions, Workload> create, int batch)
    {
        Option<int> batchOption = CliOptions.Integer("--batch", "Examples of one optimizer step, computed in one pass.", batch, 1, 1 << 16);
        Option<int> seconds = CliOptions.Integer("--seconds", "How long to time steps, after a quarter of it to warm up.", byDefault: 3, 1, 3600);
        Option<Named<bool>> batching = CliOptions.Batching();
        Option<Named<GemmMode>> gemm = CliOptions.Gemm();
        Option<int> threads = CliOptions.Threads(), seed = CliOptions.Seed();
        Option<bool> json = CliOptions.Json();
        var command = new Command(name, $"{description}\nTimes whole optimizer steps: build the graphs, batch, differentiate, plan, compute, update.")
        {
            batchOption, batching, gemm, threads, seconds, seed, json,
        };
        command.SetAction(options =>
        {
            using var kernels = new KernelScope(options.GetRequiredValue(gemm).Value, options.GetValue(threads));
            var how = new WorkloadOptions(options.GetValue(batchOption), options.GetRequiredValue(batching).Value, options.GetValue(seed));
            using Workload workload = create(how);
            WorkloadMeasurement measured = new WorkloadTimer().Run(workload, TimeSpan.FromSeconds(options.GetValue(seconds)), context.Cancellation);
            WorkloadLine line = LineOf(name, how, options.GetRequiredValue(batching).Name, options.GetRequiredValue(gemm).Name, measured);
            if (options.GetValue(json))
                context.WriteJson(line, JsonLines.Default.WorkloadLine);
            else
                Print(context.Output, line);
        });
        return command;
    }

    private static WorkloadLine LineOf(string name, WorkloadOptions how, string batching, string gemm, WorkloadMeasurement measured) => new(
        name, how.Batch / measured.MedianSeconds, measured.WordsPerSecond > 0 ? measured.WordsPerSecond : null, measured.ModelFlopUtilisation,
        measured.PeakGflops, (double)measured.FlopsPerStep / how.Batch, ComputeThreads.Count, how.Batch, batching, gemm, KernelScope.OpenBlasCore,
        measured.Steps, measured.MedianSeconds, measured.FastestSeconds, measured.SlowestSeconds, measured.ManagedBytesPerStep, measured.PeakBytes,
        measured.Launches, measured.LaunchLowerBound, measured.GemmCallsPerStep, measured.GemvCallsPerStep, measured.CopiedBytes,
        measured.FirstPassLoss, measured.Share);

    private static void Print(TextWriter output, WorkloadLine line)
    {
        Add("examples/s", $"{line.ExamplesPerSecond:N0}");
        if (line.WordsPerSecond is { } words)
            Add("words/s", $"{words:N0}");

        Add("model FLOP utilisation", $"{line.ModelFlopUtilisation:P1} of {line.PeakGflops:N0} GFLOP/s (packed product, {line.Threads} thread(s))");
        Add("products", $"{line.FlopsPerExample / 1e6:N2} MFLOP an example");
        Add("a step", $"median {1e3 * line.StepSecondsMedian:N3} ms, {1e3 * line.StepSecondsMin:N3} to {1e3 * line.StepSecondsMax:N3} ms, of {line.Steps:N0}");
        Add("calls in a step", $"{line.GemmCalls:N0} GEMM, {line.GemvCalls:N0} GEMV");
        Add("launches in a step", $"{line.Launches:N0}; no order of batching needs fewer than {line.LaunchLowerBound:N0}");
        Add("memory", $"{line.PeakBytes:N0} bytes arena, {line.CopiedBytes:N0} copied, {line.ManagedBytesPerStep:N1} managed a step");
        Add("loss of the first pass", $"{line.FirstPassLoss:R}");
        ShareLine share = line.Share;
        Add("time before kernels", $"build {share.Build:P1}, batch {share.Batch:P1}, differentiate {share.Differentiate:P1}, plan {share.Plan:P1}");
        Add("time of kernels", $"products and functions {share.Kernels:P1}, copies {share.Copies:P1}, update {share.Update:P1}");
        Add("OpenBLAS", $"{line.OpenblasCore ?? "not found"}; batching {line.Batching}, products by {line.Gemm}");

        void Add(string name, FormattableString value) => output.WriteLine($"{name,-24}{value.ToString(CultureInfo.InvariantCulture)}");
    }
}
