using System.Diagnostics;
using System.Numerics.Tensors;
using BlasNet.Cli.CommandLine;
using BlasNet.Datasets;
using BlasNet.Execution;
using BlasNet.Kernels;
using BlasNet.Training;

namespace BlasNet.Cli.Recognition;

/// <summary>Trains a <see cref="DigitClassifier"/> epoch by epoch, and tests it after each.</summary>
internal sealed class DigitTraining : IDisposable
{
    private readonly DigitSplit _digits;
    private readonly Digit[] _test;
    private readonly Trainer<Digit> _trainer;
    private readonly Evaluator<Digit> _evaluator;

    /// <param name="digits">At least one of each part; all have the same number of pixels.</param>
    /// <param name="options">How to train.</param>
    public DigitTraining(DigitSplit digits, DigitTrainingOptions options)
    {
        (_digits, _test) = (digits, [.. digits.Test]);
        Model = new Model(options.Seed);
        var classifier = new DigitClassifier(Model, digits.Train[0].Pixels.Length, options.Hidden);
        var passes = new EngineOptions { Batching = options.Batching };
        _trainer = new Trainer<Digit>(Model, classifier.Loss, options.Optimizer(), passes)
        {
            OptimizationBatch = options.Batch,
            ComputeBatch = options.ComputeBatch,
        };
        _evaluator = new Evaluator<Digit>(Model, classifier.Logits, passes);
    }

    public Model Model { get; }

    /// <summary>Optimizer steps so far.</summary>
    public long StepCount => _trainer.StepCount;

    /// <exception cref="OperationCanceledException">After the step during which it was asked for.</exception>
    /// <exception cref="CommandException">The loss is not a finite number any more.</exception>
    public EpochResult NextEpoch(IProgress<TrainingProgress>? progress = null, CancellationToken cancellation = default)
    {
        (long gemms, long gemvs) = (Gemm.GemmCalls, Gemm.GemvCalls);
        long start = Stopwatch.GetTimestamp();
        double loss = _trainer.Epoch(_digits.Train, progress, cancellation);
        TimeSpan time = Stopwatch.GetElapsedTime(start);
        (gemms, gemvs) = (Gemm.GemmCalls - gemms, Gemm.GemvCalls - gemvs);
        if (!double.IsFinite(loss))
            throw new CommandException($"The loss of epoch {_trainer.EpochCount} is not a finite number; try a smaller --learning-rate.");

        return new EpochResult(_trainer.EpochCount, _trainer.StepCount, loss, TestAccuracy(), _digits.Train.Count, time, gemms, gemvs);
    }

    public void Dispose() => Model.Dispose();

    private double TestAccuracy()
    {
        int right = 0;
        _evaluator.Run(_test, (example, logits) => right += TensorPrimitives.IndexOfMax(logits) == _test[example].Label ? 1 : 0);
        return (double)right / _test.Length;
    }
}
