using BlasNet.Cli.CommandLine;
using BlasNet.Cli.Prediction;
using BlasNet.Graphs;
using BlasNet.Training;

namespace BlasNet.Cli.Training;

/// <summary>A model with what it is trained and tested with, epoch by epoch.</summary>
internal abstract class TrainingRun(Model model) : IDisposable
{
    public Model Model { get; } = model;

    /// <summary>What is trained with what, in one line, for the screen.</summary>
    public required string Description { get; init; }

    /// <summary>What its file says of it; null for a model that is saved as a folder.</summary>
    public ModelCard? Card { get; init; }

    /// <summary>Saves it as a folder; null for a model that is saved as a file.</summary>
    public Action<string>? SaveFolder { get; init; }

    /// <summary>Sizes of the model and of the data that its options do not say, or not exactly, by name.</summary>
    public IReadOnlyDictionary<string, int>? Sizes { get; init; }

    /// <summary>Lengths of the hidden layers, where a model has any number of them.</summary>
    public IReadOnlyList<int>? Hidden { get; init; }

    public required int TestExamples { get; init; }

    public abstract int TrainExamples { get; }

    /// <summary>Optimizer steps so far.</summary>
    public abstract long StepCount { get; }

    /// <summary>Complete epochs, those before a resumption included.</summary>
    public abstract int EpochCount { get; }

    /// <summary>The step done last.</summary>
    public abstract TrainingStep LastStep { get; }

    /// <summary>Examples of the largest pass so far.</summary>
    public abstract int LargestPass { get; }

    /// <summary>The checkpoint written or restored last.</summary>
    public abstract Checkpoint? LastCheckpoint { get; }

    /// <summary>Goes on from the newest checkpoint, if that is asked for and there is one; to be called before the first epoch.</summary>
    /// <exception cref="CommandException">There are checkpoints, and it is not asked for.</exception>
    /// <exception cref="CheckpointException">They do not fit, or none can be read.</exception>
    public abstract Checkpoint? Resume();

    /// <returns>Null where all epochs are done, or nothing better came for too long.</returns>
    /// <exception cref="OperationCanceledException">After the step during which it was asked for.</exception>
    /// <exception cref="NonFiniteException">The loss is not a finite number any more.</exception>
    /// <exception cref="IOException">A checkpoint or the log cannot be written.</exception>
    public abstract EpochResult? NextEpoch(IProgress<TrainingProgress>? progress = null, CancellationToken cancellation = default);

    /// <summary>Puts the average of the parameters in their place until it is disposed; null where there is none, or none is asked for.</summary>
    public abstract IDisposable? UseAverage();

    /// <summary>Puts the parameters back as they were after the best epoch, from its checkpoint.</summary>
    /// <returns>False where there is none.</returns>
    /// <exception cref="CheckpointException">It is damaged.</exception>
    public abstract bool RestoreBest();

    /// <summary>Writes the model as it is now to a file, or a folder.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Save(string path)
    {
        if (SaveFolder is null)
            Model.Save(path, Card?.ToMetadata());
        else
            SaveFolder(path);
    }

    public virtual void Dispose() => Model.Dispose();
}

/// <summary>Trains a model whose examples are of one type.</summary>
internal sealed class TrainingRun<TExample> : TrainingRun
{
    private readonly TrainingSettings _settings;
    private readonly CheckpointFolder? _checkpoints;
    private readonly TrainingLog? _log;
    private readonly TrainingLoop<TExample> _loop;
    private readonly IReadOnlyList<TExample> _examples;
    private readonly long _words, _predictions;
    private readonly Profile _profile = new(timesKernels: false);
    private Quality _quality;

    /// <param name="model">With all its parameters.</param>
    /// <param name="loss">One example's loss.</param>
    /// <param name="examples">To train with; at least one.</param>
    /// <param name="test">What the model is worth.</param>
    /// <param name="settings">How to train.</param>
    /// <param name="words">How many words an example has, if they are counted.</param>
    /// <param name="predictions">How many losses an example's is the sum of, if it is not one for each word.</param>
    /// <param name="higherIsBetter">What the first measure of the test is: an accuracy, or a loss.</param>
    /// <param name="groups">Parameters that are trained otherwise than the rest, or not at all.</param>
    /// <exception cref="CommandException">The directory of checkpoints cannot be used.</exception>
    public TrainingRun(
        Model model, Func<Graph, TExample, Expr> loss, IReadOnlyList<TExample> examples, Func<CancellationToken, Quality> test, TrainingSettings settings,
        Func<TExample, int>? words = null, Func<TExample, int>? predictions = null, bool higherIsBetter = true,
        IReadOnlyList<ParameterGroup>? groups = null)
        : this(
            model, (optimizer, passes) => new Trainer<TExample>(model, loss, optimizer, passes), examples, test, settings, words, predictions,
            higherIsBetter, groups)
    {
    }

