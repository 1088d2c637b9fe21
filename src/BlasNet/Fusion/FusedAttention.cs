using System.Numerics;
using BlasNet.Graphs;
using BlasNet.Kernels;
using BlasNet.Operators.Intrinsics;

namespace BlasNet.Fusion;

/// <summary>V·softmax(Kᵀ·Q), head by head, as one node: where nothing else reads the scores, or only a gradient that is one node too, they never travel to
/// memory.</summary>
/// <remarks>Inputs: K, Q, V. Attribute: the number of heads.</remarks>
internal sealed class FusedAttention() : Operator(new()), IMatrixProduct
{
    private static readonly FusedAttention Instance = new();

    public override string Name => "attention";

    /// <summary>The operator of all three nodes, if a node is the last of them.</summary>
    /// <param name="graph">Any graph.</param>
    /// <param name="node">Any node of it.</param>
    /// <param name="softmax">The second one.</param>
    /// <param name="scores">The first one.</param>
    public static Operator? Find(Graph graph, int node, out int softmax, out int scores)
    {
        (softmax, scores) = (-1, -1);
        if (graph.OperatorOf(node).Traits.Attention != AttentionPart.Result)
            return null;

        softmax = graph.InputsOf(node)[1];
        if (graph.OperatorOf(softmax).Traits.Attention != AttentionPart.Softmax)
            return null;

        scores = graph.InputsOf(softmax)[0];
        if (graph.OperatorOf(scores).Traits.Attention != AttentionPart.Scores || graph.IsShared(scores) != graph.IsShared(node))
            return null;

        return graph.OperatorOf(node).HasList ? FusedSegmentAttention.Instance : Instance;
    }

    public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute) => new(inputs[2].Rows, inputs[1].Columns);

    public long Flops(Graph graph, int node)
    {
        ReadOnlySpan<int> inputs = graph.InputsOf(node);
        Shape keys = graph.ShapeOf(inputs[0]), queries = graph.ShapeOf(inputs[1]), values = graph.ShapeOf(inputs[2]);
        return 2L * keys.Columns * queries.Columns * (keys.Rows + values.Rows);
    }

    public override void Forward<T>(in Operands<T> stack) =>
        Run(stack, [stack[0].Shape.Columns, stack[1].Shape.Columns, (int)stack.Attribute], stack.Output.Count);

    public override void Gradient(in GradientContext g) =>
        throw new InvalidOperationException("Error in BlasNet: fusing attention comes after differentiating.");

    /// <summary>Computes a stack.</summary>
    /// <param name="stack">The operands. One that has the columns of a single example is the same for all.</param>
    /// <param name="sizes">Keys, queries and heads of each example; one triple where all have the same.</param>
    /// <param name="count">Number of examples.</param>
    internal static unsafe void Run<T>(in Operands<T> stack, ReadOnlySpan<int> sizes, int count)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Operand<T> keys = stack[0], queries = stack[1], values = stack[2];
        long m = 0, n = 0;
        for (int i = 0; i < sizes.Length; i += 3)
            (m, n) = (m + sizes[i], n + sizes[i + 1]);

        int times = sizes.Length == 3 ? count : 1;
        var attention = new HeadAttention<T>
        {
            Keys = keys.Data,
            Queries = queries.Data,
            Values = values.Data,
            Results = stack.Output.Data,
            SharesKeys = keys.Vectors < m * times,
            SharesQueries = queries.Vectors < n * times,
            SharesValues = values.Vectors < m * times,
            KeyRows = keys.Shape.Rows,
            ValueRows = values.Shape.Rows,
        };
        HeadSweep<HeadAttention<T>>.Run(attention, sizes, count);
    }
}

/// <summary>The same over a ragged stack. Of each example the list has the numbers of keys m, of queries n, and of heads.</summary>
internal sealed class FusedSegmentAttention() : SegmentOperator(width: 3), IMatrixProduct
{
    internal static readonly FusedSegmentAttention Instance = new();

    public override string Name => "segment-attention";

    public override int ColumnsOf(ReadOnlySpan<int> segment, int value) => value is 0 or 2 ? segment[0] : segment[1];

    public override bool MayShare(int input) => true;

    // Of one column of the input that has most.
    public long Flops(Graph graph, int node)
    {
        ReadOnlySpan<int> list = graph.ListOf(node), inputs = graph.InputsOf(node);
        long products = 0, m = 0, n = 0;
        for (int i = 0; i < list.Length; i += Width)
            (products, m, n) = (products + ((long)list[i] * list[i + 1]), m + list[i], n + list[i + 1]);

        return 2 * products * (graph.ShapeOf(inputs[0]).Rows + graph.ShapeOf(inputs[2]).Rows) / Math.Max(m, n);
    }

    public override void Forward<T>(in Operands<T> stack) => FusedAttention.Run(stack, stack.List, stack.List.Length / Width);

    public override void Gradient(in GradientContext g) =>
        throw new InvalidOperationException("Error in BlasNet: fusing attention comes after differentiating.");
}
