using BlasNet.Graphs;
using BlasNet.Operators;
using BlasNet.Operators.Intrinsics;
using FoldWindows = BlasNet.Operators.Intrinsics.Windows;   // ASP.NET Core has a namespace Windows

namespace BlasNet.Tests.Contracts;

/// <summary>At least one sample for every operator that computes; those of element-wise operators are made here.</summary>
internal static class OperatorSamples
{
    private static readonly Shape Scalar = Shape.Scalar;
    private static readonly Shape Vector = new(3);
    private static readonly Shape Row = new(1, 4);
    private static readonly Shape Matrix = new(3, 4);
    private static readonly SampleInput Index = new(Scalar, Numbers.Index);
    private static readonly SampleInput Indices = new(Row, Numbers.Index);
    private static readonly SampleInput Key = new(new Shape(2), Numbers.Key);
    private static readonly long HalfRate = BitConverter.DoubleToInt64Bits(0.5);
    private static readonly int HalfRateHigh = (int)(HalfRate >> 32);
    private static readonly int[] Heads = [1, 2, 2, 3, 1, 2];   // two heads, over one key and two queries, and over three keys and one query
    private static readonly Shape Tall = new(4, 3);
    private static readonly long Epsilon = BitConverter.DoubleToInt64Bits(0.25);
    private static readonly long AnyNumber = BitConverter.DoubleToInt64Bits(-1.5);   // an attribute that is a factor

