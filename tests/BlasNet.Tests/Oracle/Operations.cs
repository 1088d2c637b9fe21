using BlasNet.Graphs;
using BlasNet.Operators;
using static BlasNet.Tests.Oracle.Naive;

namespace BlasNet.Tests.Oracle;

/// <summary>The operations random programs are made of. Where BlasNet returns an operand itself, so does the definition: the operand's variables.</summary>
internal static partial class Operations
{
    public static readonly Operation Input = Operation.Of("Input", _ => null,
        (g, _, s) => s.Shape.IsScalar ? g.Input(s.Data[0]) : g.Input(s.Data, s.Shape), DefineLeaf) with
    { HasData = true, IsForExamples = true };

    public static readonly Operation Index = Operation.Of("Index", _ => null, (g, _, s) =>
        g.Index((int)s.Data[0]), DefineLeaf) with
    { HasData = true, IsForExamples = true };

    public static readonly Operation Constant = Operation.Of("Constant", _ => null,
        (g, _, s) => s.Shape.IsScalar ? g.Constant(s.Data[0]) : g.Constant(s.Data, s.Shape), (e, _, s) => e.Constant(s.Shape, s.Data));

    /// <summary>1 or −1 for 0 or −0, which only a division tells apart.</summary>
    public static readonly Operation SignOfZero = Operation.Of("SignOfZero", _ => null,
        (g, _, s) => Op.Tanh(1 / Op.StopGradient(g.Constant(s.Factor))), (e, _, s) => Scalar(e.Tape.Number(double.IsNegative(s.Factor) ? -1 : 1)));

    public static readonly Operation MatMul = Operation.Of("MatMul", d => d.Pair((a, b) => a.Columns == b.Rows),
        (_, x, _) => Op.MatMul(x[0], x[1]), (_, x, _) => Product(x[0], x[1]));

    public static readonly Operation Add = Binary("Add", Op.Add, (a, b) => a + b);

    public static readonly Operation Tanh = Unary("Tanh", Op.Tanh, x => x.Tanh());

    public static readonly Operation Scale = Operation.Of("Scale", d => d.Any() is { } s ? s with { Factor = d.Next(5) - 1.5 } : null,
        (_, x, s) => Op.Scale(x[0], s.Factor), (_, x, s) => Map(x[0], e => e * s.Factor));

    public static readonly Operation Square = Unary("Square", Op.Square, x => x * x);

    public static readonly Operation Sum = Operation.Of("Sum", d => d.Any(), (_, x, _) => Op.Sum(x[0]),
        (_, x, _) => x[0].Length == 1 ? x[0] : Scalar(Naive.Sum(x[0].Elements)));

    public static readonly Operation Mean = Operation.Of("Mean", d => d.Any(), (_, x, _) => Op.Mean(x[0]),
        (_, x, _) => x[0].Length == 1 ? x[0] : Scalar(Naive.Sum(x[0].Elements) * (1.0 / x[0].Length)));

    public static readonly Operation Concatenate = Operation.Of("Concatenate", d => d.Several((a, b) => a.Columns == b.Columns),
        (_, x, _) => Op.Concatenate(x), (_, x, _) => Transposed(Beside([.. x.Select(Transposed)])));

    public static readonly Operation ConcatenateColumns = Operation.Of("ConcatenateColumns", d => d.Several((a, b) => a.Rows == b.Rows),
        (_, x, _) => Op.ConcatenateColumns(x), (_, x, _) => Beside(x));

    public static readonly Operation Lookup = Operation.Of("Lookup",
        d => d.Where(x => x.Columns > 1, (d, x) => new Step(x) { A = d.Next(d[x].Columns), B = d[x].Columns }),
        (g, x, s) => Op.Lookup(x[0], g.Index(s.A)), (_, x, s) => Make(x[0].Rows, 1, (i, _) => x[0][i, s.A])) with
    { HasData = true, IsForExamples = true };

    /// <summary>With a number, which in a function is the same for every call.</summary>
    public static readonly Operation LookupOf = Lookup with { Build = (_, x, s) => [Op.Lookup(x[0], s.A)], IsForExamples = false };

    /// <summary>With indices that are a value: given or computed; an argument, where this is in a function.</summary>
    public static readonly Operation LookupAt = Operation.Of("Lookup", d => d.WhereIndex((x, _, limit) => x.Columns >= limit),
        (_, x, _) => Op.Lookup(x[0], x[1]), (_, x, _) => Make(x[0].Rows, x[1].Columns, (i, j) => x[0][i, IndexOf(x[1], j)]));

