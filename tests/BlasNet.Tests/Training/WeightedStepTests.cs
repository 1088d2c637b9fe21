using BlasNet.Graphs;
using BlasNet.Training;

namespace BlasNet.Tests.Training;

/// <summary>The parameters after steps with weighted examples, by the definition of the objective: (1/Σw)·Σ w·ℓ + J.</summary>
/// <remarks>The loss is ℓ = p·x, so that an example's gradient is x itself; J is λ·|p|²/2.</remarks>
public sealed class WeightedStepTests
{
    private const double Rate = 0.1, Decay = 0.3;

    private static readonly double[] Weights = [2, 0.5, 0, 1.5, 1];
    private static readonly double[][] Inputs = [[1, 2, -1], [-3, 0.5, 4], [100, 100, 100], [2, -2, 0.25], [0.5, 6, 3]];

    // The steps' examples: Σw is 5, 2.5, 4 and 1.
    private static readonly int[][] Steps = [[0, 1, 2, 3, 4], [0, 1], [0, 2, 1, 3], [4, 2]];

    public static MatrixTheoryData<Division, bool, bool> Settings => new(Enum.GetValues<Division>(), [false, true], [false, true]);

    [Theory, MemberData(nameof(Settings))]
    public void Every_step_follows_the_definition(Division division, bool regularized, bool clipped)
    {
        using var run = new TrainingRun(division, new Sgd(Rate) { ClipNorm = clipped ? 1.5 : double.PositiveInfinity }, regularized);
        double[] expected = [1, -0.5, 2];
        foreach (int[] step in Steps)
        {
            double sum = step.Sum(i => Weights[i]), loss = step.Sum(i => Weights[i] * Dot(expected, Inputs[i])) / sum;
            double penalty = regularized ? Decay * Dot(expected, expected) / 2 : 0;
            double[] gradient = [.. expected.Select((p, k) => step.Sum(i => Weights[i] * Inputs[i][k]) / sum + (regularized ? Decay * p : 0))];
            double norm = Math.Sqrt(Dot(gradient, gradient)), scale = clipped ? Math.Min(1, 1.5 / norm) : 1;
            expected = [.. expected.Zip(gradient, (p, g) => p - Rate * scale * g)];

            run.Step(step);

            Close(expected, run.Parameters);
            TrainingStep last = run.Trainer.LastStep;
            Close([loss, penalty, loss + penalty, sum], [last.Loss, last.Penalty, last.Objective, last.Weight]);
            Assert.Equal(clipped ? norm : double.NaN, last.GradientNorm, 1e-10);
            Assert.Equal(step.Length, last.Examples);
        }
    }

    [Theory, InlineData(Division.Whole), InlineData(Division.OneByOne), InlineData(Division.Pairs), InlineData(Division.TwoWorkers)]
    public void An_examples_gradient_is_clipped_with_its_weight(Division division)
    {
        const double Longest = 4;
        using var run = new TrainingRun(division, new Sgd(Rate)) { Trainer = { ClipExampleNorm = Longest } };
        double[] expected = [1, -0.5, 2];
        foreach (int[] step in Steps)
        {
            double sum = step.Sum(i => Weights[i]);
            for (int k = 0; k < 3; k++)
                expected[k] -= Rate * step.Sum(i => Clipped(i, Longest) * Inputs[i][k]) / sum;

            run.Step(step);
            Close(expected, run.Parameters);
        }
    }

    /// <summary>The mean loss of an epoch is Σ w·ℓ / Σw over its examples, each with the parameters of its step: not the mean of its steps.</summary>
    [Theory, InlineData(Division.Whole), InlineData(Division.TwoWorkers)]
    public void The_loss_of_an_epoch_is_the_weighted_mean_of_its_examples(Division division)
    {
        using var run = new TrainingRun(division, new Sgd(0)) { Trainer = { OptimizationBatch = 2 } };
        double[] parameters = run.Parameters;
        List<TrainingProgress> reports = [];

        double loss = run.Trainer.Epoch([0, 1, 2, 3, 4], new Reports(reports), TestContext.Current.CancellationToken);

        double expected = Enumerable.Range(0, 5).Sum(i => Weights[i] * Dot(parameters, Inputs[i])) / Weights.Sum();
        Close([expected, expected], [loss, reports[^1].Loss]);
        Assert.Equal([2, 4, 5], reports.Select(report => report.Examples));
    }

