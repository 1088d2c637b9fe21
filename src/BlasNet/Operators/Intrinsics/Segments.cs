using BlasNet.Graphs;
using BlasNet.Kernels;

namespace BlasNet.Operators.Intrinsics;

/// <summary>An operator over a ragged stack: values [r × cᵢ] of different numbers of columns, which lie column after column.</summary>
/// <param name="width">How many numbers the list has for each segment.</param>
/// <param name="canAccumulate">Whether the kernel honours <see cref="Operands{T}.Accumulate"/>.</param>
/// <param name="attention">See <see cref="Traits.Attention"/>.</param>
/// <remarks>Attribute: the list of the cᵢ, or of what they follow from. The columns of value i are a segment of the stack of all columns. A value that has one
/// column for each segment is an ordinary stack.</remarks>
internal abstract class SegmentOperator(int width = 1, bool canAccumulate = false, AttentionPart attention = AttentionPart.None)
    : Operator(new() { Merging = Merging.Never, HasList = true, ReadsWholeStacks = true, CanAccumulate = canAccumulate, Attention = attention })
{
    /// <summary>In the place of an input: the value itself.</summary>
    public const int Output = -1;

    /// <summary>How many numbers the list has for each segment.</summary>
    public int Width => width;

    // Made by batching, which knows the shape.
    public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute) => inputs[0];

    /// <summary>How many columns a segment has.</summary>
    /// <param name="segment">Its numbers in the list.</param>
    /// <param name="value">Of an input, or of the <see cref="Output"/>.</param>
    public abstract int ColumnsOf(ReadOnlySpan<int> segment, int value);

    /// <summary>Whether an input may be one value that is the same for all segments; any other has the columns of all of them.</summary>
    /// <param name="input">Of an input.</param>
    public virtual bool MayShare(int input) => false;

    public override string Describe(long attribute) => $"{(int)attribute / width} segments";

    /// <summary>Appends an operator over the segments of the node whose gradient is computed.</summary>
    /// <param name="g">The node.</param>
    /// <param name="op">The operator.</param>
    /// <param name="inputs">Its inputs.</param>
    /// <param name="like">Has the value's shape and count; if it is the same for all examples, each has a contribution to its gradient.</param>
    protected Expr Append(in GradientContext g, Operator op, ReadOnlySpan<int> inputs, Expr like)
    {
        int count = g.Graph.IsShared(like.Index) ? (int)g.Attribute / width : like.Count;
        return g.Graph.At(g.Graph.AppendStack(op, g.Attribute, inputs, like.Shape, count, shared: false));
    }
}

/// <summary>For each segment the sum of its columns, or of all their elements, as the output's shape says.</summary>
internal sealed class SegmentSumOperator : SegmentOperator
{
    public static readonly SegmentSumOperator Instance = new();

    public override string Name => "segment-sum";

    public override int ColumnsOf(ReadOnlySpan<int> segment, int value) => value == Output ? 1 : segment[0];

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

    public override int ColumnsOf(ReadOnlySpan<int> segment, int value) => value == Output ? segment[0] : 1;

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
