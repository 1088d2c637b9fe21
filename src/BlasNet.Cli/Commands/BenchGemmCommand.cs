using System.CommandLine;
using System.Globalization;
using BlasNet.Cli.CommandLine;
using BlasNet.Cli.Output;
using BlasNet.Diagnostics;

namespace BlasNet.Cli.Commands;

/// <summary><c>blasnet bench gemm</c>.</summary>
internal static class BenchGemmCommand
{
    private const string Description = """
        The product of a stack of rows with square weights, as in a layer's forward pass, float32: GFLOP/s of one GEMV for each row and of one GEMM through OpenBLAS,
        of the managed kernels with packed weights, and of what is chosen automatically.
        """;

    public static Command Create(CommandContext context)
    {
        Option<Sizes> sizes = CliOptions.Integers("--sizes", "Rows and columns of the weights (h).", GemmGrid.Sizes, 1, 1 << 14);
        Option<Sizes> batches = CliOptions.Integers("--batches", "Rows of the stack.", GemmGrid.Batches, 1, 1 << 16);
        Option<Sizes> threads = CliOptions.Integers("--threads", "Threads for one product.", [1], 1, Environment.ProcessorCount);
        Option<bool> json = CliOptions.Json();
        var command = new Command("gemm", Description) { sizes, batches, threads, json };
        command.SetAction(options => Run(
            context, options.GetRequiredValue(sizes).Values, options.GetRequiredValue(batches).Values, options.GetRequiredValue(threads).Values, options.GetValue(json)));
        return command;
    }

    private static void Run(CommandContext context, IReadOnlyList<int> sizes, IReadOnlyList<int> batches, IReadOnlyList<int> threads, bool json)
    {
        GemmPeakLine[] before = MeasurePeaks(threads);
        if (!json)
            context.Output.WriteLine($"{"h",6}{"batch",7}{"threads",9}{"GEMV",9}{"OpenBLAS",10}{"packed",9}{"chosen",9}   GFLOP/s");

        GemmGrid.Measure(sizes, batches, threads, point =>
        {
            context.Cancellation.ThrowIfCancellationRequested();
            if (json)
                context.WriteJson(LineOf(point), JsonLines.Default.GemmLine);
            else
                context.Output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"{point.Size,6}{point.Batch,7}{point.Threads,9}{TextOf(point.Gemv),9}{TextOf(point.OpenBlas),10}{point.Packed,9:F1}{point.Chosen,9:F1}"));
        });

        GemmPeakLine[] peaks = [.. before.Zip(MeasurePeaks(threads), (a, b) => a.PeakGflops > b.PeakGflops ? a : b)];
        if (json)
        {
            context.WriteJson(
                new GemmSummaryLine(peaks.Max(peak => peak.PeakGflops), peaks, OpenBlas.Core), JsonLines.Default.GemmSummaryLine);
        }
        else
        {
            WritePeaks(context.Output, peaks);
        }
    }

    private static void WritePeaks(TextWriter output, GemmPeakLine[] peaks)
    {
        foreach (GemmPeakLine peak in peaks)
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Peak of the packed product with {peak.Threads} thread(s): {peak.PeakGflops:F1} GFLOP/s"));

        output.WriteLine($"OpenBLAS core: {OpenBlas.Core ?? "none"}");
    }

    private static GemmPeakLine[] MeasurePeaks(IReadOnlyList<int> threads) =>
        [.. threads.Select(count => new GemmPeakLine(count, GemmPeak.Measure(count)))];

    private static GemmLine LineOf(GemmGridPoint point) => new(
        point.Size, point.Batch, point.Threads, NumberOf(point.Gemv), NumberOf(point.OpenBlas), point.Packed, point.Chosen);

    // Without OpenBLAS there is no rate.
    private static string TextOf(double rate) => double.IsNaN(rate) ? "-" : rate.ToString("F1", CultureInfo.InvariantCulture);

    private static double? NumberOf(double rate) => double.IsNaN(rate) ? null : rate;
}
