using BlasNet.Derivatives;
using BlasNet.Graphs;
using BlasNet.Operators;
using BlasNet.Passes;
using BlasNet.Tests.Training;
using BlasNet.Training;

namespace BlasNet.Tests.Differentiation;

/// <summary>Derivatives that a user asks for, of graphs with calls and within functions.</summary>
public sealed class FunctionDerivativeTests : IDisposable
{
    private readonly SmallModel _small = new();

    public static TheoryData<int, int> Splits => SmallModel.Splits;

    public void Dispose() => _small.Dispose();

    [Theory, MemberData(nameof(Splits))]
    public void A_gradient_sees_a_parameter_that_only_a_body_uses(int computeBatch, int workers)
    {
        var f = Function.Of("f", (Expr x) => _small.W * x);
        var g2 = Function.Of("g", (Expr x) => f.Call(x));

        foreach (var function in new[] { f, g2 })
        {
            AssertEqual(x => SmallModel.Outer([1, 1], x),
                _small.Evaluate((g, x) => Op.Sum(function.Call(g.Input(x))).Differentiate(_small.W)[0], computeBatch, workers));
        }
    }

    /// <summary>ℓ = Σ over the readers, the k-th of which reads state s = tanh(x)·σ(x) number reads[k]: five by functions of their own, the others by
    /// numbers. So what they add to the gradient of the stack of states lies apart or falls together, and may be more than a cell takes term by term.</summary>
    [Theory]
    [InlineData(0, 1, 2)]
    [InlineData(0, 0, 0)]
    [InlineData(0, 1, 2, 0, 1)]
    [InlineData(2, 1, 0, 2, 2, 0)]
    [InlineData(0, 1, 2, 0, 1, 2, 2, 1)]
    [InlineData(0, 1, 2, 0, 1, 1, 1, 2)]
    [InlineData(2, 2, 2, 2, 2, 0, 0, 1)]
    public void The_gradient_of_a_call_adds_what_all_readers_of_its_result_give(params int[] reads)
    {
        double[] numbers = [0.3, -0.7, 1.1];
        (Func<Expr, Expr> Of, Func<double, double> Slope)[] functions =
        [
            (Op.Exp, Math.Exp), (Op.Square, s => 2 * s), (Op.Tanh, s => 1 - Math.Pow(Math.Tanh(s), 2)), (Op.Softplus, Sigmoid),
            (Op.Sigmoid, s => Sigmoid(s) * (1 - Sigmoid(s))),
        ];
        var cell = Function.Of("cell", (Expr x) => Op.Tanh(x) * Op.Sigmoid(x));
        using var model = new Model(1, Precision.Double);
        Parameter p = model.Weight("p", 1, 3);
        model.SetValues(p, numbers);
        Expr Loss(Graph g, int example)
        {
            Expr[] states = [.. numbers.Select((_, i) => cell.Call(p * g.Input([i == 0 ? 1.0 : 0, i == 1 ? 1 : 0, i == 2 ? 1 : 0])))];
            return Op.Total([.. reads.Select((state, k) => k < 5 ? functions[k].Of(states[state]) : states[state] * g.Input(k))]);
        }

        double[] gradient = new Trainer<int>(model, Loss, new Sgd(0)).GradientOf([0])[p];

        for (int i = 0; i < numbers.Length; i++)
        {
            (double tanh, double sigmoid) = (Math.Tanh(numbers[i]), Sigmoid(numbers[i]));
            double slope = (1 - tanh * tanh) * sigmoid + tanh * sigmoid * (1 - sigmoid);
            double expected = reads.Select((state, k) => state != i ? 0 : k < 5 ? functions[k].Slope(tanh * sigmoid) : k).Sum();
            Assert.Equal(expected * slope, gradient[i], 1e-12);
        }

        static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));
    }

    [Fact]
    public void A_call_that_the_loss_does_not_use_is_not_expanded()
    {
        var f = Function.Of("f", (Expr x) => Op.Tanh(_small.W * x));
        Graph graph = _small.Model.NewGraph();
        Expr x = graph.Input([1.0, 2]);
        f.Call(x);
        Op.Sum(Op.Square(x)).Differentiate(x);

        Assert.DoesNotContain("tanh", graph.ToText(), StringComparison.Ordinal);
    }

    // Of Σ(y² + y), y = W·x, the gradient is (2y + 1)·xᵀ.
    [Theory, MemberData(nameof(Splits))]
    public void The_norm_of_an_examples_gradient_counts_the_last_result_where_no_other_is_used(int computeBatch, int workers)
    {
        var f = Function.Of("f", (Expr x) =>
        {
            Expr y = _small.W * x;
            return (3 * y, y * y + y);
        });
        static double[] Gradient(double[] x) => SmallModel.Outer([.. SmallModel.Product(x).Select(y => 2 * y + 1)], x);

        _small.AssertGradient((g, x) => Op.Sum(f.Call(g.Input(x)).Item2), _small.W, SmallModel.Sum(Gradient), computeBatch, workers);
        Assert.All(
            _small.Norms((g, x) => Op.Sum(f.Call(g.Input(x)).Item2), computeBatch).Zip(SmallModel.Points),
            pair => Assert.Equal(SmallModel.Norm(Gradient(pair.Second)), pair.First, 1e-12));
    }

    [Theory, MemberData(nameof(Splits))]
    public void A_gradient_within_a_body_is_one_examples_own(int computeBatch, int workers)
    {
        var h = Function.Of("h", (Expr x) => Op.Sum(Op.Square(_small.W * x)).Differentiate(_small.W)[0]);
        var f = Function.Of("f", (Expr x) => Op.Square(_small.W * x + _small.B));
        var called = Function.Of("called", (Expr x) => Op.Sum(f.Call(x)).Differentiate(_small.B)[0]);

        AssertEqual(x => SmallModel.Outer([.. SmallModel.Product(x).Select(y => 2 * y)], x), _small.Evaluate((g, x) => h.Call(g.Input(x)), computeBatch, workers));
        AssertEqual(x => [.. SmallModel.Product(x).Zip(SmallModel.BiasValues, (y, b) => 2 * (y + b))],
            _small.Evaluate((g, x) => called.Call(g.Input(x)), computeBatch, workers));
    }

    // |dL/dW|² of L = Σ(W·x)² is 4·|W·x|²·|x|², whose gradient is 8·|x|²·W·x·xᵀ.
    [Theory, MemberData(nameof(Splits))]
    public void A_penalty_on_a_gradient_is_trained(int computeBatch, int workers)
    {
        var f = Function.Of("f", (Expr x) => _small.W * x);
        var penalty = Function.Of("penalty", (Expr x) => Op.Sum(Op.Square(Op.Sum(Op.Square(f.Call(x))).Differentiate(_small.W)[0])));
        static double[] Gradient(double[] x) => SmallModel.Outer([.. SmallModel.Product(x).Select(y => 8 * y * x.Sum(v => v * v))], x);

        _small.AssertGradient((g, x) => penalty.Call(g.Input(x)), _small.W, SmallModel.Sum(Gradient), computeBatch, workers);
        _small.AssertGradient(
            (g, x) => Op.Sum(Op.Square(Op.Sum(Op.Square(f.Call(g.Input(x)))).Differentiate(_small.W)[0])), _small.W, SmallModel.Sum(Gradient), computeBatch, workers);
        Assert.All(
            _small.Norms((g, x) => penalty.Call(g.Input(x)), computeBatch).Zip(SmallModel.Points),
            pair => Assert.Equal(SmallModel.Norm(Gradient(pair.Second)), pair.First, 1e-12));
    }

    [Theory, MemberData(nameof(Splits))]
    public void Higher_derivatives_see_through_calls(int computeBatch, int workers)
    {
        var f = Function.Of("f", (Expr x) => Op.Sum(Op.Square(_small.W * x)));
        var y = Function.Of("y", (Expr x) => _small.W * x);
        double[] direction = [1, 0, 0, 2];
        Expr Direction(Graph g) => g.Constant(direction, new Shape(2, 2));

        // H·V = 2·V·x·xᵀ; the Jacobian of W·x by x is W.
        AssertEqual(
            x => SmallModel.Outer([2 * ((direction[0] * x[0]) + (direction[2] * x[1])), 2 * ((direction[1] * x[0]) + (direction[3] * x[1]))], x),
            _small.Evaluate((g, x) => f.Call(g.Input(x)).HessianVector(_small.W, Direction(g)), computeBatch, workers));
        AssertEqual(_ => [.5, -.25, 1.5, 2], _small.Evaluate(
            (g, x) =>
            {
                Expr input = g.Input(x);
                return y.Call(input).Jacobian(input);
            }, computeBatch, workers));
        AssertEqual(x => [x[0], 2 * x[1]], _small.Evaluate((g, x) => y.Call(g.Input(x)).JacobianVector(_small.W, Direction(g)), computeBatch, workers));
        var jacobian = Function.Of("jacobian", (Expr x) => y.Call(x).Jacobian(x));
        AssertEqual(_ => [.5, -.25, 1.5, 2], _small.Evaluate((g, x) => jacobian.Call(g.Input(x)), computeBatch, workers));
    }

    [Fact]
    public void A_result_that_does_not_depend_on_the_target_has_no_gradient()
    {
        var two = Function.Of("two", (Expr x, Expr y) => (_small.W * x, y + _small.B));
        var passed = Function.Of("passed", (Expr x) =>
        {
            _ = _small.W * x;
            return x;
        });

        AssertEqual(_ => [0, 0, 0, 0], _small.Evaluate((g, x) => Op.Sum(two.Call(g.Input(x), g.Input(x)).Item2).Differentiate(_small.W)[0]));
        AssertEqual(_ => [0, 0, 0, 0], _small.Evaluate((g, x) => Op.Sum(passed.Call(g.Input(x))).Differentiate(_small.W)[0]));
        AssertEqual(_ => [1, 1], _small.Evaluate((g, x) => Op.Sum(two.Call(g.Input(x), g.Input(x)).Item2).Differentiate(_small.B)[0]));
    }

    [Fact]
    public void Calls_of_other_examples_are_none_of_its_business()
    {
        var f = Function.Of("f", (Expr x) => _small.W * x);
        Expr Loss(Graph g, double[] x)
        {
            Expr unused = f.Call(g.Input(x));
            return x[0] > .5 ? Op.Sum(unused) : Op.Sum(Op.Square(Op.Sum(Op.Square(_small.W * g.Input(x))).Differentiate(_small.W)[0]));
        }

        double[] norms = [.. SmallModel.Points.Select(x => SmallModel.Norm(SmallModel.Outer(x[0] > .5 ? [1, 1] : [.. SmallModel.Product(x).Select(y => 8 * y * x.Sum(v => v * v))], x)))];
        Assert.All(_small.Norms(Loss).Zip(norms), pair => Assert.Equal(pair.Second, pair.First, 1e-12));
    }

    private static void AssertEqual(Func<double[], double[]> expected, List<double[]> values)
    {
        Assert.Equal(SmallModel.Points.Length, values.Count);
        for (int i = 0; i < values.Count; i++)
        {
            double[] wanted = expected(SmallModel.Points[i]);
            Assert.Equal(wanted.Length, values[i].Length);
            for (int k = 0; k < wanted.Length; k++)
                Assert.Equal(wanted[k], values[i][k], 1e-12);
        }
    }
}
