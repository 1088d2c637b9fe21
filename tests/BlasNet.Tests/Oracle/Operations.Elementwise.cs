using BlasNet.Graphs;
using BlasNet.Operators;
using static BlasNet.Tests.Oracle.Naive;

namespace BlasNet.Tests.Oracle;

/// <content>Activations and what chooses between elements. Where a function has a kink, its operands keep a distance from it.</content>
internal static partial class Operations
{
    private const double Distance = 0.01;

    private static Operation[] Activations() =>
    [
        Unary("Abs", Op.Abs, Abs, x => IsAwayFrom(x, 0)),
        Unary("Sign", Op.Sign, x => x.Tape.Number(x.Value > 0 ? 1 : -1), x => IsAwayFrom(x, 0)),
        Unary("Gelu", Op.Gelu, x => x * (Erf(x * Math.Sqrt(0.5)) + 1) * 0.5, x => Math.Abs(x.Value) < 3.4),
        Unary("GeluTanh", Op.GeluTanh, x => x * (((x * x * x * 0.044715 + x) * Math.Sqrt(2 / Math.PI)).Tanh() + 1) * 0.5),
        Unary("Silu", Op.Silu, x => x / ((x * -1).Exp() + 1)),
        Unary("Softplus", Op.Softplus, x => (x.Exp() + 1).Log()),
        Unary("Cube", x => Op.Pow(x, 3), x => x * x * x),
        Numbered("LeakyRelu", Op.LeakyRelu, [0.01, 0.2, -0.5], (x, slope) => x.Value > 0 ? x : x * slope, (x, _) => IsAwayFrom(x, 0)),
        Numbered("Elu", Op.Elu, [1, 1.5, 0.3], (x, alpha) => x.Value > 0 ? x : (x.Exp() + -1) * alpha, (x, _) => IsAwayFrom(x, 0)),
        Numbered("Pow", Op.Pow, [-1.5, -1, 0.5, 1.5, 2, 2.5], (x, p) => (x.Log() * p).Exp(), (x, _) => x.Value > 0.3),
        Numbered("Huber", Op.Huber, [0.5, 1, 2], (x, delta) => Math.Abs(x.Value) <= delta ? x * x * 0.5 : (Abs(x) + -delta / 2) * delta,
            (x, delta) => IsAwayFrom(x, delta) && IsAwayFrom(x, -delta)),
        Numbered("Clamp", (x, bound) => Op.Clamp(x, -0.5, bound), [0.25, 1.5],
            (x, bound) => Math.Clamp(x.Value, -0.5, bound) is var y && y == x.Value ? x : x.Tape.Number(y), (x, bound) =>
                IsAwayFrom(x, -0.5) && IsAwayFrom(x, bound)),
    ];

    private static Operation[] Choices() =>
    [
        Apart("Max", Op.Max, (a, b) => a.Value > b.Value ? a : b), Apart("Min", Op.Min, (a, b) => a.Value < b.Value ? a : b),
        Apart("Greater", Op.Greater, (a, b) => Truth(a, a.Value > b.Value)), Apart("GreaterOrEqual", Op.GreaterOrEqual, (a, b) => Truth(a, a.Value >= b.Value)),
        Apart("Less", Op.Less, (a, b) => Truth(a, a.Value < b.Value)), Apart("LessOrEqual", Op.LessOrEqual, (a, b) => Truth(a, a.Value <= b.Value)),
        Apart("Equal", Op.Equal, (a, b) => Truth(a, a.Value == b.Value)),
        Binary("BinaryCrossEntropy", Op.BinaryCrossEntropy, (z, t) => (z.Exp() + 1).Log() - t * z),
        Operation.Of("Where", ChooseWhere, (g, x, s) => Op.Where(Op.Greater(x[s.A], g.Constant(0.25)), x[(s.A + 1) % 3], x[(s.A + 2) % 3]), DefineWhere) with
        { Domain = (x, s) => x[s.A].Elements.All(e => IsAwayFrom(e, 0.25)) },
    ];

