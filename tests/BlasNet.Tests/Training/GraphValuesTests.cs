using BlasNet.Graphs;
using BlasNet.Operators;
using BlasNet.Passes;
using BlasNet.Tests.Kernels;
using BlasNet.Tests.Ranks;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Training;

/// <summary>Values and gradients as numbers.</summary>
[Collection(GemmSettings.Name)]
public sealed class GraphValuesTests : IDisposable
{
    private static readonly double[] W = [0.5, -0.25, 1.5, 2], X = [0.3, -0.7];
    private static readonly double[] Y = [W[0] * X[0] + W[2] * X[1], W[1] * X[0] + W[3] * X[1]];

    private readonly Model _single = new(1), _double = new(1, Precision.Double);

    public GraphValuesTests()
    {
        foreach (Model model in new[] { _single, _double })
            model.SetValues(model.Weight("W", 2, 2), W);
    }

    [Theory, InlineData(Precision.Single, 1e-6), InlineData(Precision.Double, 1e-15)]
    public void A_graph_gives_the_values_of_its_expressions(Precision precision, double tolerance)
    {
        Model model = ModelOf(precision);
        Graph g = model.NewGraph();
        Expr y = model["W"] * g.Input(X), square = Sum(Square(y));
        double[][] values = g.Evaluate(y, square, square.Differentiate(model["W"])[0]);

        AssertClose(Y, values[0], tolerance);
        AssertClose([Y.Sum(v => v * v)], values[1], tolerance);
        AssertClose([.. from x in X from v in Y select 2 * v * x], values[2], 3 * tolerance);
        Assert.Empty(g.Evaluate());
    }

    [Fact]
    public void A_graph_may_be_added_to_and_evaluated_again_after_its_parameters_have_changed()
    {
        Graph g = _double.NewGraph();
        Expr y = _double["W"] * g.Input(X);
        AssertClose(Y, g.Evaluate(y), 1e-15);
        _double.SetValues(_double["W"], [.. W.Select(w => 2 * w)]);
        Expr z = Op.Multiply(y, g.Input(X));
        AssertClose([2 * Y[0] * X[0], 2 * Y[1] * X[1]], g.Evaluate(z), 1e-15);
        AssertClose([2 * Y[0], 2 * Y[1]], g.Evaluate(y), 1e-15);
    }

    [Fact]
    public void Values_are_copied_into_spans_of_either_precision()
    {
        Graph g = _double.NewGraph();
        Expr y = _double["W"] * g.Input(X);
        var (doubles, floats) = (new double[2], new float[2]);
        g.Evaluate(y, doubles);
        g.Evaluate(y, floats);
        Assert.Equal(g.Evaluate(y), doubles);
        Assert.Equal(doubles.Select(value => (float)value), floats);
        Assert.Equal("The result has 2 numbers; the span has 3. (Parameter 'values')",
            Assert.Throws<ArgumentException>(() => g.Evaluate(y, new float[3])).Message);
    }

    [Fact]
    public void A_batched_graph_gives_its_stacks()
    {
        Graph g = _double.NewGraph();
        Expr[] ys = [.. Enumerable.Range(0, 3).Select(i => _double["W"] * g.Input([.. X.Select(x => x + i)]))];
        BatchedGraph batched = g.Batch();
        double[] stack = batched.Graph.Evaluate(batched.Graph.At(batched.Locate(ys[0]).Stack.Index));
        Assert.Equal(g.Evaluate(ys).SelectMany(value => value), stack);
    }

    [Fact]
    public void An_expression_of_another_graph_is_refused()
    {
        Graph g = _double.NewGraph(), other = _double.NewGraph();
        Assert.Throws<InvalidOperationException>(() => g.Evaluate(other.Input(X)));
        Graph disposed = _single.NewGraph();
        Expr x = disposed.Input(X);
        _single.Dispose();
        Assert.Throws<ObjectDisposedException>(() => disposed.Evaluate(x));
    }

    [Theory, InlineData(Precision.Single, 1e-5), InlineData(Precision.Double, 1e-14)]
    public void A_plain_function_of_a_model_has_a_gradient(Precision precision, double tolerance)
    {
        Model model = ModelOf(precision);
        Parameter unused = model.Bias("unused", 3), table = model.Weight("E", 2, 50, Initializer.Constant(0.5));
        ModelGradient gradient = model.GradientOf(g => Sum(Square(model["W"] * g.Input(X))) + Sum(Square(Lookup(g.Use(table), 7))));

        Assert.Equal(Y.Sum(v => v * v) + 0.5, gradient.Value, tolerance);
        AssertClose([.. from x in X from v in Y select 2 * v * x], gradient[model["W"]], tolerance);
        AssertClose([.. Enumerable.Range(0, 100).Select(i => i is 14 or 15 ? 1.0 : 0)], gradient[table], tolerance);
        Assert.Equal([0, 0, 0], gradient[unused]);
        Assert.Equal(Math.Sqrt(model.Parameters.Sum(parameter => gradient[parameter].Sum(x => x * x))), gradient.Norm(), tolerance);
        var floats = new float[4];
        gradient.CopyTo(model["W"], floats);
        Assert.Equal(gradient[model["W"]].Select(value => (float)value), floats);
    }

