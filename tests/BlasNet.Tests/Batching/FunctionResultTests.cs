using BlasNet.Graphs;
using BlasNet.Operators;
using BlasNet.Tests.Training;

namespace BlasNet.Tests.Batching;

/// <summary>Results of functions that depend on some, or on none, of the arguments, and that examples use differently.</summary>
public sealed class FunctionResultTests : IDisposable
{
    private readonly SmallModel _small = new();

    public static TheoryData<int, int> Splits => SmallModel.Splits;

    public void Dispose() => _small.Dispose();

    [Theory, MemberData(nameof(Splits))]
    public void A_result_of_shared_arguments_alone_is_the_same_for_every_example(int computeBatch, int workers)
    {
        var p = Function.Of("p", (Expr x, Expr c) => (_small.W * x, Op.Tanh(c)));
        double[] tanh = [.. SmallModel.BiasValues.Select(Math.Tanh)];

        Assert.All(_small.Evaluate((g, x) => p.Call(g.Input(x), _small.B).Item2, computeBatch, workers), value => AssertEqual(tanh, value));
        _small.AssertGradient((g, x) => Op.Sum(p.Call(g.Input(x), _small.B).Item2), _small.B, [.. tanh.Select(y => 4 * (1 - y * y))], computeBatch, workers);
        Assert.All(_small.Norms((g, x) => Op.Sum(p.Call(g.Input(x), _small.B).Item2), computeBatch),
            norm => Assert.Equal(SmallModel.Norm([.. tanh.Select(y => 1 - y * y)]), norm, 1e-12));
    }

    [Theory, MemberData(nameof(Splits))]
    public void A_constant_result_is_handed_to_another_function(int computeBatch, int workers)
    {
        var constant = Function.Of("constant", (Expr x) => x.Graph.Constant([3.0, 4.0], new Shape(2)));
        var square = Function.Of("square", (Expr y, Expr c) => Op.Dot(c, c));

        Assert.All(
            _small.Evaluate((g, x) => square.Call(g.Input(x), constant.Call(g.Input(x))), computeBatch, workers),
            value => Assert.Equal([25], value));
    }

    [Theory, MemberData(nameof(Splits))]
    public void Parameters_numbers_and_arguments_may_be_results(int computeBatch, int workers)
    {
        var f = Function.Of("f", (Expr x, Expr c) => (x, c, x.Graph.Use(_small.B), x.Graph.Constant(2.5)));
        foreach (int factor in new[] { 1, 2 })
        {
            double[] Values(Func<(Expr X, Expr C, Expr B, Expr Number), Expr> pick) =>
                [.. _small.Evaluate((g, x) => Times(factor, pick(f.Call(g.Input(x), _small.First))), computeBatch, workers).SelectMany(value => value)];

            double[] Expected(Func<double[], double[]> value) => [.. SmallModel.Points.SelectMany(x => value(x).Select(element => factor * element))];
            AssertEqual(Expected(x => x), Values(r => r.X));
            AssertEqual(Expected(_ => [.1, .2]), Values(r => r.C));
            AssertEqual(Expected(_ => SmallModel.BiasValues), Values(r => r.B));
            AssertEqual(Expected(_ => [2.5]), Values(r => r.Number));
        }

        static Expr Times(int factor, Expr value) => factor == 1 ? value : factor * value;   // as it is, and computed with
    }

    [Theory, MemberData(nameof(Splits))]
    public void Examples_use_a_result_differently(int computeBatch, int workers)
    {
        var s = Function.Of("s", (Expr x) => Op.Sum(_small.W * x));
        Expr Loss(Graph g, double[] x)
        {
            Expr c = s.Call(g.Input(x));
            return x[0] > .5 ? c : 2 * c;
        }

        static double Factor(double[] x) => x[0] > .5 ? 1 : 2;
        double[] values = [.. SmallModel.Points.Select(x => Factor(x) * SmallModel.Product(x).Sum())];
        AssertEqual(values, [.. _small.Evaluate(Loss, computeBatch, workers).Select(value => value[0])]);
        _small.AssertGradient(Loss, _small.W, SmallModel.Sum(x => SmallModel.Outer([Factor(x), Factor(x)], x)), computeBatch, workers);
        AssertEqual(
            [.. SmallModel.Points.Select(x => SmallModel.Norm(SmallModel.Outer([Factor(x), Factor(x)], x)))],
            _small.Norms(Loss, computeBatch));
    }

    [Theory, MemberData(nameof(Splits))]
    public void Equal_calls_in_one_example_each_count(int computeBatch, int workers)
    {
        var f = Function.Of("f", (Expr x) => _small.W * x);
        Expr Loss(Graph g, double[] x)
        {
            Expr i = g.Input(x);
            return Op.Sum(f.Call(i)) + Op.Sum(Op.Square(f.Call(i))) + Op.Sum(_small.W * i);
        }

        // d/dW = (1 + 2·W·x + 1)·xᵀ
        static double[] Gradient(double[] x) => SmallModel.Outer([.. SmallModel.Product(x).Select(y => 2 + 2 * y)], x);
        double[] norms = [.. SmallModel.Points.Select(x => SmallModel.Norm(Gradient(x)))];
        _small.AssertGradient(Loss, _small.W, SmallModel.Sum(Gradient), computeBatch, workers);
        AssertEqual(norms, _small.Norms(Loss, computeBatch));

        const double Clip = 0.5;
        double[] Clipped(double[] x) => [.. Gradient(x).Select(value => value / Math.Max(1, SmallModel.Norm(Gradient(x)) / Clip))];
        _small.AssertGradient(Loss, _small.W, SmallModel.Sum(Clipped), computeBatch, workers, Clip);
    }

    [Fact]
    public void A_body_may_leave_values_unused()
    {
        var d = Function.Of("d", (Expr x) =>
        {
            _ = 0.1 * x - x;
            _ = Op.Dropout(x, 0.5);
            return Op.Tanh(_small.W * x + _small.B);
        });

        double[] Slope(double[] x) => [.. SmallModel.Product(x).Zip(SmallModel.BiasValues, (y, b) => 1 - Math.Pow(Math.Tanh(y + b), 2))];
        _small.AssertGradient((g, x) => Op.Sum(d.Call(g.Input(x))), _small.B, SmallModel.Sum(Slope));
    }

    [Fact]
    public void A_body_may_add_an_argument_and_a_parameter_twice()
    {
        var t = Function.Of("t", (Expr x) => Op.Total(x, _small.B, _small.B));

        AssertEqual(
            [.. SmallModel.Points.SelectMany(x => x.Zip(SmallModel.BiasValues, (a, b) => a + 2 * b))],
            [.. _small.Evaluate((g, x) => t.Call(g.Input(x))).SelectMany(value => value)]);
        _small.AssertGradient((g, x) => Op.Sum(t.Call(g.Input(x))), _small.B, [8, 8]);
    }

    private static void AssertEqual(double[] expected, double[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], actual[i], 1e-12);
    }
}
