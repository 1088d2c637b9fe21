using System.Globalization;
using BlasNet.Cli.CommandLine;
using BlasNet.Cli.Scaling;
using Spectre.Console;

namespace BlasNet.Cli.Output;

/// <summary>Writes what <c>blasnet plan</c> has found.</summary>
internal static class PlanOutput
{
    public static void WriteJson(CommandContext context, ScalingAnswer answer)
    {
        ScalingPlan plan = answer.Plan;
        foreach (StepPrediction row in plan.Rows)
            context.WriteJson(PlanLine.Of(plan, row, BestBatchOf(answer, row)), JsonLines.Default.PlanLine);

        ScalingQuestion question = answer.Question;
        context.WriteJson(
            new PlanSummaryLine(
                question.Model, answer.Batch, question.Threads, answer.Network.Latency, answer.Network.BytesPerSecond, answer.NetworkSource,
                answer.MeasuredRanks, answer.GradientBytes, plan.LastThatPays, plan.Fastest, question.NoiseScale),
            JsonLines.Default.PlanSummaryLine);
    }

    public static void Print(CommandContext context, ScalingAnswer answer)
    {
        Network network = answer.Network;
        TextWriter output = context.Output;
        output.Write(Text($"{answer.Question.Model}, {answer.Batch} examples a step, of whose gradient {answer.GradientBytes / 1e6:0.###} MB are touched; "));
        output.WriteLine(Text($"{answer.Question.Threads} thread(s) a rank."));
        output.Write(Text($"Network ({answer.NetworkSource}): {network.BytesPerSecond * 8 / 1e6:0.###} Mbit/s, {network.Latency * 1e6:0.#} us. "));
        output.WriteLine(Text($"Steps were timed on {answer.MeasuredRanks} process(es) at once."));
        context.Screen.Write(TableOf(answer));
        output.WriteLine(FindingOf(answer.Plan));
        if (answer.Question.NoiseScale is not { } noise)
            return;

        output.Write(Text($"Best batch: the one that trains soonest if (1 + {noise:0.#}/batch) times the fewest steps are needed; "));
        output.WriteLine(Text($"sooner than 1 rank with {answer.Batch} by the factor beside it."));
    }

    private static Table TableOf(ScalingAnswer answer)
    {
        bool hasNoise = answer.Question.NoiseScale is not null;
        var table = new Table().Border(TableBorder.Ascii2);
        string[] headings = ["ranks", "examples each", "step ms", "compute", "wait", "communicate", "update", "examples/s", "speed-up", "efficiency", ""];
        foreach (string heading in (string[])[.. headings, .. hasNoise ? (string[])["best batch", "sooner"] : []])
            table.AddColumn(new TableColumn(heading).RightAligned());

        foreach (StepPrediction row in answer.Plan.Rows)
        {
            string[] best = BestBatchOf(answer, row) is { } found ? [Text($"{found.Batch}"), Text($"{found.SpeedUp:0.00} x")] : [];
            table.AddRow([.. CellsOf(answer.Plan, row), .. best]);
        }

        return table;
    }

    private static string[] CellsOf(ScalingPlan plan, StepPrediction row) =>
    [
        Text($"{row.Ranks}"), Text($"{(double)row.Batch / row.Ranks:0.#}"), Milliseconds(row.Seconds), Milliseconds(row.Compute), Milliseconds(row.Wait),
        Milliseconds(row.Transfer + row.Sum), Milliseconds(row.Update), Text($"{row.ExamplesPerSecond:N0}"), Text($"{plan.SpeedUpOf(row):0.00} x"),
        Text($"{plan.EfficiencyOf(row):P0}"), NoteOf(plan, row),
    ];

    private static string NoteOf(ScalingPlan plan, StepPrediction row) =>
        row.Ranks == plan.LastThatPays ? "last that pays" : row.Ranks == plan.Fastest ? "fastest" : "";

    private static string FindingOf(ScalingPlan plan)
    {
        string pays = plan.LastThatPays == plan.Rows[^1].Ranks
            ? Text($"Up to {plan.LastThatPays} ranks, each added one is worth at least half of one.")
            : Text($"More than {plan.LastThatPays} ranks stop paying: an added one is worth less than half of one.");
        return plan.Fastest == plan.Rows[^1].Ranks ? pays : pays + Text($" More than {plan.Fastest} make a step slower.");
    }

    private static (int Batch, double SpeedUp)? BestBatchOf(ScalingAnswer answer, StepPrediction row) =>
        answer.Question.NoiseScale is { } noise ? answer.Plan.BestBatch(row.Ranks, noise) : null;

    private static string Milliseconds(double seconds) => Text($"{1e3 * seconds:0.000}");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