    public static readonly Operation CrossEntropy = Operation.Of("CrossEntropy",
        d => d.Where(x => x.Columns == 1, (d, x) => new Step(x) { A = d.Next(d[x].Rows), B = d[x].Rows }),
        (_, x, s) => Op.CrossEntropy(x[0], s.A), (_, x, s) => Scalar(Softmax(x[0])[s.A, 0].Log() * -1)) with
    { HasData = true };

    public static readonly Operation CrossEntropyAt = Operation.Of("CrossEntropy", d => d.WhereIndex(HasRows),
        (_, x, _) => Op.CrossEntropy(x[0], x[1]), (_, x, _) => Make(1, x[0].Columns, (_, j) => Softmax(x[0])[IndexOf(x[1], j), j].Log() * -1));

    public static readonly Operation LookupColumns = Operation.Of("Lookup",
        d => d.Where(x => x.Columns > 1, (d, x) => new Step(x) { Data = Indices(d, d[x].Columns), B = d[x].Columns }),
        (_, x, s) => Op.Lookup(x[0], [.. s.Data.Select(index => (int)index)]),
        (_, x, s) => Make(x[0].Rows, s.Data.Length, (i, j) => x[0][i, (int)s.Data[j]])) with
    { HasData = true };

    public static readonly Operation CrossEntropyColumns = Operation.Of("CrossEntropy",
        d => d.Where(_ => true, (d, x) => new Step(x) { Data = Indices(d, d[x].Rows, d[x].Columns), B = d[x].Rows }),
        (_, x, s) => Op.CrossEntropy(x[0], [.. s.Data.Select(index => (int)index)]),
        (_, x, s) => Make(1, x[0].Columns, (_, j) => Softmax(x[0])[(int)s.Data[j], j].Log() * -1)) with
    { HasData = true };

    public static readonly Operation Total = Operation.Of("Total", d => d.Several(SameShape),
        (_, x, _) => Op.Total(x), (_, x, _) => x.Aggregate((a, b) => Zip(a, b, (p, q) => p + q)));

    public static readonly Operation OneMinus = Unary("OneMinus", x => 1 - x, x => x * -1 + 1);

    public static readonly Operation Multiply = Binary("Multiply", Op.Multiply, (a, b) => a * b);

    /// <summary>What <c>*</c> means, by the shapes.</summary>
    public static readonly Operation Star = Operation.Of("Star",
        d => d.Pair((a, b) => a.Length == 1 || b.Length == 1 || (a.Columns > 1 ? a.Columns == b.Rows : ShapeOf(a) == ShapeOf(b))),
        (_, x, _) => x[0] * x[1],
        (_, x, _) => x[0].Columns > 1 && x[1].Length > 1 ? Product(x[0], x[1]) : Zip(x[0], x[1], (a, b) => a * b));

    /// <summary>Of each column: an index. B: what it is below.</summary>
    public static readonly Operation ArgMax = Operation.Of(
        "ArgMax", d => d.Where(x => ColumnsOf(x).All(IsClear), (d, x) => new Step(x) { B = d[x].Rows }),
        (_, x, _) => Op.ArgMax(x[0]), (e, x, _) => Make(1, x[0].Columns, (_, j) => e.Tape.Number(IndexOfLargest(x[0].Column(j))))) with
    { Domain = (x, _) => ColumnsOf(x[0]).All(IsClear) };

    public static readonly Operation MaxColumns = Clear("MaxColumns", x => ColumnsOf(Transposed(x)), Op.MaxColumns,
        x => x.Columns == 1 ? x : Make(x.Rows, 1, (i, _) => LargestOf(Transposed(x).Column(i))));

    /// <summary>B: padding.</summary>
    public static readonly Operation Conv1d = Operation.Of("Conv1d", ChooseConvolution, (_, x, s) => Op.Conv1d(x[0], x[1], s.B),
        (e, x, s) => Product(x[0], Windows(Padded(e, x[1], s.B), x[0].Columns / x[1].Rows, 1)));

    /// <summary>Operands: queries, keys and values. A: heads. Factor: the rate of dropout.</summary>
    public static readonly Operation Attention = Operation.Of("Attention", ChooseAttention,
        (_, x, s) => Op.Attention(x[0], x[1], x[2], s.A, s.Factor), DefineAttention);

