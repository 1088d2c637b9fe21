using System.Globalization;
using BlasNet.Cli.Drawing;
using BlasNet.Drawing;
using Spectre.Console;

namespace BlasNet.Cli.Experiments;

/// <summary>What came of a <see cref="BatchSizeExperiment"/>, in words and pictures.</summary>
/// <param name="description">What was trained.</param>
/// <param name="target">The loss to reach.</param>
/// <param name="rows">By optimization batch, ascending.</param>
/// <param name="noise">The noise scale of the gradient, and with which batch it was measured.</param>
internal sealed class BatchSizeReport(string description, double target, IReadOnlyList<BatchSizeRow> rows, (int Batch, double Scale) noise)
{
    private int[] ComputeBatches { get; } = [.. rows.SelectMany(row => row.Cells.Select(cell => cell.ComputeBatch)).Distinct().Order()];

    /// <summary>The batch at which a step costs twice the fewest examples, and twice the fewest steps: E/S of the law S_b = S + E/b, fitted to the rows.</summary>
    /// <remarks>Least squares of relative errors. Source: McCandlish et al., arXiv:1812.06162, eq. 2.11.</remarks>
    public double CriticalBatch
    {
        get
        {
            double xx = 0, x1 = 0, n = 0, x = 0, ones = 0;   // rows S_b divided by S_b: 1 = S/S_b + E/(b S_b)
            foreach (BatchSizeRow row in rows.Where(row => double.IsFinite(row.Steps)))
            {
                var (u, v) = (1 / row.Steps, 1 / row.Examples);
                (xx, x1, n, x, ones) = (xx + v * v, x1 + u * v, n + u * u, x + v, ones + u);
            }

            double determinant = n * xx - x1 * x1, steps = (ones * xx - x * x1) / determinant, examples = (x * n - ones * x1) / determinant;
            return steps > 0 && examples > 0 ? examples / steps : double.NaN;
        }
    }

    /// <summary>The largest relative difference between steps of one optimization batch that differ in the compute batch alone: rounding, which training amplifies.</summary>
    public double Difference => rows.Max(row => row.Cells.Max(cell => cell.Difference));

    // Half of the differences are no larger.
    private double MedianDifference
    {
        get
        {
            double[] differences = [.. rows.SelectMany(row => row.Cells.Where(cell => cell.ComputeBatch != row.Batch).Select(cell => cell.Difference)).Order()];
            return differences.Length == 0 ? 0 : differences[differences.Length / 2];
        }
    }

    public string Finding => Invariant(
        $"The compute batch moves only the seconds: the number of steps changes by rounding, {MedianDifference:G2} of it in the median and at most {Difference:G2}, where a long path amplifies it. The optimization batch moves the path: ")
        + (double.IsFinite(CriticalBatch) ? Invariant($"steps fall until about {CriticalBatch:N0} examples, and beyond it more examples buy little") : "these batches do not show where steps stop falling")
        + Invariant($"; the noise scale of the gradient near the target is {Scale(noise.Scale)} examples, measured with batches of {noise.Batch}.");

    public Table ToTable()
    {
        var table = new Table().Border(TableBorder.Ascii2);
        foreach (string heading in (string[])["batch", "rate", "steps", "examples", .. ComputeBatches.Select(size => $"s in {size}s")])
            table.AddColumn(new TableColumn(heading).RightAligned());

        foreach (BatchSizeRow row in rows)
        {
            table.AddRow([
                $"{row.Batch}", Invariant($"{row.Rate:G3}"), Number(row.Steps, "N1"), Number(row.Examples, "N0"),
                .. ComputeBatches.Select(size => row.Cells.FirstOrDefault(cell => cell.ComputeBatch == size) is { } cell ? Number(cell.Path.Seconds, "0.000") : ""),
            ]);
        }

        return table;
    }

    /// <summary>One line for each pair of batches.</summary>
    public string ToCsv() => "optimization_batch,compute_batch,learning_rate,steps,examples,seconds,steps_difference\n" + string.Concat(
        from row in rows
        from cell in row.Cells
        select Invariant($"{row.Batch},{cell.ComputeBatch},{row.Rate:R},{Plain(cell.Path.Steps)},{Plain(cell.Path.Steps * row.Batch)},{Plain(cell.Path.Seconds)},{cell.Difference:R}\n"));

    /// <summary>The three charts, the finding and the numbers, as a page that needs nothing but itself.</summary>
    public string ToHtml()
    {
        var (steps, examples, seconds) = (ChartOf("steps", path => path.Steps), ChartOf("examples", (path, batch) => path.Steps * batch), ChartOf("seconds", path => path.Seconds));
        return HtmlPage.Of(
            "What the two batch sizes move",
            [
                new HtmlSection(
                    "Optimizer steps to the target", "All compute batches lie on one curve: the path depends on the optimization batch alone.", steps.ToSvg()),
                new HtmlSection(
                    "Examples to the target", "What a larger optimization batch costs in data: little at first, then in proportion.", examples.ToSvg()),
                new HtmlSection("Seconds to the target", "Here the compute batch makes the difference.", seconds.ToSvg()),
            ],
            $"{description}\nTarget: a loss of {target.ToString(CultureInfo.InvariantCulture)} on held-out examples. Rates: the best of powers of 2, by optimization batch.\n{Finding}\n\n{ToCsv()}");
    }

    private Chart ChartOf(string what, Func<TrainingPath, double> value) => ChartOf(what, (path, _) => value(path));

    private Chart ChartOf(string what, Func<TrainingPath, int, double> value)
    {
        var series = ComputeBatches.Select((size, i) => new ChartSeries(
            $"passes of {size}",
            [.. rows.SelectMany(row => row.Cells.Where(cell => cell.ComputeBatch == size).Select(cell => ((double)row.Batch, value(cell.Path, row.Batch))))],
            1 + i % 6));
        return new Chart(
            $"{char.ToUpperInvariant(what[0])}{what[1..]} to the target loss by optimization batch, a curve for each compute batch", Finding,
            new ChartAxis("optimization batch, examples", 2), new ChartAxis($"{what} to the target", 10), [.. series]);
    }

    private static string Scale(double scale) => double.IsFinite(scale) ? scale.ToString("N0", CultureInfo.InvariantCulture) : "beyond measure:";

    private static string Number(double value, string format) => double.IsFinite(value) ? value.ToString(format, CultureInfo.InvariantCulture) : "not reached";

    private static string Plain(double value) => double.IsFinite(value) ? value.ToString("R", CultureInfo.InvariantCulture) : "";

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
