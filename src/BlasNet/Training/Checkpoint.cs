namespace BlasNet.Training;

/// <summary>The state of a training, as it lies on disk.</summary>
public sealed class Checkpoint
{
    internal Checkpoint(string folder, long step, int epoch, IReadOnlyDictionary<string, string> notes, IReadOnlyList<string> warnings) =>
        (Folder, Step, Epoch, Notes, Warnings) = (folder, step, epoch, notes, warnings);

    /// <summary>Where it lies; <c>parameters.safetensors</c> in it is a file that <see cref="Model.Load(string, Func{string, string})"/> reads.</summary>
    public string Folder { get; }

    /// <summary>Optimizer steps that had been made.</summary>
    public long Step { get; }

    /// <summary>Epochs that were complete.</summary>
    public int Epoch { get; }

    /// <summary>What was given to be kept with it, by name.</summary>
    public IReadOnlyDictionary<string, string> Notes { get; }

    /// <summary>What whoever restored it should know: newer checkpoints that were damaged and passed over; settings that differ from those
    /// it was made with, so that training goes on, but not bit for bit as it would have.</summary>
    public IReadOnlyList<string> Warnings { get; }
}