    /// <summary>What the generator picks from.</summary>
    public static IReadOnlyList<Operation> All { get; } =
    [
        MatMul, MatMul, Add, Add, Tanh, Sum, Concatenate, ConcatenateColumns, Lookup, LookupAt, LookupOf, CrossEntropy, CrossEntropyAt, Total, Scale,
        Square,
        Binary("Subtract", Op.Subtract, (a, b) => a - b), Multiply, Star,
        WithNumber("Times", (x, number) => x * number, (x, number) => x * number), WithNumber("Plus", (x, number) => x + number, (x, number) => x + number),
        WithNumber("Minus", (x, number) => x - number, (x, number) => x + -number),
            WithNumber("Less", (x, number) => number - x, (x, number) => x * -1 + number),
        WithNumber("Over", (x, number) => x / (3 + number), (x, number) => x * (1 / (3 + number))),
        Binary("Divide", Op.Divide, (a, b) => a / b, x => Math.Abs(x.Value) > 0.3),
        Unary("Sigmoid", Op.Sigmoid, x => ((x * -1).Exp() + 1).Inverse()), Unary("Relu", Op.Relu, x => x.Relu(), x => Math.Abs(x.Value) > 0.01),
        Unary("Erf", Op.Erf, Erf, x => Math.Abs(x.Value) < 2.5), Unary("Exp", Op.Exp, x => x.Exp()), Unary("Log", Op.Log, x => x.Log(), x => x.Value > 0.1),
        Unary("Sqrt", Op.Sqrt, x => x.Sqrt(), x => x.Value > 0.1),
        Unary("Negate", x => -x, x => x * -1), OneMinus, OneMinus, OneMinus, Unary("PlusTwo", x => x + 2, x => x + 2),
        Unary("Reciprocal", x => 1 / x, x => x.Inverse(), x => Math.Abs(x.Value) > 0.3), Unary("AThird", x => x / 3, x => x * (1.0 / 3)),
        Operation.Of("MatMulTransposed", d => d.Pair((a, b) => a.Rows == b.Rows),
            (_, x, _) => Op.MatMulTransposed(x[0], x[1]), (_, x, _) => Product(Transposed(x[0]), x[1])),
        Operation.Of("OuterProduct", d => d.Pair((a, b) => a.Columns == b.Columns),
            (_, x, _) => Op.OuterProduct(x[0], x[1]), (_, x, _) => Product(x[0], Transposed(x[1]))),
        Mean, LookupColumns, CrossEntropyColumns,
        Operation.Of("MeanColumns", d => d.Any(), (_, x, _) => Op.MeanColumns(x[0]),
            (_, x, _) => x[0].Columns == 1 ? x[0] : Make(x[0].Rows, 1, (i, _) => Naive.Sum(Transposed(x[0]).Column(i)) * (1.0 / x[0].Columns))),
        Operation.Of("SumColumns", d => d.Any(), (_, x, _) => Op.SumColumns(x[0]),
            (_, x, _) => x[0].Columns == 1 ? x[0] : Make(x[0].Rows, 1, (i, _) => Naive.Sum(Transposed(x[0]).Column(i)))),
        Operation.Of("SumRows", d => d.Any(), (_, x, _) => Op.SumRows(x[0]),
            (_, x, _) => x[0].Rows == 1 ? x[0] : Make(1, x[0].Columns, (_, j) => Naive.Sum(x[0].Column(j)))),
        Operation.Of("ExpandTo", ChooseExpansion, (_, x, s) => Op.ExpandTo(s.Shape, x[0]),
            (e, x, s) => ShapeOf(x[0]) == s.Shape ? x[0] : Zip(x[0], Zeros(e, s.Shape), (a, _) => a)),
        Operation.Of("Dot", d => d.Pair(SameShape), (_, x, _) => Op.Dot(x[0], x[1]),
            (_, x, _) => Make(1, x[0].Columns, (_, j) => Naive.Sum(x[0].Column(j).Zip(x[1].Column(j), (a, b) => a * b)))),
        Operation.Of("Softmax", d => d.Any(), (_, x, _) => Op.Softmax(x[0]), (_, x, _) => Softmax(x[0])),
        Operation.Of("LogSoftmax", d => d.Any(), (_, x, _) => Op.LogSoftmax(x[0]), (_, x, _) => Map(Softmax(x[0]), e => e.Log())),
        Operation.Of("LogSumExp", d => d.Any(), (_, x, _) => Op.LogSumExp(x[0]),
            (_, x, _) => Make(1, x[0].Columns, (_, j) => Naive.Sum(x[0].Column(j).Select(e => e.Exp())).Log())),
        Operation.Of("SquaredError", d => d.Pair(SameShape), (_, x, _) => Op.SquaredError(x[0], x[1]),
            (_, x, _) => Scalar(Naive.Sum(x[0].Elements.Zip(x[1].Elements, (a, b) => (a - b) * (a - b))))),
        Operation.Of("Slice", d => d.Where(_ => true, (d, x) => Range(d, x, d[x].Rows)), (_, x, s) => Op.Slice(x[0], s.A, s.B),
            (_, x, s) => Make(s.B, x[0].Columns, (i, j) => x[0][i + s.A, j])),
        Operation.Of("Neighbours", d => d.Where(x => x.Rows > 1, (_, x) => new Step(x)),
            (_, x, _) => Op.Multiply(Op.Slice(x[0], 0, x[0].Shape.Rows - 1), Op.Slice(x[0], 1, x[0].Shape.Rows - 1)),
            (_, x, _) => Make(x[0].Rows - 1, x[0].Columns, (i, j) => x[0][i, j] * x[0][i + 1, j])),
        Operation.Of("SliceColumns", d => d.Where(_ => true, (d, x) => Range(d, x, d[x].Columns)), (_, x, s) => Op.SliceColumns(x[0], s.A, s.B),
            (_, x, s) => Make(x[0].Rows, s.B, (i, j) => x[0][i, j + s.A])),
        Operation.Of("Pad", d => d.Where(_ => true, (d, x) => Padding(d, x, d[x].Rows)), (_, x, s) => Op.Pad(x[0], s.A, s.B),
            (e, x, s) => Make(s.B, x[0].Columns, (i, j) => i >= s.A && i < s.A + x[0].Rows ? x[0][i - s.A, j] : e.Tape.Number(0))),
        Operation.Of("PadColumns", d => d.Where(_ => true, (d, x) => Padding(d, x, d[x].Columns)), (_, x, s) => Op.PadColumns(x[0], s.A, s.B),
            (e, x, s) => Make(x[0].Rows, s.B, (i, j) => j >= s.A && j < s.A + x[0].Columns ? x[0][i, j - s.A] : e.Tape.Number(0))),
        Operation.Of("Reshape", d => d.Where(x => x.Length % 2 == 0, ChooseShape),
            (_, x, s) => Op.Reshape(x[0], s.Shape), (_, x, s) => ShapeOf(x[0]) == s.Shape ? x[0] : Shaped(s.Shape, [.. x[0].Elements])),
        Operation.Of("Transpose", d => d.Any(), (_, x, _) => Op.Transpose(x[0]), (_, x, _) => x[0].Length == 1 ? x[0] : Transposed(x[0])),
        Operation.Of("Dropout", d => d.Any() is { } s ? s with { Factor = 0.25 } : null, (_, x, s) => Op.Dropout(x[0], s.Factor), DefineDropout),
        Attention, Attention, .. Activations(), .. Choices(), .. Elements(), .. Largest(), .. Sequences(),
    ];

