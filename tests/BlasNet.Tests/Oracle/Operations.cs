using BlasNet.Graphs;
using BlasNet.Operators;
using static BlasNet.Tests.Oracle.Naive;

namespace BlasNet.Tests.Oracle;

/// <summary>The operations random programs are made of.</summary>
internal static class Operations
{
    public static readonly Operation Input = new("input", _ => null,
        (g, _, s) => s.Shape.IsScalar ? g.Input(s.Data[0]) : g.Input(s.Data, s.Shape),
        (c, _, s) => Make(s.Shape.Rows, s.Shape.Columns, (i, j) => c.Tape.Number(s.Data[j * s.Shape.Rows + i])));

    public static readonly Operation Constant = new("constant", _ => null,
        (g, _, s) => s.Shape.IsScalar ? g.Constant(s.Data[0]) : g.Constant(s.Data, s.Shape), Input.Define);

    public static readonly Operation MatMul = new("matmul", d => d.Pair((a, b) => a.Columns() == b.Rows()),
        (_, x, _) => Op.MatMul(x[0], x[1]), (_, x, _) => Product(x[0], x[1]));

    public static readonly Operation Add = Binary("add", Op.Add, (a, b) => a + b);

    public static readonly Operation Tanh = Unary("tanh", Op.Tanh, x => x.Tanh());

    public static readonly Operation Sum = new("sum", d => d.Any(), (_, x, _) => Op.Sum(x[0]), (_, x, _) => Scalar(Naive.Sum(Elements(x[0]))));

    public static readonly Operation Concatenate = new("concatenate", d => d.Several((a, b) => a.Columns() == b.Columns()),
        (_, x, _) => Op.Concatenate(x), (_, x, _) => Transposed(Beside([.. x.Select(Transposed)])));

    public static readonly Operation ConcatenateColumns = new("concatenate-columns", d => d.Several((a, b) => a.Rows() == b.Rows()),
        (_, x, _) => Op.ConcatenateColumns(x), (_, x, _) => Beside(x));

    public static readonly Operation Lookup = new("lookup", d => d.Where(x => x.Columns() > 1, (d, x) => new Step(x) { A = d.Next(d[x].Columns()) }),
        (g, x, s) => Op.Lookup(x[0], g.Index(s.A)), (_, x, s) => Make(x[0].Rows(), 1, (i, _) => x[0][i, s.A]));

    public static readonly Operation CrossEntropy = new("cross-entropy", d => d.Where(x => x.Columns() == 1, (d, x) => new Step(x) { A = d.Next(d[x].Rows()) }),
        (_, x, s) => Op.CrossEntropy(x[0], s.A), (_, x, s) => Scalar(Softmax(x[0])[s.A, 0].Log() * -1));

    public static readonly Operation Total = new("total", d => d.Several((a, b) => a.Rows() == b.Rows() && a.Columns() == b.Columns()),
        (_, x, _) => Op.Total(x), (_, x, _) => x.Aggregate((a, b) => Zip(a, b, (p, q) => p + q)));

