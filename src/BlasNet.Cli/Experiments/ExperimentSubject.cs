using System.Diagnostics;
using BlasNet.Graphs;
using BlasNet.Training;

namespace BlasNet.Cli.Experiments;

/// <summary>A model, and what it is trained with and tested on, of which experiments make as many trainings as they like.</summary>
internal abstract class ExperimentSubject
{
    public required string Description { get; init; }

    public required int TrainExamples { get; init; }

    /// <summary>A loss that a training reaches in seconds; for <c>--target</c>.</summary>
    public required double Target { get; init; }

    /// <summary>One that it reaches soon; for <c>--quick</c>.</summary>
    public required double QuickTarget { get; init; }

    /// <summary>Where the search for a learning rate begins, for the smallest batch.</summary>
    public required double Rate { get; init; }

    /// <summary>Trains a fresh model until the target is reached.</summary>
    public abstract TrainingPath Train(PathSettings settings, CancellationToken cancellation);
}

/// <param name="create">Adds the parameters to a model and returns one example's loss.</param>
/// <param name="train">To train with.</param>
/// <param name="test">Held out; their mean loss is what the target is for.</param>
/// <param name="weight">What an example's loss is the sum of, so many terms; the mean is over terms.</param>
internal sealed class ExperimentSubject<TExample>(
    Func<Model, Func<Graph, TExample, Expr>> create, IReadOnlyList<TExample> train, TExample[] test, Func<TExample, double>? weight = null)
    : ExperimentSubject
{
    // Checks become rarer as a training goes on: at most so many in the time in which the number of steps doubles.
    private const int ChecksPerDoubling = 16;

    private readonly double _testWeight = weight is null ? test.Length : test.Sum(weight);

    public override TrainingPath Train(PathSettings settings, CancellationToken cancellation)
    {
        using var model = new Model(settings.Seed);
        Func<Graph, TExample, Expr> loss = create(model);
        var trainer = new Trainer<TExample>(model, loss, settings.Optimizer, settings.Compute)
        {
            ComputeBatch = settings.ComputeBatch,
            NoiseScale = settings.Noise,
        };
        var evaluator = new Evaluator<TExample>(model, loss, settings.Compute);
        var stream = new ExampleStream(train.Count, settings.Seed);
        var batch = new TExample[settings.Batch];
        List<(long Step, double Loss)> losses = [(0, TestLoss(evaluator, cancellation))];
        long ticks = 0;
        for (long step = 0; step < settings.MaximumSteps;)
        {
            long check = Math.Min(settings.MaximumSteps, step + 1 + step / ChecksPerDoubling);
            while (step < check)
            {
                cancellation.ThrowIfCancellationRequested();
                for (int i = 0; i < batch.Length; i++)
                    batch[i] = train[stream.Next()];

                long start = Stopwatch.GetTimestamp();
                trainer.Step(batch);
                ticks += Stopwatch.GetTimestamp() - start;
                step++;
            }

            losses.Add((step, TestLoss(evaluator, cancellation)));
            if (!(losses[^1].Loss < 3 * losses[0].Loss))
                break;   // diverged, perhaps to no number at all

            if (losses[^1].Loss <= settings.Target)
            {
                double steps = Crossing(losses[^2], losses[^1], settings.Target);
                return new TrainingPath(steps, ticks / (double)Stopwatch.Frequency * steps / step, losses);
            }
        }

        return new TrainingPath(double.PositiveInfinity, double.PositiveInfinity, losses);
    }

    private double TestLoss(Evaluator<TExample> evaluator, CancellationToken cancellation)
    {
        double sum = 0;
        evaluator.Run(test, (_, loss) => sum += loss[0], cancellation);
        return sum / _testWeight;
    }

    private static double Crossing((long Step, double Loss) before, (long Step, double Loss) after, double target) =>
        after.Step - (after.Step - before.Step) * (target - after.Loss) / (before.Loss - after.Loss);
}

/// <summary>Examples in an order that follows from the seed alone: epoch after epoch, each shuffled, whatever the batch.</summary>
internal sealed class ExampleStream(int count, int seed)
{
    private readonly int[] _order = [.. Enumerable.Range(0, count)];
    private readonly RandomNumbers _random = new((ulong)seed, "experiment");
    private int _next = count;

    public int Next()
    {
        if (_next == _order.Length)
        {
            for (int i = _order.Length - 1; i > 0; i--)
            {
                int j = _random.NextBelow(i + 1);
                (_order[i], _order[j]) = (_order[j], _order[i]);
            }

            _next = 0;
        }

        return _order[_next++];
    }
}
