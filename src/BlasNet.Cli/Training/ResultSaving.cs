using BlasNet.Cli.CommandLine;
using BlasNet.Cli.Output;
using BlasNet.Ranks;

namespace BlasNet.Cli.Training;

/// <summary>Which parameters of a training go to the file of <c>--save</c>, and when.</summary>
/// <remarks>The last ones; or with <c>--patience</c> the best ones, written as soon as they are there, in case nothing better comes.</remarks>
internal sealed class ResultSaving(TrainingRun run, TrainingSettings settings)
{
    private readonly bool _wantsBest = settings.Durability.Patience is not null;
    private bool _isSaved;

    /// <summary>What is left of a training that is interrupted, for its user.</summary>
    public string Kept => (run.LastCheckpoint, _isSaved) switch
    {
        ({ } last, _) => $"saved to {last.Folder}; --resume goes on from there",
        (null, true) => $"the best parameters so far are in {settings.Save}",
        _ => "nothing was saved",
    };

    /// <exception cref="CommandException">The file cannot be written.</exception>
    public void Add(EpochResult result)
    {
        if (_wantsBest && result.IsBest)
            Save();
    }

    /// <summary>After the last epoch, also if that was trained by an earlier command.</summary>
    /// <exception cref="CommandException">The file cannot be written, or there are no best parameters.</exception>
    public void Finish()
    {
        if (settings.Save is null || (_wantsBest && _isSaved))
            return;

        if (_wantsBest && !run.RestoreBest())
        {
            throw new CommandException($"--save {settings.Save}: there are no best parameters to save: "
                + (run.LastCheckpoint is null ? "no epoch's test gave a number." : "no epoch's test gave a number, or the checkpoint of the best one is gone."));
        }

        Save();
    }

    private void Save()
    {
        using IDisposable? average = run.UseAverage();
        settings.Ranks.Together(() => SaveFile.Save(run, settings.IsRoot ? settings.Save : null));
        _isSaved = settings.Save is not null;
    }
}
