using System.Globalization;
using System.Text.RegularExpressions;
using BlasNet.Native;
using BlasNet.Ranks;

namespace BlasNet.Training;

/// <summary>A folder that keeps the last checkpoints of one training: parameters, the optimizer's state and the position in the data.</summary>
/// <remarks>
/// A checkpoint is a folder <c>step-0000000123-epoch-0004</c> (123 steps made, 4 epochs complete) of two safetensors files and, written last, a manifest with
/// their checksums; each file is flushed to disk before it gets its name, and the names, on Unix, before older checkpoints go. So whenever the process or the
/// machine stops, a checkpoint is complete or not there.
/// A training that is restored, with the same data and settings on the same machine, ends with the same parameters, bit for bit, as one that
/// was never stopped.
/// </remarks>
public sealed partial class CheckpointFolder : IDisposable
{
    internal const string Manifest = "manifest.json", Parameters = "parameters.safetensors", State = "state.safetensors";
    private const string LockName = "lock";

    private readonly Communicator? _ranks;
    private FileStream? _lock;   // on rank 0
    private readonly HashSet<Place> _mine = [], _damaged = [];
    private bool _isDisposed;

    /// <param name="path">Is made if it is not there.</param>
    /// <param name="keep">How many checkpoints stay; older ones are deleted when a new one is complete.</param>
    /// <param name="communicator">That of the trainer, if it has one. Then all ranks make the folder and call its methods, and rank 0 alone reads and writes
    /// the files.</param>
    /// <exception cref="CheckpointException">Another training has the folder open, or it cannot be made or written to.</exception>
    public CheckpointFolder(string path, int keep = 3, Communicator? communicator = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentOutOfRangeException.ThrowIfLessThan(keep, 1);
        (Path, Keep, _ranks) = (path, keep, communicator is { Size: > 1 } ? communicator : null);
        OnRoot(Open);
    }

    /// <summary>As it was given.</summary>
    public string Path { get; }

    /// <summary>How many checkpoints stay.</summary>
    public int Keep { get; }

    /// <summary>The ranks that share it; null for this process alone.</summary>
    internal Communicator? Ranks => _ranks;

    /// <summary>The epoch whose checkpoint stays besides the last ones; 0 for none.</summary>
    internal int BestEpoch { get; set; }

    /// <summary>The step of the newest checkpoint, whether or not it can be read; null where there is none.</summary>
    public long? LastStep => OnRoot(() => Complete() is [.., var last] ? last.Step : -1) is >= 0 and var step ? step : null;

    /// <summary>Writes a checkpoint, then deletes the oldest ones beyond <see cref="Keep"/>, but not that of the best epoch of a loop that stops
    /// early.</summary>
    /// <param name="trainer">Between two steps.</param>
    /// <param name="notes">Texts to be kept with it, by name.</param>
    /// <exception cref="ArithmeticException">A parameter is infinite or NaN: the checkpoints before stay as they are.</exception>
    /// <exception cref="CheckpointException">The folder has checkpoints of a later step that this training neither wrote nor was restored from.</exception>
    /// <exception cref="IOException">A file cannot be written; the checkpoints before stay as they are.</exception>
    /// <exception cref="InvalidOperationException">The trainer is in use, or the average is in the place of its model's parameters
    /// (<see cref="Trainer{TExample}.UseAverage"/>).</exception>
    public Checkpoint Save<TExample>(Trainer<TExample> trainer, IReadOnlyDictionary<string, string>? notes = null)
    {
        ArgumentNullException.ThrowIfNull(trainer);
        ThrowIfDisposed();
        ITrainerState state = trainer;
        state.Use.Enter();
        try
        {
            using ModelAccess.Scope reading = trainer.Model.Access.Read();
            trainer.Model.Access.ThrowIfReplaced("A checkpoint");
            return Save(state, notes ?? new Dictionary<string, string>());
        }
        finally
        {
            state.Use.Exit();
        }
    }

    /// <summary>Puts a trainer and its model where the newest checkpoint was made, or, where that one is damaged, the one before it.</summary>
    /// <remarks>That is: the parameters, the optimizer's state, and the position in the data. Settings are those that the trainer and its optimizer have now,
    /// the learning rate included; <see cref="Checkpoint.Warnings"/> names each that differs from the checkpoint's.</remarks>
    /// <returns>Null where there is no checkpoint: nothing has changed, and training starts afresh.</returns>
    /// <exception cref="CheckpointException">It belongs to another model, optimizer or seed, or none of those there can be read. Nothing has
    /// changed.</exception>
    /// <exception cref="InvalidOperationException">The trainer is in use, or the calling thread is within an evaluation of its model.</exception>
    public Checkpoint? Restore<TExample>(Trainer<TExample> trainer)
    {
        ArgumentNullException.ThrowIfNull(trainer);
        ThrowIfDisposed();
        ITrainerState state = trainer;
        state.Use.Enter();
        try
        {
            using ModelAccess.Scope change = trainer.Model.Access.Exclusive(nameof(Restore));
            return RestoreOnAll(state, () => Restore(state));
        }
        finally
        {
            state.Use.Exit();
        }
    }

