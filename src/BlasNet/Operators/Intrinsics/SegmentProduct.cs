using System.Numerics;
using BlasNet.Graphs;
using BlasNet.Kernels;

namespace BlasNet.Operators.Intrinsics;

/// <summary>One of the matrices of attention from the two others, head by head, where examples differ in their numbers of keys and of queries.</summary>
/// <remarks>Of each example the list has the number of keys m, of queries n, and of heads h. Keys have m columns, queries n, scores h·n·m of one row.</remarks>
internal sealed class SegmentProductOperator : SegmentOperator, IMatrixProduct
{
    public static readonly SegmentProductOperator ByKey = new("segment-by-key", HeadMatrix.Keys);
    public static readonly SegmentProductOperator ByQuery = new("segment-by-query", HeadMatrix.Queries);
    public static readonly SegmentProductOperator Scores = new("segment-scores", HeadMatrix.Scores);

    private readonly HeadMatrix _computed;

    private SegmentProductOperator(string name, HeadMatrix computed)
        : base(width: 3, canAccumulate: true, computed.PartOfAttention()) => (Name, _computed) = (name, computed);

    public override string Name { get; }

    public override int ColumnsOf(ReadOnlySpan<int> segment, int value) => (value == Output ? _computed : _computed.OfInput(value)) switch
    {
        HeadMatrix.Keys => segment[0],
        HeadMatrix.Queries => segment[1],
        _ => checked(segment[0] * segment[1] * segment[2]),
    };

    public override bool MayShare(int input) => true;

    // Of one score, of which there are most.
    public long Flops(Graph graph, int node)
    {
        int rows = _computed == HeadMatrix.Scores ? graph.ShapeOf(graph.InputsOf(node)[0]).Rows : graph.ShapeOf(node).Rows;
        return 2L * rows / graph.ListOf(node)[2];
    }

    public override void Forward<T>(in Operands<T> stack) => Multiply(stack, _computed, stack.List, stack.List.Length / Width);

    public override void Gradient(in GradientContext g)
    {
        for (int input = 0; input < 2; input++)
        {
            if (!g.IsNeeded(input))
                continue;

            int other = g.Input(1 - input).Index, dy = g.OutputGradient.Index;
            int[] factors = _computed < _computed.OfInput(1 - input) ? [dy, other] : [other, dy];
            g.Accumulate(input, Append(g, Of(_computed.OfInput(input)), factors, g.Input(input)));
        }
    }

    /// <summary>Computes a stack of such products.</summary>
    /// <param name="stack">The operands. One that has the columns of a single example is the same for all.</param>
    /// <param name="computed">What the output is.</param>
    /// <param name="sizes">Keys, queries and heads of each example; one triple where all have the same.</param>
    /// <param name="count">Number of examples.</param>
    internal static unsafe void Multiply<T>(in Operands<T> stack, HeadMatrix computed, ReadOnlySpan<int> sizes, int count)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Operand<T> keys = Of(stack, HeadMatrix.Keys), queries = Of(stack, HeadMatrix.Queries), scores = Of(stack, HeadMatrix.Scores);
        long m = 0, n = 0, mn = 0;
        for (int i = 0; i < sizes.Length; i += 3)
            (m, n, mn) = (m + sizes[i], n + sizes[i + 1], mn + ((long)sizes[i] * sizes[i + 1] * sizes[i + 2]));

        int times = sizes.Length == 3 ? count : 1;
        var products = new HeadProducts<T>
        {
            Computed = computed,
            Keys = keys.Data,
            Queries = queries.Data,
            Scores = scores.Data,
            SharesKeys = keys.Vectors < m * times,
            SharesQueries = queries.Vectors < n * times,
            SharesScores = scores.Vectors < mn * times,
            Rows = keys.Shape.Rows,
            Accumulate = stack.Accumulate,
        };
        HeadSweep<HeadProducts<T>>.Run(products, sizes, count);

        Operand<T> Of(in Operands<T> stack, HeadMatrix matrix) => matrix == computed ? stack.Output : stack[computed.InputOf(matrix)];
    }

    private static SegmentProductOperator Of(HeadMatrix computed) =>
        computed == HeadMatrix.Keys ? ByKey : computed == HeadMatrix.Queries ? ByQuery : Scores;
}

/// <summary>What a product is to attention.</summary>
internal static class HeadMatrixParts
{
    /// <summary>Scores are its first step, and queries, a mean of values for each, its last; its gradient is all three kinds of products.</summary>
    public static AttentionPart PartOfAttention(this HeadMatrix computed) => computed switch
    {
        HeadMatrix.Scores => AttentionPart.Scores,
        HeadMatrix.Queries => AttentionPart.Result,
        _ => AttentionPart.ByKey,
    };
}
