using System.CommandLine;
using System.Globalization;
using BlasNet.Cli.CommandLine;
using BlasNet.Cli.Output;
using BlasNet.Cli.Training;
using BlasNet.Ranks;
using BlasNet.Training;

namespace BlasNet.Cli.Commands;

/// <summary>Makes the model, its data and its test from a command's own options.</summary>
internal delegate TrainingRun NewTraining(ParseResult options, TrainingSettings settings);

/// <summary><c>blasnet train</c> of one model: what all of them have in common.</summary>
internal static class TrainModelCommand
{
    /// <param name="context">Where results go.</param>
    /// <param name="name">The command's name.</param>
    /// <param name="description">What is trained, with examples.</param>
    /// <param name="common">The options that all have.</param>
    /// <param name="own">The options that only this command has.</param>
    /// <param name="create">Reads the data and makes the model.</param>
    /// <param name="adjust">Gives the settings the defaults of this command; null where it has none of its own.</param>
    public static Command Create(
        CommandContext context, string name, string description, TrainingOptions common, IEnumerable<Option> own, NewTraining create,
        Func<ParseResult, TrainingSettings, TrainingSettings>? adjust = null)
    {
        var command = new Command(name, description);
        common.AddTo(command, own);
        command.SetAction(options =>
        {
            TrainingSettings given = common.SettingsOf(options) with { Ranks = context.Ranks };
            Run(context, name, adjust?.Invoke(options, given) ?? given, settings => create(options, settings));
        });
        return command;
    }

    private static void Run(CommandContext context, string name, TrainingSettings settings, Func<TrainingSettings, TrainingRun> create)
    {
        settings.RequireTellingNoise();
        settings.Ranks.Together(() => SaveFile.RequireWritable(settings.IsRoot ? settings.Save : null, settings.SavesFolder));
        using TrainingRun run = create(settings);
        if (settings.Ranks is { } ranks)
            context.Error.WriteLine($"{ranks.Size} ranks: {string.Join(", ", Enumerable.Range(0, ranks.Size).Select(ranks.NameOf))}.");

        if (!settings.Json)
            context.Output.WriteLine(run.Description);

        List<EpochResult> results = [];
        var saving = new ResultSaving(run, settings);
        try
        {
            Train(context, run, settings, saving, results);
        }
        catch (OperationCanceledException)
        {
            throw new InterruptedException($"Interrupted in epoch {run.EpochCount + 1}, after step {run.StepCount}; {saving.Kept}.");
        }
        catch (Exception e) when (AdviceFor(e, settings) is { } advice)
        {
            throw new CommandException(advice);
        }

        Summarize(context, name, run, settings, results);
    }

    private static void Train(CommandContext context, TrainingRun run, TrainingSettings settings, ResultSaving saving, List<EpochResult> results)
    {
        Resume(context, run);
        while (NextEpoch(context, run, settings) is { } result)
        {
            results.Add(result);
            saving.Add(result);
            if (settings.Json)
                context.WriteJson(EpochLine.Of(result), JsonLines.Default.EpochLine);
            else
                context.Output.WriteLine(LineOf(result, settings.Epochs));
        }

        if (results.Count == 0)
            context.Error.WriteLine($"There is nothing left to train: {run.EpochCount} epochs are complete.");

        saving.Finish();
    }

    /// <summary>What went wrong, and which option helps; null for a fault of the program.</summary>
    private static string? AdviceFor(Exception e, TrainingSettings settings) => e switch
    {
        NonFiniteException found => AdviceFor(found, settings),
        MemoryBudgetException => $"--memory: {char.ToLowerInvariant(e.Message[0])}{e.Message[1..]}",
        OutOfMemoryException => $"{e.Message} Set --memory or a smaller --compute-batch.",
        IOException or UnauthorizedAccessException or ArithmeticException => e.Message,
        _ => null,
    };

    private static string AdviceFor(NonFiniteException e, TrainingSettings settings)
    {
        bool isStep = e is { Example: null, Origin: null };   // the step itself, not what it is computed from
        string smaller = isStep || e.Step > 1 ? " Try a smaller --learning-rate." : "";   // which has done nothing before the first step
        string where = isStep || settings.Durability.DetectAnomalies ? "" : " --detect-anomalies finds where it begins.";
        return $"{e.Message}{smaller}{where}";
    }

    private static void Summarize(CommandContext context, string name, TrainingRun run, TrainingSettings settings, List<EpochResult> results)
    {
        if (results.Count == 0 && settings.Save is null)
            return;

        if (results.Count == 0 && settings.Json)
            context.WriteJson(new SavedLine(Summary: true, name, Epochs: 0, run.StepCount, settings.Save!), JsonLines.Default.SavedLine);
        else if (results.Count == 0)
            context.Output.WriteLine($"Saved to {settings.Save}.");
        else if (settings.Json)
            context.WriteJson(TrainingSummaryLine.Of(name, run, settings, new TrainingSummary(results)), JsonLines.Default.TrainingSummaryLine);
        else
            Print(context.Output, new TrainingSummary(results), run, settings);
    }

    private static void Print(TextWriter output, TrainingSummary summary, TrainingRun run, TrainingSettings settings)
    {
        if (settings.Optimization.Memory is { } budget)
        {
            const double Mega = 1 << 20;
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"Compute batch: up to {run.LargestPass} of {settings.Batch} examples; passes took {run.LastStep.PassBytes / Mega:F1} of {budget / Mega:F1} MB."));
        }

        summary.Print(output, settings.Save);
    }

    private static void Resume(CommandContext context, TrainingRun run)
    {
        if (Restore(run) is not { } restored)
            return;

        foreach (string warning in restored.Warnings)
            context.Error.WriteLine($"Note: {warning}.");

        context.Error.WriteLine($"Resumed from {restored.Folder}: {restored.Epoch} epochs complete, step {restored.Step}.");
    }

    private static Checkpoint? Restore(TrainingRun run)
    {
        try
        {
            return run.Resume();
        }
        catch (CheckpointException e) when (e.InnerException is SafetensorsException && run.Sizes is { } sizes)
        {
            throw new CommandException($"{e.Message}; this network has {string.Join(", ", sizes.Select(size => $"{size.Key} {size.Value}"))}.");
        }
    }

    private static EpochResult? NextEpoch(CommandContext context, TrainingRun run, TrainingSettings settings) => settings.Json
        ? run.NextEpoch(null, context.Cancellation)
        : EpochProgress.Show(context, $"epoch {run.EpochCount + 1}/{settings.Epochs}", progress => run.NextEpoch(progress, context.Cancellation));

    private static string LineOf(EpochResult result, int epochs)
    {
        string rate = result.Words == 0
            ? string.Create(CultureInfo.InvariantCulture, $"{result.ExamplesPerSecond,9:N0} examples/s")
            : string.Create(CultureInfo.InvariantCulture, $"{result.WordsPerSecond,9:N0} words/s");
        string noise = result.NoiseScale switch
        {
            null => "",
            double.NaN => "  noise scale   unknown",
            double.PositiveInfinity => "  noise scale         ∞",   // noise hides the gradient
            { } scale => string.Create(CultureInfo.InvariantCulture, $"  noise scale {scale,9:N1}"),
        };
        return string.Create(CultureInfo.InvariantCulture, $"epoch {result.Epoch,3}/{epochs}  loss {result.LossPerPrediction,8:F5}  {result.Quality}{noise}  {rate}");
    }
}
