using BlasNet.Graphs;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Rounds;

/// <summary>A training whose losses await values makes the steps of the same losses with their decisions known beforehand.</summary>
public sealed class AwaitedTrainingTests
{
    public static TheoryData<string> Settings =>
        ["plain", "passes", "workers", "weights", "clip", "noise", "budget", "detect", "single", "dropout", "unbatched", "momentum", "frozen"];

    [Theory, MemberData(nameof(Settings))]
    public void Steps_are_those_of_the_same_graphs_built_at_once(string setting)
    {
        Precision precision = setting == "single" ? Precision.Single : Precision.Double;
        double dropout = setting == "dropout" ? 0.3 : 0;
        var options = new ComputeOptions { Verify = true, Batching = setting != "unbatched" };
        var decisions = new Walk.Decisions();
        Walk awaiting = new(precision, dropout), known = new(precision, dropout);
        using Model one = awaiting.Model, other = known.Model;
        var awaits = new Trainer<Walk.Example>(one, (g, x) => awaiting.Loss(g, x, decisions), Rule(setting), options);
        var knows = new Trainer<Walk.Example>(other, (g, x) => known.LossOf(g, x, decisions), Rule(setting), new ComputeOptions { Verify = true });
        foreach (Trainer<Walk.Example> trainer in new[] { awaits, knows })
            Set(trainer, setting);

        for (int step = 0; step < 4; step++)
        {
            Walk.Example[] examples = Walk.Examples(17, seed: step);
            decisions.Clear();
            double loss = awaits.Step(examples);
            Assert.True(decisions.Count > 3 * examples.Length);
            double tolerance = precision == Precision.Single ? 2e-5 : 1e-12;
            Assert.Equal(knows.Step(examples), loss, tolerance);
            foreach ((Parameter a, Parameter b) in one.Parameters.Zip(other.Parameters))
                AssertNear(other.ValuesOf(b), one.ValuesOf(a), tolerance, a.Name);
        }
    }

    [Fact]
    public void A_pass_takes_no_more_rounds_than_are_allowed()
    {
        using var model = new Model();
        Parameter w = model.Weight("w", 1, 1);
        var trainer = new Trainer<int>(model, Loss, new Sgd(0)) { RoundLimit = 3 };
        var norms = new GradientNorms<int>(model, Loss) { RoundLimit = 3 };
        for (int step = 0; step < 3; step++)
            trainer.Step([3, 1]);   // each has rounds of its own

        Assert.Equal(2, norms.Of([1, 3], TestContext.Current.CancellationToken).Length);

        Assert.Equal(1, Assert.Throws<ExampleException>(() => trainer.Step([3, 4])).Example);
        Assert.Equal(1, Assert.Throws<ExampleException>(() => norms.Of([3, 4], TestContext.Current.CancellationToken)).Example);
        Assert.Equal(3, trainer.StepCount);

        async ExprTask<Expr> Loss(Graph g, int rounds)
        {
            Expr x = w * g.Input(1.0);
            for (int round = 0; round < rounds; round++)
            {
                x = Tanh(x);
                await x;
            }

            return x;
        }
    }

    [Fact]
    public void A_cancellation_ends_a_step_of_an_epoch_between_two_rounds()
    {
        using var model = new Model();
        Parameter w = model.Weight("w", 1, 1);
        using var source = new CancellationTokenSource();
        int seen = 0;
        var trainer = new Trainer<int>(model, Endless, new Sgd(0)) { RoundLimit = 20 };

        Assert.Throws<OperationCanceledException>(() => trainer.Epoch([1], cancellation: source.Token));
        Assert.Equal((5, 0L), (seen, trainer.StepCount));

        async ExprTask<Expr> Endless(Graph g, int example)
        {
            for (Expr x = w * g.Input(example); ; x = Tanh(x))
            {
                await x;
                if (++seen == 5)
                    await source.CancelNow();
            }
        }
    }

    [Fact]
    public void A_value_of_an_example_that_comes_later_is_no_part_of_a_gradient_of_its_own()
    {
        using var model = new Model();
        Parameter w = model.Weight("w", 1, 1);
        Expr? lent = null;
        var norms = new GradientNorms<int>(model, async (g, example) =>
        {
            Expr own = w * g.Input(1.0 + example);
            if (example == 1)
                lent = own;

            await own;
            return Square(example == 0 ? lent!.Value : own);
        });

        var error = Assert.Throws<InvalidOperationException>(() => norms.Of([0, 1], TestContext.Current.CancellationToken));
        Assert.StartsWith("Example 0 of the pass uses ", error.Message, StringComparison.Ordinal);
    }

    private static Optimizer Rule(string setting) => setting == "momentum" ? new Adam(0.01) : new Sgd(0.05);

    private static void Set(Trainer<Walk.Example> trainer, string setting)
    {
        trainer.ComputeBatch = setting is "passes" or "clip" ? 5 : 0;
        trainer.Workers = setting == "workers" ? 3 : 1;
        trainer.DetectAnomalies = setting == "detect";
        trainer.MemoryBudget = setting == "budget" ? 3_000_000 : 0;
        trainer.ClipExampleNorm = setting == "clip" ? 0.5 : double.PositiveInfinity;
        if (setting is "weights" or "clip")
            trainer.Weight = example => example.Weight + 0.25;

        if (setting == "noise")
            trainer.NoiseScale = new GradientNoiseScale(0.9, fromExamples: true);

        if (setting == "frozen")
        {
            trainer.Groups = [ParameterGroup.Frozen(
                trainer.Model.Parameters.Where(parameter => parameter.Name.StartsWith("encoder", StringComparison.Ordinal)))];
        }
    }

    private static void AssertNear(double[] expected, double[] actual, double tolerance, string name)
    {
        for (int i = 0; i < expected.Length; i++)
            Assert.True(Math.Abs(expected[i] - actual[i]) <= tolerance * Math.Max(1, Math.Abs(expected[i])), $"{name}[{i}]: {expected[i]} and {actual[i]}");
    }

    /// <summary>Only what the loss is computed from must be finite.</summary>
    [Fact]
    public void An_infinite_value_that_is_looked_at_and_left_is_no_anomaly()
    {
        using var model = new Model(1, Precision.Double);
        Parameter bias = model.Bias("b", 1);
        var trainer = new Trainer<double>(
            model,
            async (g, x) => double.IsFinite((await (1 / g.Input(x)))[0]) ? 2 * bias : 3 * bias,
            new Sgd(1))
        { DetectAnomalies = true };

        trainer.Step([0, 1]);
        Assert.Equal([-2.5], model.ValuesOf(bias));
    }

    /// <summary>The data fill the budget to the last byte, and the weight is a number more.</summary>
    [Theory, InlineData(125), InlineData(250)]
    public void An_example_for_whose_weight_there_is_no_memory_is_named(int length)
    {
        using var model = new Model(1, Precision.Double);
        Parameter bias = model.Bias("b", 1);
        var trainer = new Trainer<int>(
            model,
            async (g, _) =>
            {
                Expr x = g.Input(new double[length]);
                await x;
                return Sum(x) + bias;
            },
            new Sgd(0.1))
        { MemoryBudget = length * sizeof(double), Weight = example => example };

        var error = Assert.Throws<MemoryBudgetException>(() => trainer.Step([1, 2, 3]));
        Assert.Equal((0, length * sizeof(double)), (error.Example, error.Budget));
        Assert.Equal([0], model.ValuesOf(bias));
        Assert.InRange(error.Bytes, error.Budget + 1, long.MaxValue);
    }
}
