using BlasNet.Execution;
using BlasNet.Graphs;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Oracle;

/// <summary>Mistakes that other systems of this kind have made.</summary>
public sealed class KnownMistakesTests
{
    private static readonly double[][] Examples = [[0.5, -1], [1, 2], [-0.3, 0.7], [2, -0.1], [0.1, 0.2], [-1, -2], [0.9, 0.4]];

    [Fact]
    public void Two_activations_are_not_one_kind() =>
        AssertBatchedValues((g, i) => i % 2 == 0 ? Tanh(g.Input(Examples[i])) : Sigmoid(g.Input(Examples[i])), (i, x) => i % 2 == 0 ? Math.Tanh(x) : 1 / (1 + Math.Exp(-x)));

    [Fact]
    public void A_factor_is_part_of_what_makes_two_nodes_alike() =>
        AssertBatchedValues((g, i) => Scale(g.Input(Examples[i]), i), (i, x) => i * x);

    [Fact]
    public void A_constant_is_part_of_what_makes_two_nodes_alike() =>
        AssertBatchedValues((g, i) => g.Input(Examples[i]) + i, (i, x) => x + i);

    /// <summary>So many kinds that their hashes meet in the table.</summary>
    [Fact]
    public void Kinds_whose_hashes_collide_are_still_two_kinds()
    {
        const int Kinds = 20_000;
        using var model = new Model(1, Precision.Double);
        using var engine = new Engine<double>(model.Store<double>());
        Graph graph = model.NewGraph();
        Expr x = graph.Input([1.0]);
        Expr[] products = [.. Enumerable.Range(0, Kinds).Select(k => Scale(x, k))];
        engine.Prepare(graph, products);
        engine.Execute();
        for (int k = 0; k < Kinds; k++)
            Assert.Equal(k, engine.ValueOf(k)[0]);
    }

    [Fact]
    public void A_parameter_in_two_places_has_one_gradient()
    {
        using var model = new Model(1, Precision.Double);
        Parameter w = model.Weight("W", 2, 2);
        model.SetValues(w, [0.5, -0.25, 0.75, 1]);
        using var engine = new Engine<double>(model.Store<double>());
        Graph graph = model.NewGraph();
        Expr x = graph.Input([1.0, 2]);
        Expr loss = Sum(w * (w * x));
        engine.Prepare(graph, [], loss, [w]);
        using var gradient = new GradientBuffer<double>(model.Store<double>().Length, model.Parameters);
        engine.Execute(gradient);

        // d(1ᵀWWx)/dW = 1·(Wx)ᵀ + (Wᵀ1)·xᵀ, with Wx = [2, 1.75] and Wᵀ1 = [0.25, 1.75], column by column.
        Assert.Equal([2 + 0.25, 2 + 1.75, 1.75 + 0.5, 1.75 + 3.5], gradient.SpanOf(w).ToArray());
    }

    /// <summary>Passes of 3, 3 and 1 examples: a mean of means would weigh the last example three times.</summary>
    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(6), InlineData(7), InlineData(100)]
    public void Passes_of_unequal_size_give_the_mean_over_all_examples(int computeBatch)
    {
        using var whole = new Regression(computeBatch: 0);
        using var split = new Regression(computeBatch);
        double expected = whole.Trainer.Step(Examples), actual = split.Trainer.Step(Examples);
        Assert.Equal(expected, actual, 1e-12);
        foreach (Parameter parameter in whole.Model.Parameters)
        {
            double[] gradient = split.Trainer.Accumulator.MeanGradient()[split.Model[parameter.Name]];
            Assert.All(whole.Trainer.Accumulator.MeanGradient()[parameter].Zip(gradient), pair => Assert.Equal(pair.First, pair.Second, 1e-12));
        }
    }

    /// <summary>Adam's bias correction counts steps; counting passes would show.</summary>
    [Fact]
    public void However_many_passes_an_optimizer_step_counts_once()
    {
        using var whole = new Regression(computeBatch: 0);
        using var split = new Regression(computeBatch: 2);
        for (int step = 0; step < 3; step++)
        {
            whole.Trainer.Step(Examples);
            split.Trainer.Step(Examples);
        }

        Assert.Equal(3, split.Trainer.StepCount);
        foreach (Parameter parameter in whole.Model.Parameters)
            Assert.All(whole.Model.ValuesOf(parameter).Zip(split.Model.ValuesOf(split.Model[parameter.Name])), pair => Assert.Equal(pair.First, pair.Second, 1e-10));
    }

    [Fact]
    public void The_last_examples_of_an_epoch_are_not_dropped()
    {
        using var regression = new Regression(computeBatch: 2);
        regression.Trainer.OptimizationBatch = 3;
        var seen = new Progress();
        regression.Trainer.Epoch(Examples, seen, TestContext.Current.CancellationToken);
        Assert.Equal([3, 6, 7], seen.Examples);
        Assert.Equal(3, regression.Trainer.StepCount);
    }

    [Fact]
    public void Running_a_batch_twice_gives_its_gradient_twice()
    {
        using var regression = new Regression(computeBatch: 3);
        regression.Trainer.AccumulateGradient(Examples);
        double[] first = regression.Trainer.Accumulator.MeanGradient()[regression.Model["W"]];
        regression.Trainer.AccumulateGradient(Examples);
        Assert.Equal(first, regression.Trainer.Accumulator.MeanGradient()[regression.Model["W"]]);
        Assert.Contains(first, value => value != 0);
    }

    private static void AssertBatchedValues(Func<Graph, int, Expr> build, Func<int, double, double> expected)
    {
        using var model = new Model(1, Precision.Double);
        using var engine = new Engine<double>(model.Store<double>());
        Graph graph = model.NewGraph();
        Expr[] values = [.. Examples.Select((_, i) => build(graph, i))];
        engine.Prepare(graph, values);
        engine.Execute();
        for (int i = 0; i < values.Length; i++)
        {
            for (int k = 0; k < Examples[i].Length; k++)
                Assert.Equal(expected(i, Examples[i][k]), engine.ValueOf(i)[k], 1e-14);
        }
    }

    private sealed class Progress : IProgress<TrainingProgress>
    {
        public List<int> Examples { get; } = [];

        public void Report(TrainingProgress value) => Examples.Add(value.Examples);
    }

    /// <summary>A small network and its trainer.</summary>
    private sealed class Regression : IDisposable
    {
        public Regression(int computeBatch)
        {
            Parameter w = Model.Weight("W", 3, 2), b = Model.Bias("b", 3), u = Model.Weight("U", 1, 3);
            Trainer = new Trainer<double[]>(Model, (g, x) => SquaredError(u * Tanh(w * g.Input(x) + b), g.Input(x[0] - x[1])), new Adam(0.01)) { ComputeBatch = computeBatch };
        }

        public Model Model { get; } = new(3, Precision.Double);

        public Trainer<double[]> Trainer { get; }

        public void Dispose() => Model.Dispose();
    }
}