    /// <summary>For a loss that awaits values, and comes to its end however long an example is.</summary>
    /// <inheritdoc cref="TrainingRun{TExample}(Model, Func{Graph, TExample, Expr}, IReadOnlyList{TExample}, Func{CancellationToken, Quality},
    /// TrainingSettings, Func{TExample, int}?, Func{TExample, int}?, bool, IReadOnlyList{ParameterGroup}?)"/>
    public TrainingRun(
        Model model, Func<Graph, TExample, ExprTask<Expr>> loss, IReadOnlyList<TExample> examples, Func<CancellationToken, Quality> test,
        TrainingSettings settings, Func<TExample, int>? words = null, Func<TExample, int>? predictions = null, bool higherIsBetter = true)
        : this(
            model, (optimizer, passes) => new Trainer<TExample>(model, loss, optimizer, passes) { RoundLimit = int.MaxValue }, examples, test, settings, words,
            predictions, higherIsBetter, groups: null)
    {
    }

    private TrainingRun(
        Model model, Func<Optimizer, ComputeOptions, Trainer<TExample>> create, IReadOnlyList<TExample> examples,
        Func<CancellationToken, Quality> test, TrainingSettings settings, Func<TExample, int>? words, Func<TExample, int>? predictions, bool higherIsBetter,
        IReadOnlyList<ParameterGroup>? groups)
        : base(model)
    {
        (_settings, _examples) = (settings, examples);
        (_words, _predictions) = (Sum(words), Sum(predictions ?? words));
        DurabilitySettings durability = settings.Durability;
        _checkpoints = durability.OpenFolder(settings.Ranks);
        _log = durability.Log is null || !settings.IsRoot ? null : new TrainingLog(durability.Log);
        OptimizationSettings optimization = settings.Optimization;
        long steps = (long)settings.Epochs * ((examples.Count + settings.Batch - 1) / settings.Batch);
        Trainer<TExample> trainer = create(optimization.NewOptimizer(steps), settings.Compute);
        trainer.Profile = _profile;
        (trainer.OptimizationBatch, trainer.ComputeBatch, trainer.MemoryBudget) = (settings.Batch, optimization.ComputeBatch, optimization.Memory ?? 0);
        trainer.Groups = groups ?? [];
        trainer.Regularizer = optimization.RegularizerOf(model);
        trainer.ClipExampleNorm = optimization.ClipExampleNorm ?? double.PositiveInfinity;
        trainer.NoiseScale = optimization.NoiseFromExamples is { } fromExamples ? new GradientNoiseScale(fromExamples: fromExamples) : null;
        trainer.DetectAnomalies = durability.DetectAnomalies;
        (trainer.Workers, trainer.Communicator) = (settings.Workers, settings.Ranks);
        trainer.Work = (predictions ?? words) is { } count ? example => count(example) : null;
        _loop = new TrainingLoop<TExample>(trainer, examples)
        {
            Epochs = settings.Epochs,
            Checkpoints = _checkpoints,
            CheckpointEvery = durability.Every,
            Log = _log,
            EarlyStopping = durability.Patience is { } patience ? new EarlyStopping(patience, higherIsBetter) : null,
            Evaluate = Evaluate,
        };

        IReadOnlyList<KeyValuePair<string, double>> Evaluate(CancellationToken cancellation)
        {
            using IDisposable? average = UseAverage();
            _quality = test(cancellation);
            return _quality.Measures;
        }
    }

    public override int TrainExamples => _examples.Count;

    public override long StepCount => _loop.Trainer.StepCount;

    public override int EpochCount => _loop.Trainer.EpochCount;

    public override TrainingStep LastStep => _loop.Trainer.LastStep;

    public override int LargestPass => _profile.LargestPass;

    public override Checkpoint? LastCheckpoint => _loop.LastCheckpoint;

    public override Checkpoint? Resume()
    {
        if (_checkpoints is null)
            return null;

        if (!_settings.Durability.Resume)
        {
            return _checkpoints.LastStep is not { } step ? null : throw new CommandException(
                $"--checkpoint {_checkpoints.Path}: has checkpoints up to step {step}; add --resume to go on from there, or choose an empty directory.");
        }

        return _loop.Resume();
    }

    public override EpochResult? NextEpoch(IProgress<TrainingProgress>? progress = null, CancellationToken cancellation = default)
    {
        (long gemms, long gemvs, int before) = (_profile.GemmCalls, _profile.GemvCalls, _loop.Trainer.EpochDone);
        if (_loop.NextEpoch(progress, cancellation) is not { } epoch)
            return null;

        int examples = _examples.Count - before;
        return new EpochResult(
            epoch.Epoch, epoch.Step, epoch.Loss, _quality, examples, _words * examples / _examples.Count, epoch.Time,
            _profile.GemmCalls - gemms, _profile.GemvCalls - gemvs)
        {
            LossPerPrediction = _predictions == 0 ? epoch.Loss : epoch.Loss * _examples.Count / _predictions,
            IsBest = epoch.IsBest,
            NoiseScale = _loop.Trainer.NoiseScale?.Value,
        };
    }

    public override IDisposable? UseAverage() => StepCount >= _settings.Optimization.AverageFrom ? _loop.Trainer.UseAverage() : null;

    public override bool RestoreBest() => _loop.RestoreBest() is not null;

    public override void Dispose()
    {
        base.Dispose();
        _log?.Dispose();
        _checkpoints?.Dispose();
    }

    private long Sum(Func<TExample, int>? count) => count is null ? 0 : _examples.Sum(example => (long)count(example));
}
