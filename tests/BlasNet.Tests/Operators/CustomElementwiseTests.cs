using System.Numerics.Tensors;
using BlasNet.Graphs;
using BlasNet.Operators;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Operators;

/// <summary>Element-wise operators from outside, in one line each.</summary>
public sealed class CustomElementwiseTests
{
    // y = 3·tanh(x/3), dy/dx = 1 − (y/3)².
    private static readonly CustomElementwise Softclip = CustomElementwise.Define("softclip", x => 3 * Tanh(x / 3), (x, y) => 1 - Square(y / 3));

    private static readonly CustomElementwise Sin = CustomElementwise.Define("sin", TensorPrimitives.Sin, TensorPrimitives.Sin, (x, _) => Cos!.Apply(x));

    private static readonly CustomElementwise Cos = CustomElementwise.Define("cos", TensorPrimitives.Cos, TensorPrimitives.Cos, (x, _) => -Sin.Apply(x));

    // max(x, 0)², by a choice: an operator of several operands, and numbers alone.
    private static readonly CustomElementwise SquaredRelu = CustomElementwise.Define(
        "squared-relu", x => Where(Greater(x, 0 * x), x * x, 0 * x), (x, _) => 2 * Relu(x));

    private static double SoftclipOf(double x) => 3 * Math.Tanh(x / 3);

    [Theory]
    [InlineData(Precision.Single, 1e-6)]
    [InlineData(Precision.Double, 1e-14)]
    public void Values_of_any_shape_are_those_of_the_definition(Precision precision, double tolerance)
    {
        using var model = new Model(precision: precision);
        foreach (Shape shape in (Shape[])[Shape.Scalar, new Shape(5), new Shape(3, 4), new Shape(2500, 3)])
        {
            double[] x = [.. Enumerable.Range(0, shape.Size).Select(i => 4 * Math.Sin(1 + i))];
            Graph graph = model.NewGraph();
            double[][] values = graph.Evaluate(
                Softclip.Apply(graph.Input(x, shape)), Sin.Apply(graph.Input(x, shape)), SquaredRelu.Apply(graph.Input(x, shape)),
                Softclip.Apply(Sin.Apply(graph.Input(x, shape))));

            AssertClose(x.Select(SoftclipOf), values[0], tolerance);
            AssertClose(x.Select(Math.Sin), values[1], tolerance);
            AssertClose(x.Select(e => e > 0 ? e * e : 0), values[2], 20 * tolerance);
            AssertClose(x.Select(e => SoftclipOf(Math.Sin(e))), values[3], tolerance);
        }
    }

    [Fact]
    public void The_gradient_and_its_derivative_are_those_of_differences()
    {
        foreach (CustomElementwise op in (CustomElementwise[])[Softclip, Sin, SquaredRelu])
        {
            using var model = new Model(3, Precision.Double);
            Parameter w = model.Weight("W", 4, 3), m = model.Weight("M", 2, 2);
            Expr Loss(Graph g, double x) => Sum(op.Apply(w * g.Input([x, 1, -x]))) + Sum(op.Apply(m)) * x;

            GradientDifference worst = GradientCheck.Run(model, Loss, [0.3, -1.2, 2.5], orders: 3);
            Assert.True(worst.Relative < 1e-6, $"{op.Name}: {worst}");
        }
    }

    // The derivative of a matrix is element by element too: y·y is no matrix product.
    [Fact]
    public void A_derivative_written_with_operators_is_element_by_element_for_matrices()
    {
        var squares = CustomElementwise.Define("cube", x => x * x * x, (x, y) => 3 * (x * x));
        using var model = new Model(1, Precision.Double);
        Parameter w = model.Weight("W", 2, 2);
        double[] gradient = model.GradientOf(_ => Sum(squares.Apply(w)))[w];

        AssertClose(model.ValuesOf(w).Select(e => 3 * e * e), gradient, 1e-14);
    }

    [Fact]
    public void The_values_of_all_examples_are_one_launch_and_fused_with_their_neighbours()
    {
        using var model = new Model();
        Parameter w = model.Weight("W", 4, 4);
        Graph graph = model.NewGraph();
        Expr[] losses = [.. Enumerable.Range(0, 16).Select(i => Sum(Scale(Softclip.Apply(w * graph.Input([1f, i, 2, 3])), 2)))];

        Assert.Equal(
            "matmul ×16  W=shared %0=view\nfused(softclip, scale) ×16  %2=view\nsum ×16  %3=view\ntotal ×16  %4=view",
            ComputePlan.Of(graph, [Total(losses)]).ToString());
        string sines = ComputePlan.Of(graph, [Total([.. losses.Select(loss => Tanh(Sin.Apply(loss)))])]).ToString();
        Assert.Contains("fused(sin, tanh) ×16", sines, StringComparison.Ordinal);
    }

