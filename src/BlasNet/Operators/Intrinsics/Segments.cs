using BlasNet.Graphs;
using BlasNet.Kernels;

namespace BlasNet.Operators.Intrinsics;

/// <summary>An operator over a ragged stack: values [r × cᵢ] of different numbers of columns, which lie column after column.</summary>
/// <remarks>Attribute: the list of the cᵢ. The columns of value i are a segment of the stack of all columns. A value that has one column for each segment is
/// an ordinary stack.</remarks>
internal abstract class SegmentOperator() : Operator(new() { Merging = Merging.Never, HasList = true, ReadsWholeStacks = true })
{
    // Made by batching, which knows the shape.
    public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute) => inputs[0];

    public override string Describe(long attribute) => $"{(int)attribute} segments";

    /// <summary>Appends an operator over the segments of the node whose gradient is computed.</summary>
    protected static Expr Append(in GradientContext g, Operator op, ReadOnlySpan<int> inputs, Expr like) =>
        g.Graph.At(g.Graph.AppendStack(op, g.Attribute, inputs, like.Shape, like.Count, shared: false));
}

/// <summary>For each segment the sum of its columns, or of all their elements, as the output's shape says.</summary>
internal sealed class SegmentSumOperator : SegmentOperator
{
    public static readonly SegmentSumOperator Instance = new();

    public override string Name => "segment-sum";

    public override unsafe void Forward<T>(in Operands<T> stack)
    {
        Operand<T> x = stack[0], y = stack.Output;
        int size = y.Length / stack.List.Length;
        T* source = x.Data, target = y.Data;
        foreach (int columns in stack.List)
        {
            int length = x.Shape.Rows * columns;
            Rows.SumOver(source, size, target, size, length / size, accumulate: false);
            source += length;
            target += size;
        }
    }

    public override void Gradient(in GradientContext g) =>
        g.Accumulate(0, Append(g, SegmentRepeatOperator.Instance, [g.OutputGradient.Index], g.Input(0)));
}

/// <summary>A vector for each segment, repeated as each of the segment's columns; a scalar as each of their elements.</summary>
internal sealed class SegmentRepeatOperator : SegmentOperator
{
    public static readonly SegmentRepeatOperator Instance = new();

    public override string Name => "segment-repeat";

    public override unsafe void Forward<T>(in Operands<T> stack)
    {
        Operand<T> x = stack[0], y = stack.Output;
        int rows = y.Shape.Rows, size = x.Length / stack.List.Length;
        T* source = x.Data, target = y.Data;
        foreach (int columns in stack.List)
        {
            if (size == 1)
                new Span<T>(target, rows * columns).Fill(*source);
            else
                Rows.Copy(source, 0, target, rows, rows, columns);

            source += size;
            target += (nint)rows * columns;
        }
    }

    public override void Gradient(in GradientContext g) =>
        g.Accumulate(0, Append(g, SegmentSumOperator.Instance, [g.OutputGradient.Index], g.Input(0)));
}
