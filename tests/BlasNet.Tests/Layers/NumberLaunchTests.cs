using BlasNet.Graphs;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Layers;

/// <summary>A number or a constant that a model is written with costs launches once, not once for each example, also where it differs between them.</summary>
public sealed class NumberLaunchTests
{
    private const int Size = 4;

    private static readonly Dictionary<string, Func<Graph, Expr, double, Expr>> Lines = new()
    {
        ["x * s"] = (_, x, s) => x * s,
        ["s * x"] = (_, x, s) => s * x,
        ["x + s"] = (_, x, s) => x + s,
        ["s + x"] = (_, x, s) => s + x,
        ["x - s"] = (_, x, s) => x - s,
        ["s - x"] = (_, x, s) => s - x,
        ["x / s"] = (_, x, s) => x / s,
        ["s / (9 + x)"] = (_, x, s) => s / (9 + x),
        ["x * constant"] = (g, x, s) => x * g.Constant(s),
    };

    public static TheoryData<string> Names => [.. Lines.Keys];

    /// <summary>As many launches for 64 examples as for 8, and values and gradients by definition.</summary>
    [Theory, MemberData(nameof(Names))]
    public void A_number_of_the_example_is_data(string name)
    {
        Architecture architecture = model =>
        {
            Parameter w = model.Weight("W", Size, Size);
            return (g, i) => Lines[name](g, w * g.Input(Vector(i)), NumberOf(i));
        };
        NetworkAssert.EqualsFormula(architecture, (weights, i) => [.. Product(weights["W"], Vector(i)).Select(x => Define(name, x, NumberOf(i)))], examples: 6);
        Assert.Equal(LaunchesOf(architecture, 8), LaunchesOf(architecture, 64));
    }

    /// <summary>A matrix of an example's own number of columns, times its number: one launch too.</summary>
    [Fact]
    public void A_number_of_the_example_merges_over_matrices_of_any_length()
    {
        Architecture architecture = model =>
        {
            Parameter w = model.Weight("W", Size, Size);
            return (g, i) =>
            {
                Expr x = w * g.Input([.. Enumerable.Range(0, Size * (1 + i % 5)).Select(k => Math.Sin(i + k))], new Shape(Size, 1 + i % 5));
                return SumColumns(Tanh(x / x.Shape.Columns + 0.25 * i));
            };
        };
        NetworkAssert.EqualsOneByOne(architecture, examples: 8);
        Assert.Equal(LaunchesOf(architecture, 8), LaunchesOf(architecture, 64));
    }

    /// <summary>The number that all examples have stays one for all: no stack of it is made.</summary>
    [Fact]
    public void A_number_that_is_the_same_for_all_examples_is_shared()
    {
        using var network = new Network(model =>
        {
            Parameter b = model.Bias("b", Size);
            return (g, i) => 2 * b + 0.5 * g.Input(Vector(i));
        });
        network.Run(8);
        Graph planned = network.Planned;
        Assert.DoesNotContain(Enumerable.Range(0, planned.Count), node => planned.OperatorOf(node) == InputOperator.Instance && planned.ShapeOf(node).IsScalar);
    }

    [Fact]
    public void A_start_state_of_zeros_costs_no_launch_for_each_example()
    {
        Architecture architecture = model =>
        {
            (Parameter w, Parameter u, Parameter b) = (model.Weight("W", Size, Size), model.Weight("U", Size, Size), model.Bias("b", Size));
            return (g, i) =>
            {
                Expr h = g.Zeros(Size);
                for (int t = 0; t < 5; t++)
                    h = Tanh(w * g.Input(Vector(i + 7 * t)) + u * h + b);

                return h;
            };
        };
        NetworkAssert.EqualsOneByOne(architecture, examples: 3);
        Assert.Equal(LaunchesOf(architecture, 4), LaunchesOf(architecture, 64));
    }

    private static int LaunchesOf(Architecture architecture, int examples)
    {
        using var network = new Network(architecture);
        network.Run(examples);
        return network.Launches;
    }

    private static double Define(string name, double x, double s) => name switch
    {
        "x * s" or "s * x" or "x * constant" => x * s,
        "x + s" or "s + x" => x + s,
        "x - s" => x - s,
        "s - x" => s - x,
        "x / s" => x / s,
        _ => s / (9 + x),
    };

    // Some examples have the same.
    private static double NumberOf(int example) => 1 + example % 5 * 0.5;

    private static double[] Vector(int i) => [.. Enumerable.Range(0, Size).Select(k => Math.Sin(1 + i + 3 * k))];

    private static double[] Product(double[] w, double[] x) =>
        [.. Enumerable.Range(0, Size).Select(i => Enumerable.Range(0, Size).Sum(k => w[k * Size + i] * x[k]))];
}