    /// <summary>(1/Σw)·Σ w·ℓ + J and its gradient, from ℓ = ½|W·x − t|².</summary>
    [Theory, InlineData(1, 0), InlineData(2, 0), InlineData(1, 2)]
    public void A_trainer_gives_the_mean_gradient_without_a_step(int workers, int computeBatch)
    {
        const double Penalty = 0.3;
        Parameter w = _double["W"];
        double[][] points = [[.1, .2], [.3, -.2], [-.5, .4], [.7, .1], [.2, .9]];
        double WeightOf(double[] x) => 1 + x[0];
        var trainer = new Trainer<double[]>(_double, (g, x) => 0.5 * Sum(Square(w * g.Input(x) - g.Input(X))), new Adam())
        {
            Workers = workers,
            ComputeBatch = computeBatch,
            Weight = WeightOf,
            Regularizer = Regularizer.L2(Penalty, w),
        };
        ModelGradient gradient = trainer.GradientOf(points);

        double sum = points.Sum(WeightOf);
        double[][] errors = [.. points.Select(x => new[] { W[0] * x[0] + W[2] * x[1] - X[0], W[1] * x[0] + W[3] * x[1] - X[1] })];
        double[] expected = [.. from column in new[] { 0, 1 } from row in new[] { 0, 1 }
            select Enumerable.Range(0, 5).Sum(i => WeightOf(points[i]) * errors[i][row] * points[i][column]) / sum + Penalty * W[2 * column + row]];
        AssertClose(expected, gradient[w], 1e-14);
        Assert.Equal(
            Enumerable.Range(0, 5).Sum(i => WeightOf(points[i]) * errors[i].Sum(e => e * e) / 2) / sum + Penalty / 2 * W.Sum(v => v * v), gradient.Value,
                1e-14);
        Assert.Equal(0, trainer.StepCount);
        Assert.Equal(W, _double.ValuesOf(w));

        trainer.Step(points);
        AssertClose(expected, gradient[w], 1e-14);   // a copy
    }

    [Fact]
    public void Ranks_give_the_same_gradient_as_workers()
    {
        using var workers = new RankTraining(2, ranks: null, "penalty");
        double[] expected = ValuesOf(workers);
        Assert.All(ThreadRanks.Run(2, ranks =>
        {
            using var training = new RankTraining(1, ranks, "penalty");
            return ValuesOf(training);
        }), mine => Assert.Equal(expected, mine));

        static double[] ValuesOf(RankTraining training)
        {
            ModelGradient gradient = training.Trainer.GradientOf(RankTraining.Lengths);
            return [gradient.Value, .. training.Model.Parameters.SelectMany(parameter => gradient[parameter])];
        }
    }

    [Fact]
    public void Gradients_are_asked_for_by_parameters_of_the_model_and_of_scalars()
    {
        ModelGradient gradient = _double.GradientOf(g => Sum(g.Use(_double["W"])));
        Assert.StartsWith("W [2 × 2] belongs to another model.", Assert.Throws<ArgumentException>(() => gradient[_single["W"]]).Message,
            StringComparison.Ordinal);
        Assert.StartsWith("The gradient of W [2 × 2] has 4 numbers; the span has 3.",
            Assert.Throws<ArgumentException>(() => gradient.CopyTo(_double["W"], new float[3])).Message, StringComparison.Ordinal);
        Assert.Throws<ShapeException>(() => _double.GradientOf(g => g.Use(_double["W"])));
    }

    /// <summary>Of columns that no example looks up, and of parameters that none uses, it is 0, whatever the span held.</summary>
    [Fact]
    public void A_gradient_is_copied_over_whatever_a_span_held()
    {
        using var model = new Model(1, Precision.Double);
        Parameter table = model.Weight("E", 2, 4), unused = model.Bias("b", 3);
        ModelGradient gradient = model.GradientOf(g => Sum(Op.Lookup(table, g.Index(2))));
        (float[] ofTable, double[] ofUnused) = ([.. Enumerable.Repeat(7f, 8)], [7, 7, 7]);
        gradient.CopyTo(table, ofTable);
        gradient.CopyTo(unused, ofUnused);
        Assert.Equal([0, 0, 0, 0, 1, 1, 0, 0], ofTable);
        Assert.Equal([0, 0, 0], ofUnused);
    }

    public void Dispose()
    {
        _single.Dispose();
        _double.Dispose();
    }

    private Model ModelOf(Precision precision) => precision == Precision.Single ? _single : _double;

    private static void AssertClose(double[] expected, double[] actual, double tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], actual[i], tolerance);
    }
}
