using System.Globalization;
using BlasNet.Graphs;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>One element of each column, in the row that an index gives.</summary>
    /// <param name="x">[r] or [r × c].</param>
    /// <param name="index">[1 × c] of 0 … r − 1: from <see cref="Graph.Index"/> or <see cref="Graph.Indices"/>, or computed, as by <see
    /// cref="ArgMax"/>.</param>
    /// <returns>[1 × c], so a scalar for a vector.</returns>
    /// <remarks>An element that is the same for every example is <c>x[i]</c>.</remarks>
    /// <exception cref="ShapeException">There is not one index for each column.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There are not so many rows.</exception>
    public static Expr Pick(Expr x, Expr index) =>
        IndexOperand.Check(Expr.Apply(PickOperator.Instance, x, index), 1, x.Shape.Rows, "the number of rows");
}

internal sealed class PickOperator() : Operator(new())
{
    public static readonly PickOperator Instance = new();

    public override string Name => "pick";

    public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute)
    {
        var row = new Shape(1, inputs[0].Columns);
        return inputs[1] == row ? row : throw new ShapeException(this, $"there must be one index for each column: {row}, not {inputs[1]}");
    }

    public override bool IsColumnWise(ReadOnlySpan<Shape> inputs, ReadOnlySpan<bool> shared) => inputs[0].IsVector || !shared.Contains(true);

    public override unsafe void Forward<T>(in Operands<T> stack)
    {
        Operand<T> x = stack[0], index = stack[1], y = stack.Output;
        for (int i = 0; i < y.Vectors; i++)
            y.Data[i] = x.VectorAt(i)[IndexOperand.At(this, index, i, x.Shape.Rows)];
    }

    public override void Gradient(in GradientContext g) =>
        g.Accumulate(0, Expr.Apply(PlaceOperator.Instance, g.OutputGradient, g.Input(1), g.Input(0).Shape.Rows));
}

/// <summary>Columns that are zero but for one element, in the row that an index gives: the gradient of <see cref="Op.Pick"/>. Attribute: their rows.</summary>
internal sealed class PlaceOperator() : Operator(new() { CanAccumulate = true })
{
    public static readonly PlaceOperator Instance = new();

    public override string Name => "place";

    public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute)
    {
        if (inputs[0].Rows != 1 || inputs[1] != inputs[0])
            throw new ShapeException(this, $"needs a row and an index for each of its elements, not {inputs[0]} and {inputs[1]}");

        return attribute == (int)attribute ? Shape.Of(attribute, inputs[0].Columns) : throw new ShapeException(this, $"there are no {attribute} rows");
    }

    public override bool IsColumnWise(ReadOnlySpan<Shape> inputs, ReadOnlySpan<bool> shared) => inputs[0].IsVector || !shared.Contains(true);

    public override void Forward<T>(in Operands<T> stack)
    {
        Operand<T> x = stack[0], index = stack[1], y = stack.Output;
        if (!stack.Accumulate)
            y.Span.Clear();

        for (int i = 0; i < y.Vectors; i++)
            y.VectorAt(i)[IndexOperand.At(this, index, i, y.Shape.Rows)] += x.VectorAt(i)[0];
    }

    // Linear in x.
    public override void Gradient(in GradientContext g) => g.Accumulate(0, Expr.Apply(PickOperator.Instance, g.OutputGradient, g.Input(1)));

    public override string Describe(long attribute) => $"{attribute.ToString(CultureInfo.InvariantCulture)} rows";
}
