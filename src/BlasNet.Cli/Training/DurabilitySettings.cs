using BlasNet.Cli.CommandLine;
using BlasNet.Ranks;
using BlasNet.Training;

namespace BlasNet.Cli.Training;

/// <summary>What keeps a training, and when it ends.</summary>
internal sealed record DurabilitySettings
{
    /// <summary>Of checkpoints, if any are kept.</summary>
    public string? Folder { get; init; }

    /// <summary>Steps between checkpoints within an epoch; 0 for none.</summary>
    public int Every { get; init; }

    /// <summary>How many checkpoints stay.</summary>
    public int Keep { get; init; } = 3;

    public bool Resume { get; init; }

    /// <summary>The file that receives a row for every epoch, if any.</summary>
    public string? Log { get; init; }

    /// <summary>Epochs without a better test before training ends; null for all epochs.</summary>
    public int? Patience { get; init; }

    public bool DetectAnomalies { get; init; }

    /// <param name="ranks">Those that train together; null for this process alone.</param>
    /// <exception cref="CommandException">The folder cannot be used.</exception>
    public CheckpointFolder? OpenFolder(Communicator? ranks)
    {
        if (Folder is null)
            return null;

        try
        {
            return new CheckpointFolder(Folder, Keep, ranks);
        }
        catch (CheckpointException e)
        {
            throw new CommandException($"--checkpoint {e.Message}");
        }
    }
}
