using BlasNet.Graphs;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Recurrences;

/// <summary>Gradients of recurrences whose states have several parts and whose vertices go on from several, against differences of losses: no part and no
/// slot is like another.</summary>
public sealed class RecurrenceGradientTests : IDisposable
{
    private const int Size = 2;

    private readonly Model _model = new(seed: 3, Precision.Double);
    private readonly Parameter _w, _u, _v;

    public RecurrenceGradientTests() =>
        (_w, _u, _v) = (_model.Weight("W", Size, Size), _model.Weight("U", Size, Size), _model.Weight("V", Size, Size));

    public void Dispose() => _model.Dispose();

    public static MatrixTheoryData<int, bool> Forms => new([1, 2, 3], [false, true]);

    /// <param name="slots">Of a vertex.</param>
    /// <param name="isPartRead">Whether only one part of the last vertex is read outside, else all parts of all.</param>
    [Theory, MemberData(nameof(Forms))]
    public void Two_parts_have_the_gradient_of_the_definition(int slots, bool isPartRead)
    {
        Recurrence<(Expr H, Expr C)> pair = Recurrence.Of(
            "pair", slots, x => (H: Tanh(_w * x), C: _v * x),
            (x, states) =>
            {
                (Expr h, Expr c) = (_w * x, 0.5 * x);
                for (int slot = 0; slot < slots; slot++)
                {
                    (Expr before, Expr kept) = states[slot];
                    h += (0.4 + (0.5 * slot)) * (_u * before) + (0.7 - (0.6 * slot)) * kept;
                    c += (0.3 - (0.5 * slot)) * Multiply(before, kept);
                }

                return (Tanh(h), c);
            });
        Check((g, example) =>
        {
            (Expr h, Expr c) = pair.Run(Input(g, example), DagOf(example, slots));
            return isPartRead ? Sum(Square(SliceColumns(c, example.Vertices - 1, 1))) : Sum(Square(h)) + Sum(0.3 * Tanh(c));
        });
    }

    [Theory, InlineData(1), InlineData(2)]
    public void Three_parts_have_the_gradient_of_the_definition(int slots)
    {
        Recurrence<(Expr A, Expr B, Expr C)> three = Recurrence.Of(
            "three", slots, x => (A: _w * x, B: Tanh(_u * x), C: x),
            (x, states) =>
            {
                (Expr a, Expr b, Expr c) = states[^1];
                (Expr first, Expr second, Expr third) = states[0];
                return (A: Tanh(x + (_u * b) + (0.3 * third)), B: Multiply(a, second) + (_v * c), C: Sigmoid((0.5 * first) - (2 * b) + third));
            });
        Check((g, example) =>
        {
            (Expr a, Expr b, Expr c) = three.Run(Input(g, example), DagOf(example, slots));
            return Sum(Square(a)) + Sum(Multiply(b, c));
        });
    }

    /// <summary>A tree whose children weigh differently, in both parts of their states.</summary>
    [Fact]
    public void A_tree_of_leaves_has_the_gradient_of_the_definition()
    {
        Recurrence<(Expr H, Expr C)> tree = Recurrence.OfLeaves(
            "tree", x => (H: Tanh(_w * x), C: x),
            ((Expr H, Expr C) left, (Expr H, Expr C) right) =>
                (H: Tanh((_u * left.H) - (_v * right.H) + (0.2 * right.C)), C: Multiply(left.C, Sigmoid(right.H)) + (0.4 * right.C)));
        Check((g, example) =>
        {
            (Expr h, Expr c) = tree.Run(Input(g, example with { Vertices = 4 }), example.Seed % 2 == 0
                ? Dag.Binary([-1, -1, 0, -1, -1, 3, 2], [-1, -1, 1, -1, -1, 4, 5]) : Dag.Binary([-1, -1, -1, 1, 0, -1, 4], [-1, -1, -1, 2, 3, -1, 5]));
            return Sum(Square(h)) + Sum(c);
        });
    }

    public static TheoryData<string> Steps =>
        ["concatenate", "slice", "matrix", "columns", "outer", "shared", "reshape", "divide", "shared softmax", "shared outer", "constant"];

    /// <summary>Steps that move elements about, and compute with matrices.</summary>
    [Theory, MemberData(nameof(Steps))]
    public void A_step_of_parts_and_matrices_has_the_gradient_of_the_definition(string name)
    {
        Parameter wide = _model.Weight("wide", Size, 2 * Size), gain = _model.Bias("gain", Size);
        _model.SetValues(gain, [0.7, -1.3]);
        Recurrence<Expr> steps = Recurrence.Of(name, 2, x => Tanh(_w * x), (Expr x, Expr[] states) =>
        {
            (Expr a, Expr b) = (states[0] - x, states[1]);
            return Tanh(x + (name switch
            {
                "concatenate" => wide * Concatenate(a, b),
                "slice" => Concatenate(Slice(wide * Concatenate(b, x), 1, 1), Slice(a, 0, 1) + Slice(b, 1, 1)),
                "matrix" => SumColumns(_u * Reshape(Concatenate(a, Square(b)), new Shape(Size, 2))),
                "columns" => MaxColumns(_u * ConcatenateColumns(a, b, x)),
                "outer" => SumColumns(Softmax(OuterProduct(a, b))) + SumColumns(_v * OuterProduct(x, a)),
                "shared" => Multiply(SumColumns(Square(a.Graph.Use(_u))), a) + SumColumns(a.Graph.Use(_v) * Tanh(a.Graph.Use(_u))),
                "divide" => Divide(a, 1 + Square(gain)) + Divide(gain, 2 + Square(b)),
                "shared softmax" => Multiply(Softmax(a.Graph.Use(gain)), a) + Softmax(Multiply(gain, b)),
                "shared outer" => OuterProduct(gain, Tanh(a.Graph.Use(gain))) * a + OuterProduct(gain, b) * x,
                "constant" => Multiply(Softmax(a.Graph.Constant([1.0, 2], new Shape(Size))), Softmax(Multiply(a, b))),
                _ => wide * Reshape(Transpose(Reshape(Concatenate(a, b), new Shape(Size, 2))), new Shape(2 * Size)),
            }));
        });
        Check((g, example) => Sum(Square(steps.Run(Input(g, example), DagOf(example, slots: 2)))));
    }

    private void Check(Func<Graph, Example, Expr> loss)
    {
        Example[] examples = [.. Enumerable.Range(0, 16).Select(seed => new Example(1 + (seed * 5 % 9), seed))];
        Assert.InRange(GradientCheck.Run(_model, loss, examples, orders: 2).Relative, 0, 1e-6);
    }

    private sealed record Example(int Vertices, int Seed);

    private static Expr Input(Graph g, Example example) => g.Input(
        [.. Enumerable.Range(0, Size * example.Vertices).Select(i => Math.Sin((i * i) + example.Seed))], new Shape(Size, example.Vertices));

    // Each place holds an earlier vertex, or none; some vertices have none at all, and some are gone on from several times.
    private static Dag DagOf(Example example, int slots)
    {
        var random = new Random(example.Seed);
        return Dag.OfPlaces(slots, [.. Enumerable.Range(0, example.Vertices).SelectMany(
            vertex => Enumerable.Range(0, slots).Select(_ => random.Next(5) == 0 ? -1 : random.Next(-1, vertex)))]);
    }
}
