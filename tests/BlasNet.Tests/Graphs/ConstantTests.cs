using BlasNet.Derivatives;
using BlasNet.Graphs;
using BlasNet.Passes;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Graphs;

/// <summary>Constants are what they are bit for bit: −0 is not 0, and NaN is NaN.</summary>
public sealed class ConstantTests
{
    private static readonly double[] Numbers =
        [0.0, -0.0, double.NaN, 2, double.PositiveInfinity, -0.0, 0.0, double.NaN, double.NegativeInfinity, double.Epsilon];

    [Fact]
    public void Zero_and_minus_zero_are_two_constants_of_a_graph_and_each_number_has_one_node()
    {
        var graph = new Graph(Precision.Double);

        Expr[] constants = [.. Numbers.Select(graph.Constant)];

        Assert.Equal(Numbers.Distinct(new Bits()).Count(), constants.Distinct().Count());
        for (int i = 0; i < Numbers.Length; i++)
            Assert.True(graph.Data.HasBitsOf(graph.AttributeOf(constants[i].Index), Numbers[i]));
    }

    // In passes of one, two and all: plans are found again, and examples are batched.
    [Theory, InlineData(1), InlineData(2), InlineData(10)]
    public void Examples_with_other_constants_have_other_values(int computeBatch)
    {
        using var model = new Model(precision: Precision.Double);
        Check(model, computeBatch, (g, c) => 1 / (g.Constant(c) + 0 * g.Input(-1.0)), c => 1 / (c + -0.0));
        Check(model, computeBatch, (g, c) => Tanh(g.Input(-1.0)) * g.Constant(c) + Tanh(g.Input(0.5)), c => Math.Tanh(-1) * c + Math.Tanh(0.5));
        Check(model, computeBatch, (g, c) => Slice(Scale(g.Input([-1.0, 3]), c), 0, 1), c => -1 * c);
    }

    [Fact]
    public void Functions_that_differ_in_the_sign_of_a_zero_have_other_values()
    {
        using var model = new Model(precision: Precision.Double);
        Function<Expr, Expr>[] functions =
            [.. new[] { 0.0, -0.0, double.NaN }.Select(c => Function.Of("f", (Expr x) => 1 / (Tanh(x) * 0 + x.Graph.Constant(c))))];

        double[] values = [double.PositiveInfinity, double.NegativeInfinity, double.NaN];
        Check(model, 3, (g, f) => functions[(int)f].Call(g.Input(-1.0)), f => values[(int)f], [0, 1, 2, 1, 0, 2]);
    }

    [Theory, InlineData(1), InlineData(2)]
    public void A_function_may_bring_a_vector_of_floats(int computeBatch)
    {
        using var model = new Model(precision: Precision.Double);
        var f = Function.Of("f", (Expr x) => Sum(x * x.Graph.Constant([0.5f, -2f, 4f], new Shape(3))));

        Check(model, computeBatch, (g, v) => f.Call(g.Input([v, 1, 2])), v => 0.5 * v - 2 + 8, [1, -3, 2.5]);
    }

    // Each: a derivative brings a number or a function a vector that equals the constant by which is differentiated.
    [Theory, InlineData(1), InlineData(2)]
    public void What_happens_to_equal_a_constant_does_not_move_with_it(int computeBatch)
    {
        using var model = new Model(precision: Precision.Double);
        Expr Moved(Expr derivative, Expr constant, double v) => Sum(derivative.VectorJacobian(derivative.Graph.Input([v]), constant)[0]);
        var f = Function.Of("f", (Expr x) => x * x.Graph.Constant([3.0, 4.0], new Shape(2)));

        Check(model, computeBatch, (g, v) => Sum(g.Input(v).HessianVector(g.Zeros(2), g.Input([v, v]))), _ => 0, [2, 3]);
        Check(model, computeBatch, (g, v) => Moved(g.Input(v).Differentiate(g.Constant(0))[0], g.Constant(0), v), _ => 0, [2, 3]);
        Check(model, computeBatch, (g, v) => Differentiated(g, x => x, v, 1), _ => 0, [2, 3]);
        Check(model, computeBatch, (g, v) => Differentiated(g, x => Max(x, g.Constant(0)), v, 0), _ => 0, [2, 3]);
        Check(model, computeBatch, (g, v) => Differentiated(g, x => Clamp(x, 0, 7) * 2, v, 2), _ => 0, [2, 3]);
        Check(model, computeBatch, (g, v) => Sum(Sum(f.Call(g.Input([v, v]))).Differentiate(g.Constant([3.0, 4.0], new Shape(2)))[0]), _ => 0, [2, 3]);
        Check(model, computeBatch, (g, v) => Differentiated(g, x => x * g.Constant(2), v, 2), v => v, [2, 3]);

        Expr Differentiated(Graph g, Func<Expr, Expr> function, double v, double constant)
        {
            Expr x = g.Input(v);
            return Moved(function(x).Differentiate(x)[0], g.Constant(constant), v);
        }
    }

    private static void Check(Model model, int computeBatch, Func<Graph, double, Expr> function, Func<double, double> expected, double[]? examples = null)
    {
        examples ??= Numbers;
        var evaluator = new Evaluator<double>(model, function) { ComputeBatch = computeBatch };
        for (int round = 0; round < 3; round++)
        {
            evaluator.RunDouble(examples, (example, value) =>
            {
                double wanted = expected(examples[example]);
                Assert.True(wanted.Equals(value[0]) || Math.Abs(wanted - value[0]) < 1e-12, $"{examples[example]:R}: {value[0]:R} instead of {wanted:R}");
                Assert.Equal(wanted == 0 && double.IsNegative(wanted), value[0] == 0 && double.IsNegative(value[0]));
            }, TestContext.Current.CancellationToken);
        }
    }

    private sealed class Bits : IEqualityComparer<double>
    {
        public bool Equals(double x, double y) => BitConverter.DoubleToInt64Bits(x) == BitConverter.DoubleToInt64Bits(y);

        public int GetHashCode(double value) => BitConverter.DoubleToInt64Bits(value).GetHashCode();
    }
}
