using BlasNet.Graphs;
using BlasNet.Kernels;
using BlasNet.Operators.Intrinsics;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>A range of the rows of a value: for a vector, some of its elements.</summary>
    /// <param name="x">[r] or [r × c].</param>
    /// <param name="start">First row, from 0.</param>
    /// <param name="length">Number of rows, at least 1.</param>
    /// <returns>[length] or [length × c].</returns>
    /// <exception cref="ShapeException">The range is empty or leaves the value.</exception>
    public static Expr Slice(Expr x, int start, int length) => Expr.Apply(SliceOperator.Instance, x, new Part(start, length).Attribute);

    /// <summary>A range of the columns of a matrix.</summary>
    /// <param name="x">[r × c].</param>
    /// <param name="start">First column, from 0.</param>
    /// <param name="length">Number of columns, at least 1.</param>
    /// <returns>[r × length].</returns>
    /// <exception cref="ShapeException">The range is empty or leaves the value.</exception>
    public static Expr SliceColumns(Expr x, int start, int length) => Expr.Apply(SliceColumnsOperator.Instance, x, new Part(start, length).Attribute);
}

/// <summary>Attribute: a <see cref="Part"/>, the first row, and how many.</summary>
internal sealed class SliceOperator() : Operator(new() { OnlyMoves = true, RowShift = RowShift.Selects })
{
    public static readonly SliceOperator Instance = new();

    public override string Name => "slice";

    public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute) =>
        new(Part.Within(this, attribute, inputs[0].Rows, "rows").Length, inputs[0].Columns);

    public override bool IsColumnWise(ReadOnlySpan<Shape> inputs, ReadOnlySpan<bool> shared) => true;

    public override unsafe void Forward<T>(in Operands<T> stack)
    {
        Operand<T> x = stack[0], y = stack.Output;
        Rows.Copy(x.Data + Part.Of(stack.Attribute).Start, x.Shape.Rows, y.Data, y.Shape.Rows, y.Shape.Rows, y.Vectors);
    }

    public override void Gradient(in GradientContext g) => g.Accumulate(0, Op.Pad(g.OutputGradient, Part.Of(g.Attribute).Start, g.Input(0).Shape.Rows));

    public override string Describe(long attribute) => Part.Of(attribute).ToString();
}
