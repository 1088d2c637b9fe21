using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Training;

/// <summary>A small training with everything that a checkpoint must keep: shuffling, dropout, an optimizer with state, a last step of fewer examples.</summary>
internal sealed class Regression : IDisposable
{
    public const int Examples = 23, Batch = 5, StepsPerEpoch = 5;

    public Regression(Func<Optimizer>? optimizer = null, int seed = 1, Precision precision = Precision.Single, int hidden = 8, int computeBatch = 0)
    {
        Model = new Model(seed, precision);
        var (w, b, v) = (Model.Weight("W", hidden, 3), Model.Bias("b", hidden), Model.Weight("V", 1, hidden));
        Trainer = new Trainer<int>(
            Model, (g, i) => Square(v * Dropout(Tanh(w * g.Input(Inputs(i)) + b), 0.2) - g.Input(Math.Sin(i))), (optimizer ?? (() => new Adam(0.02)))())
        {
            OptimizationBatch = Batch,
            ComputeBatch = computeBatch,
        };
    }

    public static IReadOnlyList<int> Data { get; } = [.. Enumerable.Range(0, Examples)];

    public Model Model { get; }

    public Trainer<int> Trainer { get; }

    public double[] Values => [.. Model.Parameters.SelectMany(Model.ValuesOf)];

    /// <summary>Saves a new training after each of some numbers of steps.</summary>
    public static void SaveAt(CheckpointFolder checkpoints, params long[] steps)
    {
        using var training = new Regression();
        foreach (long step in steps)
        {
            training.TrainTo(step);
            checkpoints.Save(training.Trainer);
        }
    }

    /// <summary>Trains until so many steps have been made in all.</summary>
    /// <returns>The mean losses of the epochs that were completed.</returns>
    public IReadOnlyList<double> TrainTo(long step)
    {
        List<double> losses = [];
        while (Trainer.StepCount < step)
        {
            using var source = new CancellationTokenSource();
            try
            {
                losses.Add(Trainer.Epoch(Data, new Stop(() => Trainer.StepCount >= step, source), source.Token));
            }
            catch (OperationCanceledException)
            {
                break;
            }
        }

        return losses;
    }

    public void Dispose() => Model.Dispose();

    private static double[] Inputs(int i) => [1, i * 0.1, Math.Cos(i)];

    private sealed class Stop(Func<bool> when, CancellationTokenSource source) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (when())
                source.Cancel();
        }
    }
}
