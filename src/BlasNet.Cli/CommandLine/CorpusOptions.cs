using System.CommandLine;

namespace BlasNet.Cli.CommandLine;

/// <summary>The options of the commands that train on sentences or trees, besides those of <see cref="TrainingOptions"/>.</summary>
internal sealed class CorpusOptions
{
    public Option<string?> Dev { get; } = CliOptions.FileName("--dev", "Data to test with after each epoch, in the same format; without it every tenth example of --data.");

    public Option<int> MinimumCount { get; } = CliOptions.Integer(
        "--minimum-count", "Words seen less often in the training data are one and the same unknown word.", byDefault: 2, 1, int.MaxValue);

    /// <summary>The length of a vector.</summary>
    public static Option<int> Size(string name, string description, int byDefault) => CliOptions.Integer(name, description, byDefault, 1, 1 << 12);

    /// <summary>Makes it an error to leave out <c>--data</c>, or to give <c>--dev</c> alone.</summary>
    public void RequireData(Command command, Option<string?> data, string? what) => command.Validators.Add(result =>
    {
        if (result.GetResult(data) is not null)
            return;

        if (what is not null)
            result.AddError($"--data is missing: {what}.");
        else if (result.GetResult(Dev) is not null)
            result.AddError("--dev goes with --data.");
    });
}
