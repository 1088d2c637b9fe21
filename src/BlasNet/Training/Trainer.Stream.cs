namespace BlasNet.Training;

/// <content>Epochs over examples that are read once, from front to back.</content>
public sealed partial class Trainer<TExample>
{
    private int _epochWindow;      // of the stream of the epoch under way; 0 for a list

#pragma warning disable RS0026 // Several overloads with optional parameters: these differ in the second one, so no call is ambiguous.
    /// <summary>Every example of a stream once; only a window of them, and two steps, are held at a time.</summary>
    /// <param name="examples">Gives the same examples in the same order each time it is enumerated.</param>
    /// <param name="window">From how many examples of the stream the next one is drawn, by the model's seed and the number of the epoch; 1 to keep the
    /// order.</param>
    /// <param name="progress">Receives a report after each step; its number of steps is 0, since it is not known.</param>
    /// <param name="cancellation">Looked at between steps.</param>
    /// <remarks>An epoch that was cancelled, or cut short by an error or a checkpoint, goes on where it stopped: the stream is read again from its
    /// beginning, and what has been used is passed over. On several ranks each rank reads the whole stream.</remarks>
    /// <returns>The mean of the losses, each before the step it was part of.</returns>
    /// <exception cref="ArgumentException">The stream has no examples, or fewer than the epoch under way has used; or that epoch began with a list or another
    /// window.</exception>
    /// <exception cref="OperationCanceledException">After the step during which it was asked for; the parameters are those after that step.</exception>
    /// <exception cref="NonFiniteException">As for <see cref="Step(ReadOnlySpan{TExample})"/>; the example has its number in the stream.</exception>
    public double Epoch(IEnumerable<TExample> examples, int window, IProgress<TrainingProgress>? progress = null, CancellationToken cancellation = default)
    {
        RunEpoch(examples, window, progress, cancellation);
        return FinishEpoch();
    }
#pragma warning restore RS0026

    /// <summary>Every example of an asynchronous stream once. Steps are computed on the thread on which the stream goes on.</summary>
    /// <inheritdoc cref="Epoch(IEnumerable{TExample}, int, IProgress{TrainingProgress}, CancellationToken)"/>
    public async Task<double> EpochAsync(
        IAsyncEnumerable<TExample> examples, int window, IProgress<TrainingProgress>? progress = null, CancellationToken cancellation = default)
    {
        await RunEpochAsync(examples, window, progress, cancellation).ConfigureAwait(false);
        return FinishEpoch();
    }

    /// <inheritdoc cref="RunEpoch(IReadOnlyList{TExample}, IProgress{TrainingProgress}, CancellationToken)"/>
    internal void RunEpoch(IEnumerable<TExample> examples, int window, IProgress<TrainingProgress>? progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(examples);
        var epoch = new StreamEpoch(this, window, progress, cancellation);
        foreach (TExample example in examples)
            epoch.Add(example);

        epoch.Complete();
    }

    /// <inheritdoc cref="RunEpoch(IReadOnlyList{TExample}, IProgress{TrainingProgress}, CancellationToken)"/>
    internal async Task RunEpochAsync(
        IAsyncEnumerable<TExample> examples, int window, IProgress<TrainingProgress>? progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(examples);
        var epoch = new StreamEpoch(this, window, progress, cancellation);
        await foreach (TExample example in examples.WithCancellation(cancellation).ConfigureAwait(false))
            epoch.Add(example);

        epoch.Complete();
    }

    // The epoch under way cannot go on over other data.
    private void RequireSameEpoch(int examples, int window)
    {
        if (_epochDone == 0 || (_epochSize, _epochWindow) == (examples, window))
            return;

        string began = Describe(_epochSize, _epochWindow), given = Describe(examples, window);
        throw new ArgumentException($"The epoch under way began with {began}, and {_epochDone} are done; it cannot go on with {given}.", nameof(examples));

        static string Describe(int size, int window) => window == 0 ? $"{size} examples" : $"a stream in a window of {window}";
    }

    /// <summary>Makes a step as soon as the examples of the next one have been read, so that they can be prepared meanwhile.</summary>
    private sealed class StreamEpoch
    {
        private readonly Trainer<TExample> _trainer;
        private readonly WindowShuffle<(int Number, TExample Example)> _shuffle;
        private readonly IProgress<TrainingProgress>? _progress;
        private readonly CancellationToken _cancellation;
        private readonly List<(int Number, TExample Example)> _batch = [];
        private StepSource<TExample>? _ready;
        private int _read, _toSkip;

        public StreamEpoch(Trainer<TExample> trainer, int window, IProgress<TrainingProgress>? progress, CancellationToken cancellation)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(window, 1);
            ArgumentOutOfRangeException.ThrowIfLessThan(trainer.OptimizationBatch, 1);
            trainer.RequireSameEpoch(examples: 0, window);
            trainer.BeginEpochOnRanks(examples: 0, cancellation);
            (_trainer, _progress, _cancellation, _toSkip) = (trainer, progress, cancellation, trainer._epochDone);
            (trainer._epochSize, trainer._epochWindow) = (0, window);
            _shuffle = new(window, new RandomNumbers((ulong)trainer.Model.Seed, $"shuffle {trainer.EpochCount}"));
        }

        public void Add(TExample example)
        {
            if (_shuffle.Add((_read, example), out (int, TExample) drawn))
                Take(drawn);

            _read = checked(_read + 1);
        }

        public void Complete()
        {
            if (_read == 0)
                throw new ArgumentException("An epoch needs at least one example.", "examples");

            while (_shuffle.TryTake(out (int, TExample) drawn))
                Take(drawn);

            if (_toSkip > 0)
            {
                throw new ArgumentException(
                    $"The epoch under way has used {_trainer._epochDone} examples, and the stream has only {_read}.", "examples");
            }

            if (_batch.Count > 0)
                Push();

            if (_ready is { } last)
                Step(last, default);
        }

        private void Take((int Number, TExample Example) drawn)
        {
            if (_toSkip > 0)
            {
                _toSkip--;
                return;
            }

            _batch.Add(drawn);
            if (_batch.Count >= _trainer.OptimizationBatch)
                Push();
        }

        // The batch is complete: the one before can be computed while this one is prepared.
        private void Push()
        {
            StepSource<TExample> next = new(
                [.. _batch.Select(drawn => drawn.Example)], Order: null, 0, _batch.Count, [.. _batch.Select(drawn => drawn.Number)]);
            _batch.Clear();
            if (_ready is { } ready)
                Step(ready, next);

            _ready = next;
        }

        private void Step(StepSource<TExample> source, StepSource<TExample> next)
        {
            _trainer.ThrowIfCancelled(_cancellation);
            _trainer.StepOfEpoch(source, next);
            _progress?.Report(_trainer.Progress(steps: 0));
        }
    }
}
