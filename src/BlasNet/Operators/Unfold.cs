using BlasNet.Graphs;
using BlasNet.Operators.Intrinsics;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>The windows of a sequence: each becomes a column, in which its vectors lie one below the other.</summary>
    /// <param name="x">[d × n]: a sequence of n vectors.</param>
    /// <param name="width">Vectors of a window, at most n.</param>
    /// <param name="stride">Vectors from the start of a window to that of the next.</param>
    /// <returns>[width·d × m], m = ⌊(n − width)/stride⌋ + 1.</returns>
    /// <remarks>Sequences of any lengths merge: all windows of a minibatch are one stack of columns.</remarks>
    /// <exception cref="ShapeException">Width or stride is not between 1 and 65,535, or the sequence is shorter than a window.</exception>
    public static Expr Unfold(Expr x, int width, int stride = 1) =>
        width == 1 && stride == 1 ? x : Expr.Apply(UnfoldOperator.Instance, x, new Windows(0, width, stride).Attribute);
}

internal sealed class UnfoldOperator() : Operator(new() { OverSegments = SegmentUnfoldOperator.Instance, IsNeverColumnWise = true })
{
    public static readonly UnfoldOperator Instance = new();

    public override string Name => "unfold";

    public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute)
    {
        Windows windows = Windows.Of(attribute).Over(this, inputs[0].Columns);
        return Shape.Of((long)windows.Width * inputs[0].Rows, windows.Count);
    }

    public override void AddSegments(ReadOnlySpan<Shape> inputs, Shape output, long attribute, List<int> list) =>
        Windows.Of(attribute).Over(this, inputs[0].Columns).AddTo(list);

    public override unsafe void Forward<T>(in Operands<T> stack)
    {
        Operand<T> x = stack[0], y = stack.Output;
        Windows windows = Windows.Of(stack.Attribute).Over(this, x.Shape.Columns);
        for (int i = 0; i < y.Count; i++)
            windows.Unfold(x.At(i), y.At(i), x.Shape.Rows);
    }

    public override void Gradient(in GradientContext g) =>
        g.Accumulate(0, Expr.Apply(FoldOperator.Instance, g.OutputGradient, Windows.Of(g.Attribute).Over(this, g.Input(0).Shape.Columns).Attribute));

    public override string Describe(long attribute) => Windows.Of(attribute).ToString();
}

/// <summary>Adds windows up where they were taken from: the gradient of <see cref="Op.Unfold"/>. Attribute: also the length of the sequence.</summary>
internal sealed class FoldOperator()
    : Operator(new() { CanAccumulate = true, OverSegments = SegmentFoldOperator.Instance, IsNeverColumnWise = true })
{
    public static readonly FoldOperator Instance = new();

    public override string Name => "fold";

    public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute)
    {
        Windows windows = Windows.Of(attribute);
        windows = windows.Over(this, windows.Columns);
        if (inputs[0].Columns != windows.Count || inputs[0].Rows % windows.Width != 0)
            throw new ShapeException(this, $"{windows.Count} windows of {windows.Width} vectors are needed, not {inputs[0]}");

        return Shape.Of(inputs[0].Rows / windows.Width, windows.Columns);
    }

    public override long ColumnAttribute(long attribute) => (Windows.Of(attribute) with { Columns = 0 }).Attribute;

    public override void AddSegments(ReadOnlySpan<Shape> inputs, Shape output, long attribute, List<int> list) => Windows.Of(attribute).AddTo(list);

    public override unsafe void Forward<T>(in Operands<T> stack)
    {
        Operand<T> x = stack[0], y = stack.Output;
        if (!stack.Accumulate)
            y.Span.Clear();

        for (int i = 0; i < y.Count; i++)
            Windows.Of(stack.Attribute).Fold(x.At(i), y.At(i), y.Shape.Rows);
    }

    public override void Gradient(in GradientContext g) =>
        g.Accumulate(0, Expr.Apply(UnfoldOperator.Instance, g.OutputGradient, ColumnAttribute(g.Attribute)));

    public override string Describe(long attribute) => Windows.Of(attribute).ToString();
}
