using BlasNet.Graphs;
using BlasNet.Kernels;
using BlasNet.Operators.Intrinsics;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>Surrounds a value with rows of zeros: the gradient of <see cref="Slice"/>.</summary>
    /// <param name="x">[r] or [r × c].</param>
    /// <param name="start">The row of the result that the first row of <paramref name="x"/> becomes.</param>
    /// <param name="rows">Rows of the result.</param>
    /// <returns>[rows] or [rows × c].</returns>
    /// <exception cref="ShapeException">The value does not fit there.</exception>
    public static Expr Pad(Expr x, int start, int rows) => Expr.Apply(PadOperator.Instance, x, new Part(start, rows).Attribute);

    /// <summary>Surrounds a value with columns of zeros: the gradient of <see cref="SliceColumns"/>.</summary>
    /// <param name="x">[r × c].</param>
    /// <param name="start">The column of the result that the first column of <paramref name="x"/> becomes.</param>
    /// <param name="columns">Columns of the result.</param>
    /// <returns>[r × columns].</returns>
    /// <exception cref="ShapeException">The value does not fit there.</exception>
    public static Expr PadColumns(Expr x, int start, int columns) => Expr.Apply(PadColumnsOperator.Instance, x, new Part(start, columns).Attribute);
}

/// <summary>Attribute: a <see cref="Part"/>, where the value starts, and the rows of the result.</summary>
/// <remarks>It can accumulate, so the gradients of several slices of one value are written side by side, not added over its whole length.</remarks>
internal sealed class PadOperator() : Operator(new() { OnlyMoves = true, RowShift = RowShift.Pads, CanAccumulate = true })
{
    public static readonly PadOperator Instance = new();

    public override string Name => "pad";

    public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute) =>
        new(Part.Around(this, attribute, inputs[0].Rows, "rows").Length, inputs[0].Columns);

    public override bool IsColumnWise(ReadOnlySpan<Shape> inputs, ReadOnlySpan<bool> shared) => true;

    public override unsafe void Forward<T>(in Operands<T> stack)
    {
        Operand<T> x = stack[0], y = stack.Output;
        if (!stack.Accumulate)
            y.Span.Clear();

        Rows.Add(x.Data, x.Shape.Rows, y.Data + Part.Of(stack.Attribute).Start, y.Shape.Rows, x.Shape.Rows, y.Vectors);
    }

    public override void Gradient(in GradientContext g) => g.Accumulate(0, Op.Slice(g.OutputGradient, Part.Of(g.Attribute).Start, g.Input(0).Shape.Rows));

    public override string Describe(long attribute) => Part.Of(attribute).ToString();
}
