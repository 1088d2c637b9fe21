using System.Diagnostics;
using BlasNet.Ranks;

namespace BlasNet.Training;

/// <summary>Trains epoch by epoch, evaluates after each, keeps checkpoints and a log, and knows when to end.</summary>
/// <remarks>
/// <code>
/// using var checkpoints = new CheckpointFolder("runs/digits");
/// var loop = new TrainingLoop&lt;Digit&gt;(trainer, Digits.Train) { Epochs = 20, Checkpoints = checkpoints, CheckpointEvery = 100 };
/// loop.Resume();
/// while (loop.NextEpoch(cancellation: token) is { } epoch)
///     Console.WriteLine(epoch);
/// </code>
/// </remarks>
public sealed class TrainingLoop<TExample>
{
    private const string StoppingNote = "early_stopping";

    private readonly Func<IProgress<TrainingProgress>, CancellationToken, Task> _run;   // the steps of an epoch
    private bool _hasBegun;

    /// <param name="trainer">What makes the steps.</param>
    /// <param name="examples">To train with; at least one.</param>
    public TrainingLoop(Trainer<TExample> trainer, IReadOnlyList<TExample> examples)
        : this(trainer, examples, window: 1, (progress, cancellation) => Done(() => trainer.RunEpoch(examples, progress, cancellation)))
    {
    }

    /// <summary>For examples that are read in each epoch, from front to back.</summary>
    /// <param name="trainer">What makes the steps.</param>
    /// <param name="examples">To train with; the same in the same order each time they are enumerated.</param>
    /// <param name="window">From how many of them the next one is drawn; see <see cref="Trainer{TExample}.Epoch(IEnumerable{TExample}, int,
    /// IProgress{TrainingProgress}, CancellationToken)"/>.</param>
    public TrainingLoop(Trainer<TExample> trainer, IEnumerable<TExample> examples, int window)
        : this(trainer, examples, window, (progress, cancellation) => Done(() => trainer.RunEpoch(examples, window, progress, cancellation)))
    {
    }

    /// <summary>For examples that are read in each epoch, from front to back, and waited for: <see cref="NextEpochAsync"/>.</summary>
    /// <inheritdoc cref="TrainingLoop{TExample}(Trainer{TExample}, IEnumerable{TExample}, int)"/>
    public TrainingLoop(Trainer<TExample> trainer, IAsyncEnumerable<TExample> examples, int window)
        : this(trainer, examples, window, (progress, cancellation) => trainer.RunEpochAsync(examples, window, progress, cancellation))
    {
    }

    private TrainingLoop(Trainer<TExample> trainer, object examples, int window, Func<IProgress<TrainingProgress>, CancellationToken, Task> run)
    {
        ArgumentNullException.ThrowIfNull(trainer);
        ArgumentNullException.ThrowIfNull(examples);
        ArgumentOutOfRangeException.ThrowIfLessThan(window, 1);
        (Trainer, _run) = (trainer, run);
    }

    /// <summary>What makes the steps.</summary>
    public Trainer<TExample> Trainer { get; }

    /// <summary>How often every example is used, those before a restored checkpoint included.</summary>
    public int Epochs { get; init; } = 1;

    /// <summary>What the model is worth after an epoch, by name; the first one is what <see cref="EarlyStopping"/> looks at. If it is
    /// cancelled, training goes on with this evaluation when it is resumed.</summary>
    public Func<CancellationToken, IReadOnlyList<KeyValuePair<string, double>>>? Evaluate { get; init; }

    /// <summary>Ends training before the last epoch; needs <see cref="Evaluate"/>.</summary>
    public EarlyStopping? EarlyStopping { get; init; }

    /// <summary>Where a checkpoint is written after every epoch, when training is cancelled, and as <see cref="CheckpointEvery"/> says.</summary>
    public CheckpointFolder? Checkpoints { get; init; }

    /// <summary>Optimizer steps between two checkpoints within an epoch; 0 for none but at its end.</summary>
    public int CheckpointEvery { get; init; }

    /// <summary>Receives a row for every epoch, on rank 0 alone where there are several: step, loss, seconds, the measures, and the noise scale where the
    /// trainer has one.</summary>
    public TrainingLog? Log { get; init; }

    /// <summary>The checkpoint written or restored last.</summary>
    public Checkpoint? LastCheckpoint { get; private set; }

    /// <summary>Whether all epochs are done, or stopped early.</summary>
    public bool IsDone => Trainer.EpochCount >= Epochs || EarlyStopping?.IsTimeToStop == true;

    /// <summary>Goes on from the newest checkpoint, with the settings that the trainer has now.</summary>
    /// <returns>Null where there is none: training starts afresh.</returns>
    /// <exception cref="InvalidOperationException">There is no <see cref="Checkpoints"/>.</exception>
    /// <exception cref="CheckpointException">As <see cref="CheckpointFolder.Restore"/> says.</exception>
    public Checkpoint? Resume()
    {
        if (Checkpoints is null)
            throw new InvalidOperationException("There are no checkpoints to resume from: set Checkpoints.");

        RequireCommonRanks();
        Checkpoint? restored = Checkpoints.Restore(Trainer);
        if (restored is null)
            return null;

        if (restored.Notes.TryGetValue(StoppingNote, out string? stopping) && EarlyStopping?.TryRestore(stopping) == false)
            throw new CheckpointException(restored.Folder, $"its note {StoppingNote} is '{stopping}', which early stopping does not understand");

        Checkpoints.BestEpoch = EarlyStopping?.BestEpoch ?? 0;
        return LastCheckpoint = restored;
    }

