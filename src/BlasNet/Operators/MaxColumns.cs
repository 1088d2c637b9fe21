using BlasNet.Graphs;
using BlasNet.Operators.Intrinsics;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>The largest of all elements of a value; NaN if any is.</summary>
    /// <param name="x">Any shape.</param>
    /// <returns>A scalar.</returns>
    /// <remarks>The gradient goes to the largest element: of equal ones to the first in its column, of columns to the first.</remarks>
    public static Expr Max(Expr x) => MaxColumns(MaxRows(x));

    /// <summary>The largest of the columns of a matrix, element by element, as <see cref="SumColumns"/> is their sum: of each row its largest
    /// element.</summary>
    /// <param name="x">[r × c]; for example a sequence of vectors.</param>
    /// <returns>[r]; NaN where a row has one.</returns>
    /// <remarks>The gradient goes to the largest element, of equal ones to the first.</remarks>
    public static Expr MaxColumns(Expr x) => x.Shape.IsVector ? x : Expr.Apply(MaxColumnsOperator.Select, x, x);

    /// <summary>The largest of the rows of a matrix, element by element, as <see cref="SumRows"/> is their sum: of each column its largest element.</summary>
    /// <param name="x">[r × c].</param>
    /// <returns>[1 × c]; NaN where a column has one.</returns>
    /// <remarks>The gradient goes to the largest element, of equal ones to the first.</remarks>
    public static Expr MaxRows(Expr x) => x.Shape.Rows == 1 ? x : Pick(x, ArgMax(x));
}

/// <summary>Of two matrices, keys and values, in each row the value where the largest key is; or, as its adjoint, zeros but for a vector's elements
/// there.</summary>
/// <remarks>The largest of the columns is the one with the same matrix as keys and values, and has no derivative by the keys.</remarks>
internal sealed class MaxColumnsOperator : Operator
{
    public static readonly MaxColumnsOperator Select = new("max-columns", SegmentMaxOperator.Select);
    public static readonly MaxColumnsOperator Place = new("max-columns-gradient", SegmentMaxOperator.Place);

    private MaxColumnsOperator(string name, Operator overSegments)
        : base(new() { OverSegments = overSegments, IsNeverColumnWise = true }) => Name = name;

    public override string Name { get; }

    public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute)
    {
        var (key, value) = (inputs[0], inputs[1]);
        Shape column = new(key.Rows), expected = this == Select ? key : column;
        return value != expected ? throw new ShapeException(this, $"needs keys and {expected}, not {key} and {value}") : this == Select ? column : key;
    }

    public override unsafe void Forward<T>(in Operands<T> stack)
    {
        Operand<T> key = stack[0], value = stack[1], y = stack.Output;
        for (int i = 0; i < y.Count; i++)
            SegmentMaxOperator.Run(key.At(i), value.At(i), y.At(i), key.Shape.Rows, key.Shape.Columns, places: this == Place);
    }

    // Linear in the value.
    public override void Gradient(in GradientContext g) => g.Accumulate(1, Expr.Apply(this == Select ? Place : Select, g.Input(0), g.OutputGradient));
}