    private static Matrix DefineLeaf(Evaluation e, Matrix[] x, Step s) => Shaped(s.Shape, [.. s.Data.Select(e.Tape.Number)]);

    // Draws are counted as they come, those within functions too.
    private static Matrix DefineDropout(Evaluation e, Matrix[] x, Step s)
    {
        if (!e.IsTraining)
            return x[0];

        int draw = e.Draws++;
        return Make(x[0].Rows, x[0].Columns, (i, j) =>
            x[0][i, j] * (IsDropped(e.Seed, e.Example, draw, j * x[0].Rows + i, s.Factor) ? 0 : 1 / (1 - s.Factor)));
    }

    private static Step? ChooseAttention(Draft d)
    {
        if (d.Pair((queries, keys) => queries.Rows == keys.Rows)?.Operands is not [int q, int k]
            || d.Where(values => values.Columns == d[k].Columns, (_, values) => new Step(values))?.Operands is not [int v])
            return null;

        int[] heads = [.. Enumerable.Range(1, d[k].Rows).Where(h => d[k].Rows % h == 0 && d[v].Rows % h == 0)];
        return new Step(q, k, v) { A = heads[d.Next(heads.Length)], Factor = d.Next(3) == 0 ? 0.25 : 0 };
    }

    // V·softmax(Kᵀ·Q/√d) of each head; the weights are numbered by head, then by query, then by key.
    private static Matrix DefineAttention(Evaluation e, Matrix[] x, Step s)
    {
        var (queries, keys, values) = (x[0], x[1], x[2]);
        int size = keys.Rows / s.A, own = values.Rows / s.A, draw = s.Factor > 0 && e.IsTraining ? e.Draws++ : -1;
        Matrix[] heads = [.. Enumerable.Range(0, s.A).Select(head =>
        {
            Matrix scores = Product(Transposed(RowsOf(keys, head * size, size)), RowsOf(queries, head * size, size));
            Matrix weights = Softmax(Map(scores, score => score * (1 / Math.Sqrt(size))));
            return Product(RowsOf(values, head * own, own), draw < 0 ? weights : Make(keys.Columns, queries.Columns, (i, j) =>
                weights[i, j] * (IsDropped(e.Seed, e.Example, draw, (head * queries.Columns + j) * keys.Columns + i, s.Factor) ? 0 : 1 / (1 - s.Factor))));
        })];
        return Make(values.Rows, queries.Columns, (i, j) => heads[i / own][i % own, j]);
    }