    [Fact]
    public void Clipping_ends_with_the_step_before_which_it_is_switched_off()
    {
        using var run = new TrainingRun(Division.Whole, new Sgd(Rate)) { Trainer = { ClipExampleNorm = 4 } };
        run.Step([0]);
        double[] before = run.Parameters;

        run.Trainer.ClipExampleNorm = double.PositiveInfinity;
        run.Step([0]);

        Close([.. before.Zip(Inputs[0], (p, g) => p - Rate * g)], run.Parameters);
    }

    /// <summary>In the mean of n gradients an example of weight w has the gradient n·w·x/Σw, or what clipping leaves of it; the variance is of these. A
    /// regulariser, the same for all examples, has no part in it.</summary>
    [Theory, MemberData(nameof(Settings))]
    public void The_noise_is_that_of_weighted_gradients(Division division, bool regularized, bool clipped)
    {
        const double Longest = 4;
        using var run = new TrainingRun(division, new Sgd(Rate), regularized) { Trainer = { NoiseScale = new GradientNoiseScale(decay: 0) } };
        run.Trainer.ClipExampleNorm = clipped ? Longest : double.PositiveInfinity;
        foreach (int[] step in Steps)
        {
            double sum = step.Sum(i => Weights[i]);
            double[][] gradients = [.. step.Select(i => Inputs[i].Select(x => step.Length * WeightOf(i) * x / sum).ToArray())];
            double[] mean = [.. Enumerable.Range(0, 3).Select(k => gradients.Average(gradient => gradient[k]))];
            double variance = gradients.Sum(gradient => gradient.Zip(mean, (g, m) => (g - m) * (g - m)).Sum()) / (step.Length - 1);

            run.Step(step);
            Close([variance, Dot(mean, mean) - variance / step.Length], [run.Trainer.NoiseScale!.Variance, run.Trainer.NoiseScale.SquaredGradientNorm]);
        }

        double WeightOf(int example) => clipped ? Clipped(example, Longest) : Weights[example];
    }

    /// <summary>How a step's examples are divided.</summary>
    public enum Division
    {
        Whole,
        OneByOne,
        Pairs,
        TwoWorkers,
    }

    /// <summary>What is left of an example's weight.</summary>
    private static double Clipped(int example, double longest) => Math.Min(Weights[example], longest / Math.Sqrt(Dot(Inputs[example], Inputs[example])));

    private static double Dot(double[] a, double[] b) => a.Zip(b, (x, y) => x * y).Sum();

    private static void Close(double[] expected, double[] given) =>
        Assert.All(expected.Zip(given), pair => Assert.Equal(pair.First, pair.Second, 1e-10 * Math.Max(1, Math.Abs(pair.First))));

    private sealed class Reports(List<TrainingProgress> reports) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => reports.Add(value);
    }

    private sealed class TrainingRun : IDisposable
    {
        private readonly Model _model = new(1, Precision.Double);
        private readonly Parameter _p;

        public TrainingRun(Division division, Optimizer optimizer, bool regularized = false)
        {
            _p = _model.Weight("p", 1, 3);
            _model.SetValues(_p, [1, -0.5, 2]);
            Trainer = new Trainer<int>(_model, (g, i) => _p * g.Input(Inputs[i]), optimizer)
            {
                Weight = i => Weights[i],
                Regularizer = regularized ? Regularizer.L2(Decay, _p) : null,
                ComputeBatch = division switch { Division.OneByOne => 1, Division.Pairs => 2, _ => 0 },
                Workers = division == Division.TwoWorkers ? 2 : 1,
            };
        }

        public Trainer<int> Trainer { get; }

        public double[] Parameters => _model.ValuesOf(_p);

        public void Step(int[] examples) => Trainer.Step(examples);

        public void Dispose() => _model.Dispose();
    }
}
