using System.Diagnostics;
using BlasNet.Cli.CommandLine;
using BlasNet.Graphs;
using BlasNet.Kernels;
using BlasNet.Training;

namespace BlasNet.Cli.Training;

/// <summary>A model with what it is trained and tested with, epoch by epoch.</summary>
internal abstract class TrainingRun(Model model) : IDisposable
{
    public Model Model { get; } = model;

    /// <summary>What is trained with what, in one line, for the screen.</summary>
    public required string Description { get; init; }

    /// <summary>Sizes of the model and of the data that its options do not say, or not exactly, by name.</summary>
    public IReadOnlyDictionary<string, int>? Sizes { get; init; }

    /// <summary>Lengths of the hidden layers, where a model has any number of them.</summary>
    public IReadOnlyList<int>? Hidden { get; init; }

    public required int TestExamples { get; init; }

    public abstract int TrainExamples { get; }

    /// <summary>Optimizer steps so far.</summary>
    public abstract long StepCount { get; }

    /// <exception cref="OperationCanceledException">After the step during which it was asked for.</exception>
    /// <exception cref="CommandException">The loss is not a finite number any more.</exception>
    public abstract EpochResult NextEpoch(IProgress<TrainingProgress>? progress = null, CancellationToken cancellation = default);

    public void Dispose() => Model.Dispose();
}

/// <param name="model">With all its parameters.</param>
/// <param name="loss">One example's loss.</param>
/// <param name="examples">To train with; at least one.</param>
/// <param name="test">What the model is worth.</param>
/// <param name="settings">How to train.</param>
/// <param name="words">How many words an example has, if they are counted.</param>
/// <param name="predictions">How many losses an example's is the sum of, if it is not one for each word.</param>
internal sealed class TrainingRun<TExample>(
    Model model, Func<Graph, TExample, Expr> loss, IReadOnlyList<TExample> examples, Func<CancellationToken, Quality> test, TrainingSettings settings,
    Func<TExample, int>? words = null, Func<TExample, int>? predictions = null)
    : TrainingRun(model)
{
    private readonly Trainer<TExample> _trainer = new(model, loss, settings.NewOptimizer(), settings.NewPasses())
    {
        OptimizationBatch = settings.Batch,
        ComputeBatch = settings.ComputeBatch,
    };

    private readonly long _words = Sum(examples, words), _predictions = Sum(examples, predictions ?? words);

    public override int TrainExamples => examples.Count;

    public override long StepCount => _trainer.StepCount;

    public override EpochResult NextEpoch(IProgress<TrainingProgress>? progress = null, CancellationToken cancellation = default)
    {
        (long gemms, long gemvs) = (Gemm.GemmCalls, Gemm.GemvCalls);
        long start = Stopwatch.GetTimestamp();
        double loss = _trainer.Epoch(examples, progress, cancellation);
        TimeSpan time = Stopwatch.GetElapsedTime(start);
        (gemms, gemvs) = (Gemm.GemmCalls - gemms, Gemm.GemvCalls - gemvs);
        if (!double.IsFinite(loss))
            throw new CommandException($"The loss of epoch {_trainer.EpochCount} is not a finite number; try a smaller --learning-rate.");

        return new EpochResult(_trainer.EpochCount, _trainer.StepCount, loss, test(cancellation), examples.Count, _words, time, gemms, gemvs)
        {
            LossPerPrediction = _predictions == 0 ? loss : loss * examples.Count / _predictions,
        };
    }

    private static long Sum(IReadOnlyList<TExample> examples, Func<TExample, int>? count) => count is null ? 0 : examples.Sum(example => (long)count(example));
}
