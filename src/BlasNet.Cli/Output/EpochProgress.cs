using BlasNet.Cli.CommandLine;
using BlasNet.Training;
using Spectre.Console;

namespace BlasNet.Cli.Output;

/// <summary>Shows how far an epoch is, while it runs: a bar on a terminal, nothing elsewhere.</summary>
internal static class EpochProgress
{
    /// <param name="context">Its error output receives the bar.</param>
    /// <param name="title">Beside the bar.</param>
    /// <param name="epoch">Reports its progress to what it is given, if anything.</param>
    public static T Show<T>(CommandContext context, string title, Func<IProgress<TrainingProgress>?, T> epoch)
    {
        if (!context.Status.Profile.Out.IsTerminal)
            return epoch(null);

        return context.Status.Progress().AutoClear(true).Start(progress => epoch(new Bar(progress.AddTask(Markup.Escape(title)))));
    }

    private sealed class Bar(ProgressTask task) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            task.MaxValue = value.Steps;
            task.Value = value.Step;
        }
    }
}
