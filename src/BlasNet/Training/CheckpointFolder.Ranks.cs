using System.Text.Json;
using BlasNet.Graphs;
using BlasNet.Kernels;
using BlasNet.Ranks;

namespace BlasNet.Training;

/// <summary>What the other ranks need of a checkpoint that rank 0 has restored, besides the tensors.</summary>
internal sealed record RestoredPosition
{
    public required string Folder { get; init; }

    public required long Step { get; init; }

    public required int Epoch { get; init; }

    public required TrainerPosition Position { get; init; }

    public required IReadOnlyList<int[]> PackingUses { get; init; }

    public required IReadOnlyDictionary<string, string> Notes { get; init; }

    public required IReadOnlyList<string> Warnings { get; init; }
}

/// <content>A training on several ranks: rank 0 reads and writes, the others have what it has, and an error there is an error on all.</content>
public sealed partial class CheckpointFolder
{
    private bool IsRoot => _ranks is null or { Rank: 0 };

    private void OnRoot(Action action) => _ranks.Together(() =>
    {
        if (IsRoot)
            action();
    });

    private long OnRoot(Func<long> function)
    {
        long result = 0;
        OnRoot(() => { result = function(); });
        return _ranks is null ? result : _ranks.AllGather(result)[0];
    }

    private void Open()
    {
        try
        {
            Directory.CreateDirectory(Path);
            _lock = new FileStream(System.IO.Path.Combine(Path, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (File.Exists(Path))
                throw new CheckpointException(Path, "is a file; a directory is expected", inner: e);

            bool isHeld = e is IOException && e.GetType() == typeof(IOException) && Directory.Exists(Path);
            throw new CheckpointException(Path, isHeld ? $"is in use by another training: {e.Message}" : $"cannot be used: {e.Message}", inner: e);
        }
    }

    private Checkpoint? RestoreOnAll(ITrainerState trainer, Func<Checkpoint?> restore)
    {
        if (_ranks is null)
            return restore();

        _ranks.RequireAgreement(ModelFacts.Of(trainer.Model));
        Checkpoint? restored = null;
        OnRoot(() => { restored = restore(); });
        string text = _ranks.Broadcast(
            restored is null ? "" : JsonSerializer.Serialize(PositionOf(restored, trainer), CheckpointJson.Default.RestoredPosition));
        if (text.Length == 0)
            return null;

        trainer.Accumulator.Broadcast(_ranks);
        return restored ?? Take(JsonSerializer.Deserialize(text, CheckpointJson.Default.RestoredPosition)!, trainer);
    }

    private static RestoredPosition PositionOf(Checkpoint restored, ITrainerState trainer) => new()
    {
        Folder = restored.Folder,
        Step = restored.Step,
        Epoch = restored.Epoch,
        Position = trainer.Position,
        PackingUses = [.. trainer.Model.Parameters.Select(parameter => trainer.Model.PackingUsesOf(parameter).ToArray())],
        Notes = restored.Notes,
        Warnings = restored.Warnings,
    };

    private static Checkpoint Take(RestoredPosition restored, ITrainerState trainer)
    {
        foreach (Parameter parameter in trainer.Model.Parameters)
        {
            if (Kernels.PackingUses.TryFrom(restored.PackingUses[parameter.Index], out PackingUses uses))
                trainer.Model.SetPackingUses(parameter, uses);
        }

        trainer.Position = restored.Position;
        return new Checkpoint(restored.Folder, restored.Step, restored.Epoch, restored.Notes, restored.Warnings);
    }
}