    private static Matrix RowsOf(Matrix x, int start, int count) => Make(count, x.Columns, (i, j) => x[start + i, j]);

    private static Matrix Zeros(Evaluation e, Shape shape) => Make(shape.Rows, shape.Columns, (_, _) => e.Tape.Number(0));

    private static int IndexOf(Matrix x, int column) => (int)x[0, column].Value;

    private static bool SameShape(Matrix a, Matrix b) => ShapeOf(a) == ShapeOf(b);

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

    // As many as the example has; which they are follows from one choice, so that examples of one kind make the same choices.
    private static double[] Indices(Draft d, int limit, int count = 0)
    {
        var random = new Random(d.Next(1000) + d[d.Count - 1].Length);
        return [.. Enumerable.Range(0, count > 0 ? count : random.Next(1, 5)).Select(_ => (double)random.Next(limit))];
    }

    private static Step? ChooseExpansion(Draft d) => d.Where(x => x.Rows == 1 || x.Columns == 1, (d, x) => new Step(x)
    {
        Shape = new Shape(d[x].Rows == 1 ? 1 + d.Next(4) : d[x].Rows, d[x].Columns == 1 ? 1 + d.Next(4) : d[x].Columns),
    });

    private static Step ChooseShape(Draft d, int x) =>
        new(x) { Shape = d.Next(2) == 0 ? new Shape(2, d[x].Length / 2) : new Shape(d[x].Length) };

    // A number of the example, from its own data: sometimes the same as another's.
    private static Operation WithNumber(string name, Func<Expr, double, Expr> build, Func<Number, double, Number> define) => Operation.Of(
        name, d => d.Any() is { } s ? s with { Data = [Math.Round(4 * d[d.Count - 1][0, 0].Value) / 2] } : null,
        (_, x, s) => build(x[0], s.Data[0]), (_, x, s) => Map(x[0], e => define(e, s.Data[0]))) with
    { HasData = true };

    private static Operation Unary(string name, Func<Expr, Expr> build, Func<Number, Number> define, Func<Number, bool>? domain = null) =>
        Operation.Of(
            name, d => domain is null ? d.Any() : d.Where(x => x.Elements.All(domain), (_, x) => new Step(x)),
            (_, x, _) => build(x[0]), (_, x, _) => Map(x[0], define)) with
        { Domain = (x, _) => domain is null || x[0].Elements.All(domain) };

    private static Operation Binary(
        string name, Func<Expr, Expr, Expr> build, Func<Number, Number, Number> define, Func<Number, bool>? domain = null) => Operation.Of(
        name, d => d.Pair((a, b) => (Fits(a, b) || Fits(b, a)) && (domain is null || b.Elements.All(domain))),
        (_, x, _) => build(x[0], x[1]), (_, x, _) => Zip(x[0], x[1], define)) with
        {
            Domain = (x, _) => domain is null || x[1].Elements.All(domain),
        };

    private static bool Fits(Matrix part, Matrix whole) =>
        (part.Rows == whole.Rows || part.Rows == 1) && (part.Columns == whole.Columns || part.Columns == 1);
}