    public static IReadOnlyList<OperatorSample> All { get; } =
    [
        .. OperatorCatalog.All.OfType<ElementwiseOperator>().SelectMany(Elementwise), .. OperatorCatalog.All.OfType<BinaryOperator>().SelectMany(Binary),

        new(MatMulOperator.Instance, "vector", [new Shape(2, 3), Vector], x => Op.MatMul(x[0], x[1]), [new(2, 3), new(2)], [new(2, 4), Matrix]),
        new(MatMulOperator.Instance, "matrix", [new Shape(2, 3), Matrix], x => Op.MatMul(x[0], x[1])),
        new(MatMulOperator.Affine, "vector", [new Shape(2, 3), Vector, new Shape(2)], x => Expr.Apply(MatMulOperator.Affine, x), [new(2, 3), Vector, new(3)]),
        new(MatMulOperator.Affine, "matrix", [new Shape(2, 3), Matrix, new Shape(2)], x => Expr.Apply(MatMulOperator.Affine, x)),
        new(MatMulTransposedOperator.Instance, "vector", [new Shape(3, 2), Vector], x => Op.MatMulTransposed(x[0], x[1]), [[new(3, 2), new(2)]]),
        new(MatMulTransposedOperator.Instance, "matrix", [new Shape(3, 2), Matrix], x => Op.MatMulTransposed(x[0], x[1])),
        new(OuterProductOperator.OneByOne, "vectors", [Vector, new Shape(2)], x => Op.OuterProduct(x[0], x[1]), [Vector, Matrix]),
        new(OuterProductOperator.OneByOne, "matrices", [Matrix, new Shape(2, 4)], x => Op.OuterProduct(x[0], x[1])),
        new(OuterProductOperator.Summed, "vectors", [Vector, new Shape(2)], x => Op.OuterProductSum(x[0], x[1]), [Vector, Matrix]),
        new(OuterProductOperator.Summed, "matrices", [Matrix, new Shape(2, 4)], x => Op.OuterProductSum(x[0], x[1])),

        .. Where(),

        new(SumOperator.Elements, "vector", [Vector], x => Op.Sum(x[0])),
        new(SumOperator.Elements, "matrix", [Matrix], x => Op.Sum(x[0])),
        new(SumOperator.Columns, "", [Matrix], x => Op.SumColumns(x[0])),
        new(SumOperator.Rows, "", [Matrix], x => Op.SumRows(x[0])),
        new(ExpandOperator.Instance, "scalar", [Scalar], x => Op.ExpandTo(Matrix, x[0]), [[new(2)]]),
        new(ExpandOperator.Instance, "vector", [Vector], x => Op.ExpandTo(Matrix, x[0]), [[new(4)]]),
        new(ExpandOperator.Instance, "row", [Row], x => Op.ExpandTo(Matrix, x[0]), [[new(1, 3)]]),
        new(DotOperator.Instance, "vectors", [Vector, Vector], x => Op.Dot(x[0], x[1]), [Vector, new(2)]),
        new(DotOperator.Instance, "matrices", [Matrix, Matrix], x => Op.Dot(x[0], x[1]), [Matrix, Vector]),

        new(SoftmaxOperator.Instance, "vector", [Vector], x => Op.Softmax(x[0])),
        new(SoftmaxOperator.Instance, "matrix", [Matrix], x => Op.Softmax(x[0])),
        new(LogSoftmaxOperator.Instance, "vector", [Vector], x => Op.LogSoftmax(x[0])),
        new(LogSoftmaxOperator.Instance, "matrix", [Matrix], x => Op.LogSoftmax(x[0])),
        new(LogSumExpOperator.Instance, "vector", [Vector], x => Op.LogSumExp(x[0])),
        new(LogSumExpOperator.Instance, "matrix", [Matrix], x => Op.LogSumExp(x[0])),
        new(LayerNormOperator.Instance, "vector", [Vector], x => Expr.Apply(LayerNormOperator.Instance, x[0], Epsilon)),
        new(LayerNormOperator.Instance, "matrix", [Matrix], x => Expr.Apply(LayerNormOperator.Instance, x[0], Epsilon)),
        new(LayerNormGradientOperator.Instance, "vector", [Vector, Vector], x => Expr.Apply(LayerNormGradientOperator.Instance, x[0], x[1], Epsilon),
            [Vector, new(2)]),
        new(LayerNormGradientOperator.Instance, "matrix", [Matrix, Matrix], x => Expr.Apply(LayerNormGradientOperator.Instance, x[0], x[1], Epsilon),
            [Matrix, Vector]),
        new(CrossEntropyOperator.Instance, "", [Vector, Index], x => Op.CrossEntropy(x[0], x[1]), [Matrix, Scalar], [Vector, Vector]),
        new(CrossEntropyOperator.Instance, "columns", [Matrix, Indices], x => Op.CrossEntropy(x[0], x[1]), [[Matrix, new(1, 3)]]),
        new(CrossEntropyGradientOperator.Instance, "", [Vector, Index, Scalar],
            x => Expr.Apply(CrossEntropyGradientOperator.Instance, x.Length == 4 ? x : [.. x, Op.CrossEntropy(x[0], x[1])]), [Matrix, Scalar, Scalar, Scalar]),
        new(CrossEntropyGradientOperator.Instance, "columns", [Matrix, Indices, Row],
            x => Expr.Apply(CrossEntropyGradientOperator.Instance, x.Length == 4 ? x : [.. x, Op.CrossEntropy(x[0], x[1])]), [Matrix, Row, Scalar, Row]),
        new(SquaredErrorOperator.Instance, "vector", [Vector, Vector], x => Op.SquaredError(x[0], x[1]), [Vector, Scalar], [Vector, Matrix]),
        new(SquaredErrorOperator.Instance, "matrix", [Matrix, Matrix], x => Op.SquaredError(x[0], x[1])),

        new(ConcatenateOperator.Instance, "vectors", [Vector, new Shape(2), Vector], x => Op.Concatenate(x), [Vector, Matrix, Vector]),
        new(ConcatenateOperator.Instance, "matrices", [Matrix, new Shape(2, 4)], x => Op.Concatenate(x)),
        new(ConcatenateColumnsOperator.Instance, "", [Vector, new Shape(3, 2), Vector], x => Op.ConcatenateColumns(x), [Vector, new(2), Vector]),
        new(SliceOperator.Instance, "vector", [new Shape(5)], x => Op.Slice(x[0], 1, 3), [Vector]),
        new(SliceOperator.Instance, "matrix", [new Shape(5, 2)], x => Op.Slice(x[0], 1, 3), [[new(3, 2)]]),
        new(SliceColumnsOperator.Instance, "", [Matrix], x => Op.SliceColumns(x[0], 1, 2), [[new(3, 2)]]),
        new(PadOperator.Instance, "vector", [Vector], x => Op.Pad(x[0], 1, 5), [[new(5)]]),
        new(PadOperator.Instance, "matrix", [Matrix], x => Op.Pad(x[0], 2, 5), [[new(4, 4)]]),
        new(PadColumnsOperator.Instance, "", [Matrix], x => Op.PadColumns(x[0], 1, 6), [[new(3, 6)]]),
        new(ReshapeOperator.Instance, "", [Matrix], x => Op.Reshape(x[0], new Shape(2, 6)), [Vector]),
        new(StopGradientOperator.Instance, "vector", [new SampleInput(Vector, Numbers.Index)], x => Op.StopGradient(x[0])),
        new(StopGradientOperator.Instance, "matrix", [new SampleInput(Matrix, Numbers.Index)], x => Op.StopGradient(x[0])),
        new(TransposeOperator.Instance, "", [Matrix], x => Op.Transpose(x[0])),

        new(ArgMaxOperator.Instance, "vector", [Vector], x => Op.ArgMax(x[0])),
        new(ArgMaxOperator.Instance, "matrix", [Matrix], x => Op.ArgMax(x[0])),
        new(PickOperator.Instance, "", [Vector, Index], x => Op.Pick(x[0], x[1]), [Matrix, Scalar], [Vector, Vector]),
        new(PickOperator.Instance, "columns", [Matrix, Indices], x => Op.Pick(x[0], x[1]), [[Matrix, new(1, 3)]]),
        new(PlaceOperator.Instance, "", [Scalar, Index], x => Expr.Apply(PlaceOperator.Instance, x[0], x[1], 3), [Vector, Vector], [Row, Scalar]),
        new(PlaceOperator.Instance, "columns", [Row, Indices], x => Expr.Apply(PlaceOperator.Instance, x[0], x[1], 3)),
        new(MaxColumnsOperator.Select, "", [Matrix, Matrix], x => Expr.Apply(MaxColumnsOperator.Select, x[0], x[1]), [Matrix, Vector]),
        new(MaxColumnsOperator.Place, "", [Matrix, Vector], x => Expr.Apply(MaxColumnsOperator.Place, x[0], x[1]), [Matrix, Matrix]),
        new(SegmentMaxOperator.Select, "", [new Shape(3, 6), new Shape(3, 6)], x => Segments(SegmentMaxOperator.Select, x, Vector, 3)),
        new(SegmentMaxOperator.Place, "", [new Shape(3, 6), new Shape(3, 3)], x => Segments(SegmentMaxOperator.Place, x, Vector, 6)),

        new(UnfoldOperator.Instance, "", [Matrix], x => Op.Unfold(x[0], 2), [Vector]),
        new(UnfoldOperator.Instance, "stride", [new Shape(2, 6)], x => Op.Unfold(x[0], 3, 2), [new Shape(2, 2)]),
        new(FoldOperator.Instance, "", [new Shape(6, 3)], x => Expr.Apply(FoldOperator.Instance, x[0], new FoldWindows(4, 2, 1).Attribute), [Matrix], [new(5, 3)]),
        new(FoldOperator.Instance, "stride", [new Shape(6, 2)], x => Expr.Apply(FoldOperator.Instance, x[0], new FoldWindows(6, 3, 2).Attribute)),
        new(SegmentUnfoldOperator.Instance, "", [new Shape(2, 7)], x => Segments(SegmentUnfoldOperator.Instance, x, new(4), 4, [3, 2, 1, 4, 2, 2])),
        new(SegmentFoldOperator.Instance, "", [new Shape(4, 4)], x => Segments(SegmentFoldOperator.Instance, x, new(2), 7, [3, 2, 1, 4, 2, 2])),

        new(LookupOperator.Instance, "", [new Shape(2, 3), Index], x => Op.Lookup(x[0], x[1]), [Matrix, Vector]),
        new(LookupOperator.Instance, "columns", [new Shape(2, 3), Indices], x => Op.Lookup(x[0], x[1])),
        new(ScatterColumnOperator.OneByOne, "columns", [Matrix, Indices], x => Expr.Apply(ScatterColumnOperator.OneByOne, x[0], x[1], 3), [Matrix, new(1, 3)]),
        new(ScatterColumnOperator.Summed, "columns", [Matrix, Indices], x => Expr.Apply(ScatterColumnOperator.Summed, x[0], x[1], 3), [Vector, Row]),
        new(ScatterColumnOperator.OneByOne, "", [Vector, Index], x => Expr.Apply(ScatterColumnOperator.OneByOne, x[0], x[1], 3), [Matrix, Scalar]),
        new(ScatterColumnOperator.Summed, "", [Vector, Index], x => Expr.Apply(ScatterColumnOperator.Summed, x[0], x[1], 3), [Vector, Vector]),
        new(DropoutOperator.Instance, "vector", [Vector, Key], x => Expr.Apply(DropoutOperator.Instance, x[0], x[1], HalfRate), [Vector, Vector]),
        new(DropoutOperator.Instance, "as large as its key", [new Shape(2), Key], x => Expr.Apply(DropoutOperator.Instance, x[0], x[1], HalfRate)),
        new(DropoutOperator.Instance, "matrix", [Matrix, Key], x => Expr.Apply(DropoutOperator.Instance, x[0], x[1], HalfRate)),

        new(AttentionProductOperator.Scores, "", [new Shape(4, 3), new Shape(4, 2)], x => Expr.Apply(AttentionProductOperator.Scores, x[0], x[1], 2),
            [Matrix, Matrix], [new(4, 3), new(6, 2)]),
        new(AttentionProductOperator.ByQuery, "", [new Shape(4, 3), new Shape(1, 12)], x => Expr.Apply(AttentionProductOperator.ByQuery, x[0], x[1], 2),
            [new(4, 3), new(1, 9)], [new(4, 3), new(2, 6)]),
        new(AttentionProductOperator.ByKey, "", [new Shape(4, 2), new Shape(1, 12)], x => Expr.Apply(AttentionProductOperator.ByKey, x[0], x[1], 2),
            [new(4, 2), new(1, 10)], [new(3, 2), new(1, 12)]),
        new(AttentionScoresOperator.Softmax, "", [new Shape(1, 12)], x => Expr.Apply(AttentionScoresOperator.Softmax, x[0], 3), [[new(1, 10)], [new(2, 6)]]),
        new(AttentionScoresOperator.Total, "", [new Shape(1, 12)], x => Expr.Apply(AttentionScoresOperator.Total, x[0], 3), [[new(1, 10)], [new(2, 6)]]),
        new(SegmentProductOperator.Scores, "", [new Shape(4, 4), Tall], x => Segments(SegmentProductOperator.Scores, x, Scalar, 10, Heads)),
        new(SegmentProductOperator.ByQuery, "", [new Shape(4, 4), new Shape(1, 10)], x => Segments(SegmentProductOperator.ByQuery, x, new(4), 3, Heads)),
        new(SegmentProductOperator.ByKey, "", [Tall, new Shape(1, 10)], x => Segments(SegmentProductOperator.ByKey, x, new(4), 4, Heads)),
        new(SegmentScoresOperator.Softmax, "", [new Shape(1, 7)], x => Segments(SegmentScoresOperator.Softmax, x, x[0].Shape, 1, [3, 1, 1, 2, 2, 1])),
        new(SegmentScoresOperator.Total, "", [new Shape(1, 7)], x => Segments(SegmentScoresOperator.Total, x, x[0].Shape, 1, [3, 1, 1, 2, 2, 1])),
        new(SegmentDropoutOperator.Instance, "", [new Shape(3, 3), new SampleInput(new Shape(2, 2), Numbers.Key)],
            x => Segments(SegmentDropoutOperator.Instance, x, x[0].Shape, 1, [1, HalfRateHigh, 0, 2, HalfRateHigh, 0])),

        new(TotalOperator.Instance, "", [Matrix, Matrix, Matrix], x => Op.Total(x), [Matrix, Matrix, Vector]),
        new(PlusOperator.Instance, "", [Matrix, Matrix, Matrix], x => Expr.Apply(PlusOperator.Instance, x), [Matrix, Matrix, Vector]),
        new(BroadcastOperator.Instance, "", [Vector], x => Structure(BroadcastOperator.Instance, 5, x, Vector, 5)),
        new(SpreadOperator.Instance, "", [Vector, Matrix], x => Expr.Apply(SpreadOperator.Instance, x[0], x[1])),
        new(GatherOperator.Instance, "", [Matrix, Vector], Gather),
        new(SegmentSumOperator.Instance, "columns", [new Shape(3, 6)], x => Segments(SegmentSumOperator.Instance, x, Vector, 3)),
        new(SegmentSumOperator.Instance, "elements", [new Shape(3, 6)], x => Segments(SegmentSumOperator.Instance, x, Scalar, 3)),
        new(SegmentRepeatOperator.Instance, "vectors", [new Shape(3, 3)], x => Segments(SegmentRepeatOperator.Instance, x, Vector, 6)),
        new(ScatterAddOperator.Instance, "", [Matrix, Vector], ScatterAdd),
    ];

