using BlasNet.Graphs;
using BlasNet.Operators;
using static BlasNet.Tests.Oracle.Naive;

namespace BlasNet.Tests.Oracle;

/// <content>The largest of elements, windows of a sequence, and what is made of columns.</content>
internal static partial class Operations
{
    private static Operation[] Largest() =>
    [
        ArgMax, MaxColumns,
        Clear("Max", x => [x.Elements], Op.Max, x => x.Length == 1 ? x : Scalar(LargestOf(x.Elements))),
        Clear("MaxRows", ColumnsOf, Op.MaxRows, x => x.Rows == 1 ? x : Make(1, x.Columns, (_, j) => LargestOf(x.Column(j)))),
        Operation.Of("Pick", d => d.Where(_ => true, (d, x) => new Step(x) { Data = Indices(d, d[x].Rows, d[x].Columns), B = d[x].Rows }),
            (g, x, s) => Op.Pick(x[0], g.Indices([.. s.Data.Select(index => (int)index)])), (_, x, s) =>
                Make(1, x[0].Columns, (_, j) => x[0][(int)s.Data[j], j])) with
        { HasData = true, IsForExamples = true },
        Operation.Of("Pick", d => d.WhereIndex(HasRows), (_, x, _) => Op.Pick(x[0], x[1]), (_, x, _) =>
            Make(1, x[0].Columns, (_, j) => x[0][IndexOf(x[1], j), j])),
    ];

    /// <summary>A step's A is a width, its B a stride or a padding.</summary>
    private static Operation[] Sequences() =>
    [
        Operation.Of("LayerNorm", d => d.Any() is { } s ? s with { Factor = 0.1 } : null, (_, x, s) => Op.LayerNorm(x[0], s.Factor),
            (_, x, s) => Beside([.. ColumnsOf(x[0]).Select(column => Normalized(column, s.Factor))])),
        Conv1d,
        Operation.Of("LogSumExpColumns", d => d.Any(),
            (_, x, _) => Op.LogSumExpColumns(x[0]),
            (_, x, _) => x[0].Columns == 1 ? x[0] : Make(x[0].Rows, 1, (i, _) => Naive.Sum(Transposed(x[0]).Column(i).Select(e => e.Exp())).Log())),
        Operation.Of("Unfold", d => d.Where(_ => true, (d, x) => new Step(x) { A = 1 + d.Next(d[x].Columns), B = 1 + d.Next(2) }),
            (_, x, s) => Op.Unfold(x[0], s.A, s.B), (_, x, s) => s is { A: 1, B: 1 } ? x[0] : Windows(x[0], s.A, s.B)),
        Operation.Of("MaxPool", d => d.Where(x => x.Columns > 1, (d, x) => new Step(x) { A = 1 + d.Next(d[x].Columns), B = d.Next(3) }),
            (_, x, s) => Op.MaxPool(x[0], s.A, s.B), (_, x, s) => Strided(s) == 1 && s.A == 1 ? x[0] : Pooled(x[0], s)) with
        { Domain = (x, s) => s.A <= x[0].Columns && GroupsOf(x[0], s).All(IsClear) },
    ];

    private static Step? ChooseConvolution(Draft d)
    {
        int padding = d.Next(3);
        return d.Pair((w, x) => w.Columns % x.Rows == 0 && x.Columns + 2 * padding >= w.Columns / x.Rows) is { } s ? s with { B = padding } : null;
    }

    private static Matrix Normalized(IReadOnlyList<Number> x, double epsilon)
    {
        Number mean = Naive.Sum(x) * (1.0 / x.Count);
        Number variance = Naive.Sum(x.Select(e => (e - mean) * (e - mean))) * (1.0 / x.Count);
        return Shaped(new Shape(x.Count), [.. x.Select(e => (e - mean) / (variance + epsilon).Sqrt())]);
    }

    private static Operation Clear(string name, Func<Matrix, IEnumerable<IReadOnlyList<Number>>> groups, Func<Expr, Expr> build, Func<Matrix, Matrix> define) =>
        Operation.Of(name, d => d.Where(x => groups(x).All(IsClear), (_, x) => new Step(x)), (_, x, _) => build(x[0]), (_, x, _) => define(x[0])) with
        { Domain = (x, _) => groups(x[0]).All(IsClear) };

    // The largest element has a distance from all others.
    private static bool IsClear(IReadOnlyList<Number> x)
    {
        Number largest = LargestOf(x);
        return x.Count(e => !(e.Value < largest.Value - Distance)) == 1;
    }

    // An index for each column, of a row.
    private static bool HasRows(Matrix x, Matrix indices, int limit) => x.Columns == indices.Columns && x.Rows >= limit;

    private static int IndexOfLargest(IReadOnlyList<Number> x) => Enumerable.Range(0, x.Count).MaxBy(i => x[i].Value);

    private static Number LargestOf(IReadOnlyList<Number> x) => x[IndexOfLargest(x)];

    private static IEnumerable<IReadOnlyList<Number>> ColumnsOf(Matrix x) => Enumerable.Range(0, x.Columns).Select(x.Column);

    private static Matrix Windows(Matrix x, int width, int stride) =>
        Make(width * x.Rows, (x.Columns - width) / stride + 1, (i, j) => x[i % x.Rows, j * stride + i / x.Rows]);

    private static Matrix Padded(Evaluation e, Matrix x, int padding) => padding == 0 ? x
        : Beside([Zeros(e, new Shape(x.Rows, padding)), x, Zeros(e, new Shape(x.Rows, padding))]);

    private static int Strided(Step s) => s.B == 0 ? s.A : s.B;

    private static Matrix Pooled(Matrix x, Step s)
    {
        IReadOnlyList<Number>[] groups = [.. GroupsOf(x, s)];
        return Shaped(new Shape(x.Rows, groups.Length / x.Rows), [.. groups.Select(LargestOf)]);
    }

    // Of each window, of each row, the elements.
    private static IEnumerable<IReadOnlyList<Number>> GroupsOf(Matrix x, Step s) =>
        ColumnsOf(Windows(x, s.A, Strided(s))).SelectMany(window => Enumerable.Range(0, x.Rows).Select(i => window.Where((_, k) => k % x.Rows == i).ToArray()));
}
