using System.CommandLine;
using System.Globalization;
using BlasNet.Cli.CommandLine;
using BlasNet.Cli.Output;
using BlasNet.Cli.Recognition;
using BlasNet.Cli.Training;
using BlasNet.Datasets;
using BlasNet.Diagnostics;
using Spectre.Console;

namespace BlasNet.Cli.Commands;

/// <summary><c>blasnet demo</c>: what batching is worth, on handwritten digits.</summary>
internal static class DemoCommand
{
    private const int Epochs = 12, Batch = 64, Seed = 1;

    private const string Description = """
        Train a network written for one digit with batching off and on, and compare.

        Products once by OpenBLAS alone, once by automatically chosen kernels.
        """;

    private static readonly int[] Hidden = [256, 256];

    /// <summary>One training and what came of it.</summary>
    private sealed record Row(string Kernels, bool Batching, IReadOnlyList<EpochResult> Epochs)
    {
        public TrainingSummary Summary { get; } = new(Epochs);
    }

    public static Command Create(CommandContext context)
    {
        var demo = new Command("demo", Description);
        demo.SetAction(_ => Run(context));
        return demo;
    }

    private static void Run(CommandContext context)
    {
        context.Output.WriteLine(Invariant($"{Digits.Train.Count:N0} handwritten digits of 8 × 8 pixels to train with, {Digits.Test.Count} to test with."));
        context.Output.WriteLine($"Network 64-{string.Join('-', Hidden)}-10, Adam, {Batch} digits a step, {Epochs} epochs, one thread.");
        List<Row> rows = [];
        foreach (var (name, kernels) in Modes())
        {
            foreach (bool batching in (bool[])[false, true])
                rows.Add(Train(context, name, kernels, batching));
        }

        context.Output.WriteLine();
        context.Screen.Write(TableOf(rows));
        context.Output.WriteLine(OpenBlas.IsAvailable
            ? $"OpenBLAS runs its kernels for {OpenBlas.Core}; 'blasnet doctor' says more."
            : "OpenBLAS was not found, so the managed kernels computed everything; 'blasnet doctor' says where it was looked for.");
        context.Output.WriteLine(AgreementOf(rows));
    }

    private static IEnumerable<(string Name, GemmKernels Kernels)> Modes() => OpenBlas.IsAvailable
        ? [("OpenBLAS", GemmKernels.OpenBlas), ("automatic", GemmKernels.Auto)]
        : [("managed", GemmKernels.Packed)];

    private static Row Train(CommandContext context, string name, GemmKernels kernels, bool batching)
    {
        using TrainingRun training = DigitTraining.Create(
            new DigitSplit(Digits.Train, Digits.Test),
            Hidden,
            new TrainingSettings
            {
                Batch = Batch,
                Epochs = Epochs,
                Seed = Seed,
                Compute = new ComputeOptions { Kernels = kernels, Threads = 1, Batching = batching },
            });
        string title = $"{name} kernels, batching {(batching ? "on" : "off")}";
        List<EpochResult> epochs = [];
        for (int epoch = 1; epoch <= Epochs; epoch++)
            epochs.Add(EpochProgress.Show(context, $"{title}, epoch {epoch}/{Epochs}", progress => training.NextEpoch(progress, context.Cancellation)!.Value));

        var row = new Row(name, batching, epochs);
        context.Output.WriteLine(Invariant($"{title}: loss {string.Join(' ', epochs.Select(epoch => epoch.Loss.ToString("F4", CultureInfo.InvariantCulture)))}"));
        return row;
    }

    private static Table TableOf(List<Row> rows)
    {
        var table = new Table().Border(TableBorder.Ascii2).AddColumns("kernels", "batching");
        foreach (string heading in (string[])["test accuracy", "examples/s", "GEMV calls/epoch", "GEMM calls/epoch", "speed-up"])
            table.AddColumn(new TableColumn(heading).RightAligned());

        foreach (Row row in rows)
        {
            Row off = rows.First(other => other.Kernels == row.Kernels && !other.Batching);
            table.AddRow(
                row.Kernels,
                row.Batching ? "on" : "off",
                Invariant($"{row.Summary.Last.Quality.TestAccuracy:P1}"),
                Invariant($"{MedianRate(row):N0}"),
                Invariant($"{row.Summary.GemvCalls / Epochs:N0}"),
                Invariant($"{row.Summary.GemmCalls / Epochs:N0}"),
                Invariant($"{MedianRate(row) / MedianRate(off):F1}×"));
        }

        return table;
    }

    // The first epochs compile and warm up.
    private static double MedianRate(Row row) => row.Epochs.Select(epoch => epoch.ExamplesPerSecond).Order().ElementAt(Epochs / 2);

    /// <summary>Batching changes the order in which numbers are added, so curves agree up to rounding, which training amplifies.</summary>
    private static string AgreementOf(List<Row> rows)
    {
        const double Tolerance = 1e-2;
        double[] difference = [.. Enumerable.Range(0, Epochs).Select(epoch =>
            rows.Max(row => RelativeDifference(row.Epochs[epoch].Loss, rows[0].Epochs[epoch].Loss)))];
        string list = string.Join(' ', difference.Select(value => value.ToString("0e-0", CultureInfo.InvariantCulture)));
        return difference.Max() <= Tolerance
            ? $"The loss curves agree: largest relative difference, by epoch, {list}."
            : $"THE LOSS CURVES DIFFER: largest relative difference, by epoch, {list}; at most {Tolerance:P0} is rounding.";
    }

    private static double RelativeDifference(double a, double b) => Math.Abs(a - b) / Math.Abs(b);

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
