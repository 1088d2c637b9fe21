using System.Globalization;
using BlasNet.Graphs;
using BlasNet.Kernels;
using BlasNet.Operators.Intrinsics;

namespace BlasNet.Operators;

/// <summary>One of the matrices of attention from the two others, head by head: scores S = Kᵀ·Q, a column for each query Q = K·S, or for each key
/// K = Q·Sᵀ.</summary>
/// <remarks>
/// Keys are [h·d × m], queries [h·d × n]. Scores are a row [1 × h·n·m]: for each head, for each query, its scores for all keys. They are a row because
/// values that differ in their numbers of columns become one stack, and those that differ in their numbers of rows do not.
/// Inputs: two of keys, queries and scores, in this order. Attribute: h. The gradient with respect to each of the three is the product that computes it.
/// </remarks>
internal sealed class AttentionProductOperator : Operator, IMatrixProduct
{
    public static readonly AttentionProductOperator ByKey = new("attention-by-key", HeadMatrix.Keys, SegmentProductOperator.ByKey);
    public static readonly AttentionProductOperator ByQuery = new("attention-by-query", HeadMatrix.Queries, SegmentProductOperator.ByQuery);
    public static readonly AttentionProductOperator Scores = new("attention-scores", HeadMatrix.Scores, SegmentProductOperator.Scores);

    private readonly HeadMatrix _computed;

    private AttentionProductOperator(string name, HeadMatrix computed, Operator overSegments)
        : base(new() { CanAccumulate = true, OverSegments = overSegments, IsNeverColumnWise = true, Attention = computed.PartOfAttention() }) =>
        (Name, _computed) = (name, computed);

    public override string Name { get; }

    public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute)
    {
        var (first, second) = (inputs[0], inputs[1]);
        if (attribute < 1 || first.Rows % attribute != 0)
            throw new ShapeException(this, $"the number of heads ({attribute}) must divide the rows ({first.Rows})");

        if (_computed == HeadMatrix.Scores)
        {
            if (first.Rows != second.Rows)
                throw new ShapeException(this, $"rows of the keys ({first.Rows}) must equal rows of the queries ({second.Rows})");

            Int128 scores = (Int128)attribute * first.Columns * second.Columns;
            return scores <= int.MaxValue ? new Shape(1, (int)scores)
                : throw new ShapeException(this, $"there are {scores} scores; a value has at most {int.MaxValue} elements");
        }

        long step = attribute * first.Columns;
        if (second.Rows != 1 || second.Columns % step != 0)
            throw new ShapeException(this, $"scores must be a row of {attribute} × {first.Columns} numbers, or a multiple, not {second}");

        return Shape.Of(first.Rows, second.Columns / step);
    }

    public override void AddSegments(ReadOnlySpan<Shape> inputs, Shape output, long attribute, List<int> list)
    {
        list.Add((_computed == HeadMatrix.Keys ? output : inputs[_computed.InputOf(HeadMatrix.Keys)]).Columns);
        list.Add((_computed == HeadMatrix.Queries ? output : inputs[_computed.InputOf(HeadMatrix.Queries)]).Columns);
        list.Add((int)attribute);
    }

    public long Flops(Graph graph, int node)
    {
        Shape first = graph.ShapeOf(graph.InputsOf(node)[0]), output = graph.ShapeOf(node);
        return _computed == HeadMatrix.Scores ? 2L * output.Size * (first.Rows / graph.AttributeOf(node)) : 2L * output.Size * first.Columns;
    }

    public override void Forward<T>(in Operands<T> stack)
    {
        Shape first = stack[0].Shape, second = stack[1].Shape, y = stack.Output.Shape;
        int keys = (_computed == HeadMatrix.Keys ? y : first).Columns;
        int queries = (_computed == HeadMatrix.Queries ? y : _computed == HeadMatrix.Keys ? first : second).Columns;
        SegmentProductOperator.Multiply(stack, _computed, [keys, queries, (int)stack.Attribute], stack.Output.Count);
    }

    public override void Gradient(in GradientContext g)
    {
        for (int input = 0; input < 2; input++)
        {
            if (!g.IsNeeded(input))
                continue;

            var (other, dy) = (g.Input(1 - input), g.OutputGradient);
            var (first, second) = _computed < _computed.OfInput(1 - input) ? (dy, other) : (other, dy);
            g.Accumulate(input, Expr.Apply(Of(_computed.OfInput(input)), first, second, g.Attribute));
        }
    }

    public override string Describe(long attribute) => attribute == 1 ? "" : $"{attribute.ToString(CultureInfo.InvariantCulture)} heads";

    private static AttentionProductOperator Of(HeadMatrix computed) =>
        computed == HeadMatrix.Keys ? ByKey : computed == HeadMatrix.Queries ? ByQuery : Scores;
}