    /// <summary>What the generator picks from.</summary>
    public static IReadOnlyList<Operation> All { get; } =
    [
        MatMul, MatMul, Add, Add, Tanh, Sum, Concatenate, ConcatenateColumns, Lookup, CrossEntropy, Total,
        Binary("subtract", Op.Subtract, (a, b) => a - b), Binary("multiply", Op.Multiply, (a, b) => a * b),
        Binary("divide", Op.Divide, (a, b) => a / b, (_, b) => Math.Abs(b.Value) > 0.3),
        Unary("sigmoid", Op.Sigmoid, x => ((x * -1).Exp() + 1).Inverse()), Unary("relu", Op.Relu, x => x.Relu(), x => Math.Abs(x.Value) > 0.01),
        Unary("exp", Op.Exp, x => x.Exp()), Unary("square", Op.Square, x => x * x),
        Unary("log", Op.Log, x => x.Log(), x => x.Value > 0.1), Unary("sqrt", Op.Sqrt, x => x.Sqrt(), x => x.Value > 0.1),
        Unary("negate", x => -x, x => x * -1), Unary("one minus", x => 1 - x, x => x * -1 + 1), Unary("plus two", x => x + 2, x => x + 2),
        Unary("reciprocal", x => 1 / x, x => x.Inverse(), x => Math.Abs(x.Value) > 0.3), Unary("a third", x => x / 3, x => x * (1.0 / 3)),
        new("scale", d => d.Any() is { } s ? s with { Factor = d.Next(5) - 1.5 } : null, (_, x, s) => Op.Scale(x[0], s.Factor), (_, x, s) => Map(x[0], e => e * s.Factor)),
        new("matmul-transposed", d => d.Pair((a, b) => a.Rows() == b.Rows()), (_, x, _) => Op.MatMulTransposed(x[0], x[1]), (_, x, _) => Product(Transposed(x[0]), x[1])),
        new("outer-product", d => d.Pair((a, b) => a.Columns() == b.Columns()), (_, x, _) => Op.OuterProduct(x[0], x[1]), (_, x, _) => Product(x[0], Transposed(x[1]))),
        new("mean", d => d.Any(), (_, x, _) => Op.Mean(x[0]), (_, x, _) => Scalar(Naive.Sum(Elements(x[0])) * (1.0 / x[0].Length))),
        new("sum-columns", d => d.Any(), (_, x, _) => Op.SumColumns(x[0]), (_, x, _) => Make(x[0].Rows(), 1, (i, _) => Naive.Sum(Column(Transposed(x[0]), i)))),
        new("sum-rows", d => d.Any(), (_, x, _) => Op.SumRows(x[0]), (_, x, _) => Make(1, x[0].Columns(), (_, j) => Naive.Sum(Column(x[0], j)))),
        new("expand", ChooseExpansion, (_, x, s) => Op.ExpandTo(s.Shape, x[0]),
            (c, x, s) => Zip(x[0], Make(s.Shape.Rows, s.Shape.Columns, (_, _) => c.Tape.Number(0)), (a, _) => a)),
        new("dot", d => d.Pair((a, b) => a.Rows() == b.Rows() && a.Columns() == b.Columns()), (_, x, _) => Op.Dot(x[0], x[1]),
            (_, x, _) => Make(1, x[0].Columns(), (_, j) => Naive.Sum(Column(x[0], j).Zip(Column(x[1], j), (a, b) => a * b)))),
        new("softmax", d => d.Any(), (_, x, _) => Op.Softmax(x[0]), (_, x, _) => Softmax(x[0])),
        new("log-softmax", d => d.Any(), (_, x, _) => Op.LogSoftmax(x[0]), (_, x, _) => Map(Softmax(x[0]), e => e.Log())),
        new("squared-error", d => d.Pair((a, b) => a.Rows() == b.Rows() && a.Columns() == b.Columns()), (_, x, _) => Op.SquaredError(x[0], x[1]),
            (_, x, _) => Scalar(Naive.Sum(Elements(x[0]).Zip(Elements(x[1]), (a, b) => (a - b) * (a - b))))),
        new("slice", d => d.Where(_ => true, (d, x) => Range(d, x, d[x].Rows())), (_, x, s) => Op.Slice(x[0], s.A, s.B),
            (_, x, s) => Make(s.B, x[0].Columns(), (i, j) => x[0][i + s.A, j])),
        new("slice-columns", d => d.Where(_ => true, (d, x) => Range(d, x, d[x].Columns())), (_, x, s) => Op.SliceColumns(x[0], s.A, s.B),
            (_, x, s) => Make(x[0].Rows(), s.B, (i, j) => x[0][i, j + s.A])),
        new("pad", d => d.Where(_ => true, (d, x) => Padding(d, x, d[x].Rows())), (_, x, s) => Op.Pad(x[0], s.A, s.B),
            (c, x, s) => Make(s.B, x[0].Columns(), (i, j) => i >= s.A && i < s.A + x[0].Rows() ? x[0][i - s.A, j] : c.Tape.Number(0))),
        new("pad-columns", d => d.Where(_ => true, (d, x) => Padding(d, x, d[x].Columns())), (_, x, s) => Op.PadColumns(x[0], s.A, s.B),
            (c, x, s) => Make(x[0].Rows(), s.B, (i, j) => j >= s.A && j < s.A + x[0].Columns() ? x[0][i, j - s.A] : c.Tape.Number(0))),
        new("reshape", d => d.Where(x => x.Length % 2 == 0, (d, x) => new Step(x) { Shape = d.Next(2) == 0 ? new Shape(2, d[x].Length / 2) : new Shape(d[x].Length) }),
            (_, x, s) => Op.Reshape(x[0], s.Shape), (_, x, s) => Beside([.. Elements(x[0]).Chunk(s.Shape.Rows).Select(column => Make(s.Shape.Rows, 1, (i, _) => column[i]))])),
        new("transpose", d => d.Any(), (_, x, _) => Op.Transpose(x[0]), (_, x, _) => Transposed(x[0])),
        new("dropout", d => d.Any() is { } s ? s with { A = d.Draws, Factor = 0.25 } : null, (_, x, s) => Op.Dropout(x[0], s.Factor),
            (c, x, s) => Make(x[0].Rows(), x[0].Columns(), (i, j) => x[0][i, j] * (IsDropped(c.Seed, c.Example, s.A, j * x[0].Rows() + i, s.Factor) ? 0 : 1 / (1 - s.Factor)))) { IsRandom = true },
    ];

    private static Step Range(Draft d, int x, int length)
    {
        int start = d.Next(length);
        return new Step(x) { A = start, B = 1 + d.Next(length - start) };
    }

    private static Step Padding(Draft d, int x, int length)
    {
        int start = d.Next(3);
        return new Step(x) { A = start, B = start + length + d.Next(2) };
    }

    private static Step? ChooseExpansion(Draft d) => d.Where(x => x.Rows() == 1 || x.Columns() == 1, (d, x) => new Step(x)
    {
        Shape = new Shape(d[x].Rows() == 1 ? 1 + d.Next(4) : d[x].Rows(), d[x].Columns() == 1 ? 1 + d.Next(4) : d[x].Columns()),
    });

    private static Operation Unary(string name, Func<Expr, Expr> build, Func<Number, Number> define, Func<Number, bool>? domain = null) => new(
        name, d => domain is null ? d.Any() : d.Where(x => Elements(x).All(domain), (_, x) => new Step(x)), (_, x, _) => build(x[0]), (_, x, _) => Map(x[0], define));

    private static Operation Binary(string name, Func<Expr, Expr, Expr> build, Func<Number, Number, Number> define, Func<Number, Number, bool>? domain = null) => new(
        name, d => d.Pair((a, b) => (Fits(a, b) || Fits(b, a)) && (domain is null || Elements(b).All(e => domain(e, e)))),
        (_, x, _) => build(x[0], x[1]), (_, x, _) => Zip(x[0], x[1], define));

    private static bool Fits(Number[,] part, Number[,] whole) =>
        (part.Rows() == whole.Rows() || part.Rows() == 1) && (part.Columns() == whole.Columns() || part.Columns() == 1);
}