    // A cell is interpreted at first and machine code later.
    [Fact]
    public void A_cell_with_it_gives_the_same_interpreted_and_compiled()
    {
        const int Width = 512;
        using var model = new Model(1);
        Parameter u = model.Weight("U", Width, Width);
        var cell = Function.Of("cell", (Expr h, Expr x) => Softclip.Apply(Sigmoid(u * h + x) - 2 * x));
        Expr Loss(Graph g, int i)
        {
            Expr h = g.Zeros(Width);
            for (int t = 0; t < 3; t++)
                h = cell.Call(h, g.Input([.. Enumerable.Range(0, Width).Select(e => (float)Math.Sin(e + i + t))]));

            return Sum(h);
        }

        var trainer = new Trainer<int>(model, Loss, new Sgd(0));
        int[] examples = [.. Enumerable.Range(0, 64)];
        ModelGradient first = trainer.GradientOf(examples);
        for (int round = 0; round < 60; round++)   // 5 ms of interpretation, and the time to write the code
            trainer.GradientOf(examples);

        ModelGradient last = trainer.GradientOf(examples);
        AssertClose([first.Value], [last.Value], 1e-5);
        AssertClose(first[u], last[u], 1e-4);
    }

    [Fact]
    public void A_single_operator_is_enough()
    {
        var own = CustomElementwise.Define("own-tanh", Tanh, (_, y) => 1 - Square(y));
        using var model = new Model(1, Precision.Double);
        Graph graph = model.NewGraph();
        AssertClose([Math.Tanh(0.5), Math.Tanh(-2)], graph.Evaluate(own.Apply(graph.Input([0.5, -2]))), 1e-14);
    }

    [Fact]
    public void In_a_cell_it_may_compute_a_part_of_a_longer_vector()
    {
        using var model = new Model(1, Precision.Double);
        var cell = Function.Of("cell", (Expr x) => Concatenate(Tanh(x), Softclip.Apply(2 * x), SquaredRelu.Apply(x)));
        var evaluator = new Evaluator<int>(model, (g, i) => cell.Call(g.Input(Inputs(i))));
        evaluator.RunDouble([0, 1, 2, 3, 4], (i, value) => AssertClose(
            [.. Inputs(i).Select(Math.Tanh), .. Inputs(i).Select(x => SoftclipOf(2 * x)), .. Inputs(i).Select(x => x > 0 ? x * x : 0)], value.ToArray(), 1e-12),
            TestContext.Current.CancellationToken);

        static double[] Inputs(int i) => [.. Enumerable.Range(0, 5).Select(e => 2 * Math.Sin(1 + e + (7 * i)))];
    }

    [Fact]
    public void One_may_be_made_of_others()
    {
        var both = CustomElementwise.Define("clipped-sine", x => Softclip.Apply(Sin.Apply(x)), (x, y) => (1 - Square(y / 3)) * Cos.Apply(x));
        using var model = new Model(1, Precision.Double);
        Parameter w = model.Weight("W", 3, 2);
        Graph graph = model.NewGraph();
        double[] values = graph.Evaluate(both.Apply(graph.Use(w)));

        AssertClose(model.ValuesOf(w).Select(e => SoftclipOf(Math.Sin(e))), values, 1e-14);
        Assert.True(GradientCheck.Run(model, (g, x) => Sum(both.Apply(w * g.Input([1, x]))), [0.5, -2]).Relative < 1e-6);
    }

    [Fact]
    public void What_is_not_element_wise_is_refused_by_name()
    {
        using var model = new Model();
        Parameter b = model.Bias("b", 3);
        Assert.Contains("softmax is none", Refusal(x => Softmax(x)), StringComparison.Ordinal);
        Assert.Contains("bad: value must be made of", Refusal(x => x * Sum(x)), StringComparison.Ordinal);
        Assert.Contains("slice is none", Refusal(x => x * x[0]), StringComparison.Ordinal);
        Assert.Contains("does not depend on its argument", Refusal(x => x.Graph.Constant(1)), StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => CustomElementwise.Define("bad", x => x + b, (x, _) => x));

        static string Refusal(Func<Expr, Expr> value) =>
            Assert.Throws<ArgumentException>(() => CustomElementwise.Define("bad", value, (x, _) => x)).Message;
    }

    private static void AssertClose(IEnumerable<double> expected, IEnumerable<double> actual, double tolerance)
    {
        (double[] wanted, double[] found) = ([.. expected], [.. actual]);
        Assert.Equal(wanted.Length, found.Length);
        for (int i = 0; i < wanted.Length; i++)
            Assert.InRange(Math.Abs(found[i] - wanted[i]), 0, tolerance * Math.Max(1, Math.Abs(wanted[i])));
    }
}