    /// <summary>Puts the trainer and its model back where the best epoch ended, whose checkpoint stays however many come after it.</summary>
    /// <returns>Null where there is none: no <see cref="EarlyStopping"/>, no <see cref="Checkpoints"/>, no epoch yet, or that checkpoint is gone.</returns>
    /// <exception cref="CheckpointException">It is damaged. Nothing has changed.</exception>
    public Checkpoint? RestoreBest() => EarlyStopping is { BestEpoch: > 0 } ? Checkpoints?.RestoreBest(Trainer) : null;

    /// <summary>Trains the next epoch, or the rest of one that was interrupted, and evaluates.</summary>
    /// <returns>Null where <see cref="IsDone"/>.</returns>
    /// <exception cref="OperationCanceledException">After the step during which it was asked for, or during the evaluation; a checkpoint has been
    /// written.</exception>
    /// <exception cref="NonFiniteException">The loss is infinite or NaN; the checkpoints are those from before.</exception>
    /// <exception cref="IOException">A checkpoint or the log cannot be written.</exception>
    public EpochSummary? NextEpoch(IProgress<TrainingProgress>? progress = null, CancellationToken cancellation = default) =>
        NextEpochAsync(progress, cancellation).GetAwaiter().GetResult();

    /// <summary>Trains the next epoch, or the rest of one, and evaluates, as <see cref="NextEpoch"/> does; holds no thread while it waits for an
    /// asynchronous stream. With other examples it is complete when it returns.</summary>
    /// <inheritdoc cref="NextEpoch"/>
    public async Task<EpochSummary?> NextEpochAsync(IProgress<TrainingProgress>? progress = null, CancellationToken cancellation = default)
    {
        if (EarlyStopping is not null && Evaluate is null)
            throw new InvalidOperationException("EarlyStopping needs something to look at: set Evaluate.");

        Begin();
        if (IsDone)
            return null;

        try
        {
            long start = Stopwatch.GetTimestamp();
            await _run(new StepHandler(this, progress), cancellation).ConfigureAwait(false);
            TimeSpan time = Stopwatch.GetElapsedTime(start);
            return Finish(time, Shared(Evaluate?.Invoke(cancellation) ?? []));
        }
        catch (OperationCanceledException)
        {
            Save();
            throw;
        }
    }

    private Communicator? Ranks => Trainer.Communicator is { Size: > 1 } ranks ? ranks : null;

    private void Begin()
    {
        if (_hasBegun)
            return;

        _hasBegun = true;
        RequireCommonRanks();
        OnRoot(() => Log?.Begin(Trainer.EpochCount));
    }

    private void RequireCommonRanks()
    {
        if (Checkpoints is not null && Checkpoints.Ranks != Ranks)
            throw new InvalidOperationException("Trainer and checkpoints have different communicators: give the folder that of the trainer.");
    }

    private void OnRoot(Action action) => Ranks.Together(() =>
    {
        if (Ranks is null or { Rank: 0 })
            action();
    });

    // Whether training goes on depends on them, so they are those of one rank.
    private IReadOnlyList<KeyValuePair<string, double>> Shared(IReadOnlyList<KeyValuePair<string, double>> measures)
    {
        if (Ranks is not { } ranks)
            return measures;

        ranks.RequireAgreement([("the measures of the evaluation", string.Join(", ", measures.Select(measure => measure.Key)))]);
        double[] values = [.. measures.Select(measure => measure.Value)];
        ranks.Broadcast(values.AsSpan());
        return [.. measures.Select((measure, i) => new KeyValuePair<string, double>(measure.Key, values[i]))];
    }

    // From here on nothing can be cancelled: the row, the verdict and the count of epochs belong together.
    private EpochSummary Finish(TimeSpan time, IReadOnlyList<KeyValuePair<string, double>> measures)
    {
        if (EarlyStopping is not null && measures.Count == 0)
            throw new InvalidOperationException("EarlyStopping needs something to look at: Evaluate gave nothing.");

        double loss = Trainer.FinishEpoch();
        int epoch = Trainer.EpochCount;
        bool isBest = EarlyStopping?.Add(epoch, measures[0].Value) ?? true;
        OnRoot(() => Log?.Write(epoch, [new("step", Trainer.StepCount), new("loss", loss), new("seconds", time.TotalSeconds), .. measures, .. NoiseColumn()]));
        Save();
        return new EpochSummary(epoch, Trainer.StepCount, loss, time, measures, isBest);
    }

    private KeyValuePair<string, double>[] NoiseColumn() => Trainer.NoiseScale is { } noise ? [new("noise_scale", noise.Value)] : [];

    private void Save()
    {
        if (Checkpoints is null || LastCheckpoint is { } last && last.Step == Trainer.StepCount && last.Epoch == Trainer.EpochCount)
            return;

        Checkpoints.BestEpoch = EarlyStopping?.BestEpoch ?? 0;
        LastCheckpoint = Checkpoints.Save(Trainer, EarlyStopping is null ? null : new Dictionary<string, string> { [StoppingNote] = EarlyStopping.Save() });
    }

    private sealed class StepHandler(TrainingLoop<TExample> loop, IProgress<TrainingProgress>? progress) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (loop.CheckpointEvery > 0 && loop.Trainer.StepCount % loop.CheckpointEvery == 0)
                loop.Save();

            progress?.Report(value);
        }
    }

    private static Task Done(Action steps)
    {
        steps();
        return Task.CompletedTask;
    }
}