    /// <summary>Puts a trainer and its model where the checkpoint of <see cref="BestEpoch"/> was made.</summary>
    /// <returns>Null where there is none.</returns>
    /// <exception cref="CheckpointException">It is damaged. Nothing has changed.</exception>
    internal Checkpoint? RestoreBest<TExample>(Trainer<TExample> trainer)
    {
        ThrowIfDisposed();
        ITrainerState state = trainer;
        state.Use.Enter();
        try
        {
            using ModelAccess.Scope change = trainer.Model.Access.Exclusive(nameof(RestoreBest));
            return RestoreOnAll(state, () => Best(Complete()) is { } place ? RestoreFrom(place, state, []) : null);
        }
        finally
        {
            state.Use.Exit();
        }
    }

    /// <summary>Lets another training have the folder.</summary>
    public void Dispose()
    {
        _isDisposed = true;
        _lock?.Dispose();
    }

    private Checkpoint Save(ITrainerState trainer, IReadOnlyDictionary<string, string> notes)
    {
        var place = new Place(trainer.Position.Step, trainer.Position.Epoch);
        OnRoot(() => Write(place, trainer, notes));
        return new Checkpoint(FolderOf(place), place.Step, place.Epoch, notes, []);
    }

    private void Write(Place place, ITrainerState trainer, IReadOnlyDictionary<string, string> notes)
    {
        trainer.Model.RequireFinite();
        RequireNewest(place);
        string folder = FolderOf(place);
        Directory.CreateDirectory(folder);
        File.Delete(System.IO.Path.Combine(folder, Manifest));   // until the new one is there, the folder does not count
        CheckpointFiles.Write(folder, trainer, notes);
        DirectoryFile.TryFlush(folder);   // before the others go: a machine that stops now finds the new one
        DirectoryFile.TryFlush(Path);
        _mine.Add(place);
        _damaged.Remove(place);
        Prune(place);
    }

    private void RequireNewest(Place place)
    {
        foreach (Place other in Complete())
        {
            if (other.CompareTo(place) >= 0 && !_mine.Contains(other) && !_damaged.Contains(other))
            {
                throw new CheckpointException(
                    Path, $"has a checkpoint of step {other.Step}, and this training is at step {place.Step}: restore that one first, or use an empty folder");
            }
        }
    }

    private Checkpoint? Restore(ITrainerState trainer)
    {
        List<string> warnings = [];
        foreach (Place place in Complete().Reverse())
        {
            try
            {
                return RestoreFrom(place, trainer, warnings);
            }
            catch (CheckpointException e) when (e.IsDamage)
            {
                _damaged.Add(place);
                warnings.Add(e.Message);
            }
        }

        return warnings.Count == 0 ? null
            : throw new CheckpointException(Path, $"none of its checkpoints can be read. {string.Join(". ", warnings)}.", isDamage: true);
    }

    private Checkpoint RestoreFrom(Place place, ITrainerState trainer, IEnumerable<string> warnings)
    {
        (CheckpointManifest manifest, IEnumerable<string> differences) = CheckpointFiles.Read(FolderOf(place), trainer);
        _mine.Add(place);
        return new Checkpoint(FolderOf(place), place.Step, place.Epoch, manifest.Notes, [.. warnings, .. differences]);
    }

    // Later ones of the same number of complete epochs are from within the next epoch.
    private Place? Best(Place[] complete) =>
        BestEpoch > 0 && Array.FindIndex(complete, place => place.Epoch == BestEpoch) is >= 0 and var at ? complete[at] : null;

    /// <summary>The folders that have a manifest, the oldest first.</summary>
    private Place[] Complete() => [.. Places().Where(place => File.Exists(System.IO.Path.Combine(FolderOf(place), Manifest))).Order()];

    private IEnumerable<Place> Places() =>
        from folder in Directory.EnumerateDirectories(Path)
        let name = FolderName().Match(System.IO.Path.GetFileName(folder))
        where name.Success
        select new Place(
            long.Parse(name.Groups["step"].ValueSpan, CultureInfo.InvariantCulture), int.Parse(name.Groups["epoch"].ValueSpan, CultureInfo.InvariantCulture));

    private string FolderOf(Place place) =>
        System.IO.Path.Combine(Path, string.Create(CultureInfo.InvariantCulture, $"step-{place.Step:D10}-epoch-{place.Epoch:D4}"));

    // What cannot be deleted stays: the new checkpoint is there, and that is what was asked for.
    private void Prune(Place newest)
    {
        Place[] complete = Complete();
        IEnumerable<Place> kept = complete.Where(place => !_damaged.Contains(place)).TakeLast(Keep).Append(newest).Append(Best(complete) ?? newest);
        foreach (Place place in Places().Except(kept).ToArray())
            Delete(FolderOf(place));
    }

    private static void Delete(string folder)
    {
        try
        {
            File.Delete(System.IO.Path.Combine(folder, Manifest));   // first, so that it never counts without its files
            File.Delete(System.IO.Path.Combine(folder, Parameters));
            File.Delete(System.IO.Path.Combine(folder, State));
            foreach (string temporary in Directory.EnumerateFiles(folder, AtomicFile.TemporaryPattern).ToArray())
                File.Delete(temporary);

            Directory.Delete(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
        }
    }

    private void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(_isDisposed, this);

    [GeneratedRegex(@"^step-(?<step>\d{10,18})-epoch-(?<epoch>\d{4,9})$")]
    private static partial Regex FolderName();

    /// <summary>Where in a training a checkpoint was made; two of them may be at one step: before an epoch's evaluation and after it.</summary>
    private readonly record struct Place(long Step, int Epoch) : IComparable<Place>
    {
        public int CompareTo(Place other) => (Step, Epoch).CompareTo((other.Step, other.Epoch));
    }
}