    private static OperatorSample[] Elementwise(Operator op)
    {
        Numbers numbers = IsDefined(op, -1) ? Numbers.Signed : Numbers.Positive;
        return
        [
            new(op, "scalar", [new SampleInput(Scalar, numbers)], x => Expr.Apply(op, x[0], AnyNumber)),
            new(op, "matrix", [new SampleInput(Matrix, numbers)], x => Expr.Apply(op, x[0], AnyNumber)),
        ];
    }

    private static bool IsDefined(Operator op, double x)
    {
        var graph = new Graph(Precision.Double);
        Expr y = Expr.Apply(op, graph.Input(x), AnyNumber);
        using var evaluator = new DirectEvaluator<double>(graph);
        return !double.IsNaN(evaluator[y][0]);
    }

    private static OperatorSample[] Binary(Operator op)
    {
        (string Variant, Shape A, Shape B)[] shapes =
        [
            ("scalars", Scalar, Scalar), ("vectors", Vector, Vector), ("matrices", Matrix, Matrix),
            ("scalar with vector", Scalar, Vector), ("vector with scalar", Vector, Scalar),
            ("scalar with matrix", Scalar, Matrix), ("matrix with scalar", Matrix, Scalar),
            ("vector with matrix", Vector, Matrix), ("matrix with vector", Matrix, Vector),
            ("row with matrix", Row, Matrix), ("matrix with row", Matrix, Row), ("square with row", new Shape(3, 3), new Shape(1, 3)),
        ];
        return [.. shapes.Select(s => new OperatorSample(op, s.Variant, [s.A, s.B], x => Expr.Apply(op, x[0], x[1]),
            [Vector, new(2)], [Matrix, new(3, 5)], [Vector, Row], [Row, Vector], [Matrix, new(4)], [new(1, 3), Matrix]))];
    }

