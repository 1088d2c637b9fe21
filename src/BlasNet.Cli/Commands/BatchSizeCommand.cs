using System.CommandLine;
using BlasNet.Cli.CommandLine;
using BlasNet.Cli.Experiments;
using BlasNet.Cli.Output;
using BlasNet.Training;

namespace BlasNet.Cli.Commands;

/// <summary><c>blasnet experiment batch-size</c>.</summary>
internal static class BatchSizeCommand
{
    private const string Description = """
        Train with every pair of optimization batch and compute batch until a loss is reached, and compare steps, examples and seconds.

        For each optimization batch the learning rate is searched that needs the fewest steps.

        Examples:
          blasnet experiment batch-size                    digits; some seconds, and writes batch-size.html
          blasnet experiment batch-size --quick            a second or two
          blasnet experiment batch-size --model listops --format csv
        """;

    public static Command Create(CommandContext context)
    {
        Option<Named<Func<int, ExperimentSubject>>> model = CliOptions.Choice(
            "--model", "What is trained: a perceptron that reads digits, or a Tree-LSTM that computes with lists.",
            new Named<Func<int, ExperimentSubject>>("digits", ExperimentSubjects.Digits), new("listops", ExperimentSubjects.ListOps));
        Option<Sizes> batches = CliOptions.Integers("--batches", "Optimization batches: examples that a step averages over.", [4, 16, 64, 256, 1024], 1, 1 << 16);
        Option<Sizes> computeBatches = CliOptions.Integers("--compute-batches", "Compute batches: examples of one pass; those up to the optimization batch are tried.", [1, 4, 16, 64, 256, 1024], 1, 1 << 16);
        Option<Named<Func<double, Optimizer>>> optimizer = CliOptions.Choice(
            "--optimizer", "How parameters follow from gradients; momentum is 0.9.",
            new Named<Func<double, Optimizer>>("sgd", rate => new Sgd(rate)), new("momentum", rate => new Sgd(rate, momentum: 0.9)), new("adam", rate => new Adam(rate)));
        Option<double?> target = CliOptions.PositiveNumber("--target", "The loss of held-out examples to reach. [default: what suits the model]");
        Option<int> epochs = CliOptions.Integer("--epochs", "A training that has not reached it after so many epochs is given up.", byDefault: 100, 1, 1_000_000);
        Option<bool> quick = new("--quick") { Description = "Three small batches and a loss that is reached early." };
        Option<string?> output = CliOptions.FileName("--out", "The page with the charts; batch-size.html unless told otherwise.");
        Option<Named<string>> format = CliOptions.Choice("--format", "Of the table: text, one JSON object per line, or comma-separated.", new Named<string>("text", ""), new("json", ""), new("csv", ""));
        Option<int> threads = CliOptions.Threads(), seed = CliOptions.Seed();
        var command = new Command("batch-size", Description) { model, batches, computeBatches, optimizer, target, epochs, quick, output, format, seed, threads };
        command.SetAction(options =>
        {
            bool isQuick = options.GetValue(quick);
            ExperimentSubject subject = options.GetRequiredValue(model).Value(options.GetValue(seed));
            var grid = new BatchSizeGrid(
                isQuick && options.GetResult(batches) is not { Implicit: false } ? [8, 32, 128] : [.. options.GetRequiredValue(batches).Values.Distinct().Order()],
                isQuick && options.GetResult(computeBatches) is not { Implicit: false } ? [1, 8, 32, 128] : options.GetRequiredValue(computeBatches).Values,
                options.GetValue(target) ?? (isQuick ? subject.QuickTarget : subject.Target),
                options.GetValue(epochs), options.GetValue(seed),
                new ComputeOptions { Threads = options.GetValue(threads) });
            Run(context, subject, grid, options.GetRequiredValue(optimizer), options.GetRequiredValue(format).Name, options.GetValue(output) ?? "batch-size.html");
        });
        return command;
    }

    private static void Run(CommandContext context, ExperimentSubject subject, BatchSizeGrid grid, Named<Func<double, Optimizer>> optimizer, string format, string path)
    {
        using AtomicFile page = OutputFile.Open(path);   // a name that cannot be written is an error now, not in minutes
        var experiment = new BatchSizeExperiment(subject, grid, optimizer.Value);
        List<BatchSizeRow> rows = [];
        if (format == "text")
            context.Output.WriteLine(FormattableString.Invariant($"{subject.Description} Target: a held-out loss of {grid.Target}, by {optimizer}."));

        (int Batch, double Scale) noise = StatusLine.Show(context, status =>
        {
            foreach (BatchSizeRow row in experiment.Run(status, context.Cancellation))
            {
                rows.Add(row);
                if (format == "json")
                    WriteLines(context, row);
            }

            status("noise scale");
            return experiment.MeasureNoise(rows, context.Cancellation);
        });
        var report = new BatchSizeReport(subject.Description, grid.Target, rows, noise);
        OutputFile.Write(page, report.ToHtml());
        if (format == "csv")
        {
            context.Output.Write(report.ToCsv());
        }
        else if (format == "json")
        {
            context.WriteJson(
                new BatchSizeSummaryLine(grid.Target, Finite(report.CriticalBatch), noise.Batch, Finite(noise.Scale), report.Difference, Path.GetFullPath(path)),
                JsonLines.Default.BatchSizeSummaryLine);
        }
        else
        {
            context.Screen.Write(report.ToTable());
            context.Output.WriteLine(report.Finding);
            context.Output.WriteLine($"{Path.GetFullPath(path)} has the charts.");
        }
    }

    private static void WriteLines(CommandContext context, BatchSizeRow row)
    {
        foreach (BatchSizeCell cell in row.Cells)
        {
            context.WriteJson(
                new BatchSizeLine(row.Batch, cell.ComputeBatch, row.Rate, Finite(cell.Path.Steps), Finite(cell.Path.Steps * row.Batch), Finite(cell.Path.Seconds), cell.Difference),
                JsonLines.Default.BatchSizeLine);
        }
    }

    private static double? Finite(double value) => double.IsFinite(value) ? value : null;
}
