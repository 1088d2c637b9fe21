using System.CommandLine;
using System.CommandLine.Parsing;
using BlasNet.Cli.Training;

namespace BlasNet.Cli.CommandLine;

/// <summary>The options of a training that can be interrupted, watched and ended early.</summary>
internal sealed class DurabilityOptions
{
    private const int MaximumCount = 1_000_000;

    private readonly Option<string?> _folder = CliOptions.FileName(
        "--checkpoint", "Keep checkpoints in this directory: after every epoch, and when the command is interrupted. Alone, it must have none yet.", "DIR");

    private readonly Option<int?> _every = CliOptions.OptionalInteger("--checkpoint-every", "Write one after every N optimizer steps, too.", 1, MaximumCount);
    private readonly Option<int?> _keep = CliOptions.OptionalInteger("--keep", "How many checkpoints stay. [default: 3]", 1, MaximumCount);

    private readonly Option<bool> _resume = new("--resume")
    {
        Description = "Go on from the newest checkpoint, to the bit as if never interrupted; from the start where there is none. Settings are those of this command, defaults included; those that differ from the checkpoint's are reported.",
    };

    private readonly Option<int?> _patience = CliOptions.OptionalInteger(
        "--patience", "Stop when N epochs in a row brought no better test; --save then has the parameters of the best epoch.", 1, MaximumCount);

    private readonly Option<bool> _detectAnomalies = new("--detect-anomalies")
    {
        Description = "Stop at the first value of any operator, forward or backward, that is infinite or not a number; the loss is looked at in any case.",
    };

    public Option<string?> Log { get; } = CliOptions.FileName(
        "--log", "Write a row for every epoch to this file: comma-separated (.csv) or a JSON object a line (.jsonl). --resume continues it.");

    public IEnumerable<Option> All => [_folder, _every, _keep, _resume, Log, _patience, _detectAnomalies];

    public void Validate(CommandResult result)
    {
        if (result.GetResult(_folder) is null)
        {
            foreach (Option option in (Option[])[_every, _keep, _resume])
            {
                if (result.GetResult(option) is { Implicit: false })
                    result.AddError($"{option.Name} goes with --checkpoint.");
            }
        }

        if (result.GivenValue(Log) is { } log && Path.GetExtension(log).ToUpperInvariant() is not (".CSV" or ".JSONL"))
            result.AddError($"--log {log}: the name must end in .csv or .jsonl.");
    }

    public DurabilitySettings SettingsOf(ParseResult options) => new()
    {
        Folder = options.GetValue(_folder),
        Every = options.GetValue(_every) ?? 0,
        Keep = options.GetValue(_keep) ?? 3,
        Resume = options.GetValue(_resume),
        Log = options.GetValue(Log),
        Patience = options.GetValue(_patience),
        DetectAnomalies = options.GetValue(_detectAnomalies),
    };
}