    private static OperatorSample[] Where()
    {
        var condition = new SampleInput(Matrix, Numbers.Index);
        (string Variant, SampleInput[] Inputs)[] samples =
        [
            ("vectors", [new(Vector, Numbers.Index), Vector, Vector]), ("matrices", [condition, Matrix, Matrix]),
                ("vector and scalar", [condition, Vector, Scalar]),
            ("row and vector", [condition, Row, Vector]), ("row decides", [new(Row, Numbers.Index), Matrix, Vector]),
            ("scalar decides", [new(Scalar, Numbers.Index), Scalar, Matrix]), ("rows", [new(Row, Numbers.Index), Scalar, Row]),
        ];
        return [.. samples.Select(s => new OperatorSample(WhereOperator.Instance, s.Variant, s.Inputs, x => Op.Where(x[0], x[1], x[2]),
            [Vector, Vector, new(2)], [Vector, Row, Scalar], [Matrix, new(3, 5), Matrix], [new(4), Matrix, Matrix]))];
    }

    // The second input's last element, all of the first input, the second input's first two elements, one more of the first.
    private static Expr Gather(Expr[] x)
    {
        long runs = x[0].Graph.AddMoves([new Move(1, 2, 0, 1), new Move(0, 0, 1, 12), new Move(1, 0, 13, 2), new Move(0, 5, 15, 1)]);
        return Structure(GatherOperator.Instance, runs, x, new Shape(4), 4);
    }

    // Overlapping and touching ranges, and elements that nothing is added to.
    private static Expr ScatterAdd(Expr[] x)
    {
        long runs = x[0].Graph.AddMoves([new Move(0, 0, 0, 12), new Move(1, 0, 2, 3), new Move(1, 1, 13, 2)]);
        return Structure(ScatterAddOperator.Instance, runs, x, new Shape(4), 4);
    }

    // Of one, three and two columns, or as the list says.
    private static Expr Segments(Operator op, Expr[] x, Shape shape, int count, int[]? list = null) =>
        Structure(op, x[0].Graph.AddList(list ?? [1, 3, 2]), x, shape, count);

    private static Expr Structure(Operator op, long attribute, Expr[] inputs, Shape shape, int count)
    {
        Graph graph = inputs[0].Graph;
        return graph.At(graph.AppendStack(op, attribute, [.. inputs.Select(input => input.Index)], shape, count, shared: false));
    }
}
