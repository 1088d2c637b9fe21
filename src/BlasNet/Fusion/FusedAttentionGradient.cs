using System.Numerics;
using BlasNet.Graphs;
using BlasNet.Kernels;
using BlasNet.Operators.Intrinsics;

namespace BlasNet.Fusion;

/// <summary>The gradients of V·softmax(Kᵀ·Q), head by head, as one node: the scores and their gradient never travel to memory.</summary>
/// <remarks>Inputs: K, Q, V, all of one shape, and the result's gradient. Results: the gradients of K, Q and V. Attribute: the number of heads.</remarks>
internal sealed class FusedAttentionGradient() : Operator(new()), IMatrixProduct
{
    internal static readonly FusedAttentionGradient Instance = new();

    public override string Name => "attention-gradient";

    public override int ResultCount => 3;

    public override Shape ResultShape(int result, Shape shape) => shape;

    public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute) => inputs[0];

    // What the four products of the gradients need; the one that is computed again is not of the model.
    public long Flops(Graph graph, int node)
    {
        Shape keys = graph.ShapeOf(graph.InputsOf(node)[0]);
        return 8L * keys.Columns * keys.Columns * keys.Rows;
    }

    public override void Forward<T>(in Operands<T> stack) =>
        Run(stack, [stack[0].Shape.Columns, stack[1].Shape.Columns, (int)stack.Attribute], stack.Output.Count);

    public override void Gradient(in GradientContext g) =>
        throw new InvalidOperationException("Error in BlasNet: fusing attention comes after differentiating.");

    /// <summary>Computes a stack.</summary>
    /// <param name="stack">The operands.</param>
    /// <param name="sizes">Keys, queries and heads of each example; one triple where all have the same.</param>
    /// <param name="count">Number of examples.</param>
    internal static unsafe void Run<T>(in Operands<T> stack, ReadOnlySpan<int> sizes, int count)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var gradient = new HeadAttentionGradient<T>
        {
            Keys = stack[0].Data,
            Queries = stack[1].Data,
            Values = stack[2].Data,
            ResultGradient = stack[3].Data,
            KeyGradient = stack.Result(0).Data,
            QueryGradient = stack.Result(1).Data,
            ValueGradient = stack.Result(2).Data,
            KeyRows = stack[0].Shape.Rows,
            ValueRows = stack[2].Shape.Rows,
        };
        HeadSweep<HeadAttentionGradient<T>>.Run(gradient, sizes, count);
    }
}

/// <summary>The same over a ragged stack. Of each example the list has the numbers of keys m, of queries n, and of heads.</summary>
internal sealed class FusedSegmentAttentionGradient() : SegmentOperator(width: 3), IMatrixProduct
{
    internal static readonly FusedSegmentAttentionGradient Instance = new();

    public override string Name => "segment-attention-gradient";

    public override int ResultCount => 3;

    public override Shape ResultShape(int result, Shape shape) => shape;

    public override int ColumnsOf(ReadOnlySpan<int> segment, int value) => value is 1 or 3 ? segment[1] : segment[0];

    // Of one column.
    public long Flops(Graph graph, int node)
    {
        ReadOnlySpan<int> list = graph.ListOf(node);
        long products = 0;
        for (int i = 0; i < list.Length; i += Width)
            products += (long)list[i] * list[i + 1];

        return 8 * products * graph.ShapeOf(node).Rows / graph.CountOf(node);
    }

    public override void Forward<T>(in Operands<T> stack) => FusedAttentionGradient.Run(stack, stack.List, stack.List.Length / Width);

    public override void Gradient(in GradientContext g) =>
        throw new InvalidOperationException("Error in BlasNet: fusing attention comes after differentiating.");
}