    /// <summary>As of an array.</summary>
    private static Operation[] Elements() =>
    [
        Unary("StopGradient", Op.StopGradient, x => x.Tape.Number(x.Value)),
        Operation.Of("Element", d => d.Where(_ => true, (d, x) => new Step(x) { A = d.Next(d[x].Rows), B = d.Next(d[x].Columns) }), BuildElement,
            (_, x, s) => x[0].Length == 1 ? x[0] : Scalar(x[0][s.A, s.B])),
        Operation.Of("Elements", d => d.Where(x => x.Columns == 1 || x.Rows == 1, (d, x) => Range(d, x, d[x].Length)),
            (_, x, s) => x[0][s.A..^(x[0].Shape.Size - s.A - s.B)],
            (_, x, s) => s.B == x[0].Length ? x[0] : Shaped(x[0].Columns == 1 ? new Shape(s.B) : new Shape(1, s.B), [.. x[0].Elements.Skip(s.A).Take(s.B)])),
        Operation.Of("Block", ChooseBlock, (_, x, s) => x[0][s.A..(s.A + s.B), (s.Shape.Rows - 1)..(s.Shape.Rows - 1 + s.Shape.Columns)],
            (_, x, s) => s.B == x[0].Rows && s.Shape.Columns == x[0].Columns ? x[0]
                : Make(s.B, s.Shape.Columns, (i, j) => x[0][i + s.A, j + s.Shape.Rows - 1])),
    ];

    private static Expr BuildElement(Graph g, Expr[] x, Step s) => x[0].Shape switch
    {
        { IsVector: true } => x[0][s.A],
        { Rows: 1 } => x[0][^(x[0].Shape.Columns - s.B)],
        _ => x[0][s.A, ^(x[0].Shape.Columns - s.B)],
    };

    // The columns, from one on, and how many, as a shape.
    private static Step? ChooseBlock(Draft d) => d.Where(_ => true, (d, x) =>
    {
        Step columns = Range(d, x, d[x].Columns);
        return Range(d, x, d[x].Rows) with { Shape = new Shape(columns.A + 1, columns.B) };
    });

    private static Number Abs(Number x) => x.Value > 0 ? x : x * -1;

    private static Number Truth(Number like, bool isTrue) => like.Tape.Number(isTrue ? 1 : 0);

    private static bool IsAwayFrom(Number x, double kink) => Math.Abs(x.Value - kink) > Distance;

    private static bool AreApart(Matrix a, Matrix b) => Zip(a, b, (x, y) => x - y).Elements.All(x => IsAwayFrom(x, 0));

    private static Operation Numbered(
        string name, Func<Expr, double, Expr> build, double[] numbers, Func<Number, double, Number> define, Func<Number, double, bool> domain) => Operation.Of(
        name, d => numbers[d.Next(numbers.Length)] is var number && d.Where(x => x.Elements.All(e => domain(e, number)), (_, x) => new Step(x)) is { } s
            ? s with { Factor = number } : null,
        (_, x, s) => build(x[0], s.Factor), (_, x, s) => Map(x[0], e => define(e, s.Factor))) with
        { Domain = (x, s) => x[0].Elements.All(e => domain(e, s.Factor)) };

    // Two operands of which no two elements are equal.
    private static Operation Apart(string name, Func<Expr, Expr, Expr> build, Func<Number, Number, Number> define) => Operation.Of(
        name, d => d.Pair((a, b) => (Fits(a, b) || Fits(b, a)) && AreApart(a, b)),
        (_, x, _) => build(x[0], x[1]), (_, x, _) => Zip(x[0], x[1], define)) with
    {
        Domain = (x, _) => AreApart(x[0], x[1]),
    };

    // The largest operand first; A says which of the three decides.
    private static Step? ChooseWhere(Draft d)
    {
        int whole = d.Any()!.Operands[0], decides = d.Next(3);
        int[] operands = [whole, Part(), Part()];
        return d[operands[decides]].Elements.All(x => IsAwayFrom(x, 0.25)) ? new Step(operands) { A = decides } : null;

        int Part() => d.Where(x => Fits(x, d[whole]), (_, x) => new Step(x))!.Operands[0];
    }

    private static Matrix DefineWhere(Evaluation e, Matrix[] x, Step s)
    {
        Matrix a = x[(s.A + 1) % 3], b = x[(s.A + 2) % 3], pairs = Zip(Zip(x[s.A], a, (p, _) => p), b, (p, _) => p);
        return Make(x[0].Rows, x[0].Columns, (i, j) => At(pairs, i, j).Value > 0.25 ? At(a, i, j) : At(b, i, j));

        static Number At(Matrix x, int i, int j) => x[Math.Min(i, x.Rows - 1), Math.Min(j, x.Columns - 1)];
    }
}
