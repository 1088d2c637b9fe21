using System.Numerics;
using BlasNet.Graphs;

namespace BlasNet.Operators;

/// <summary>A function of two elements. A subclass gives its value and its two derivatives; this class the broadcasting.</summary>
/// <remarks>The shapes are equal, or one operand is a scalar (taken with every element of the other), or of a value [r × c] one operand is a
/// vector [r] (taken with every column) or a row [1 × c] (taken with every row). Over a stack, an operand may be stacked or shared.</remarks>
internal abstract class BinaryOperator : Operator
{
    public sealed override Storage Storage => Storage.InPlace;

    public sealed override bool IsElementwise => true;

    public sealed override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute)
    {
        var (a, b) = (inputs[0], inputs[1]);
        if (Fits(b, a))
            return a;

        if (Fits(a, b))
            return b;

        throw new ShapeException(this, $"the shapes must be equal, or one a scalar, or one a column or a row of the other; {a} and {b} are neither");
    }

    private static bool Fits(Shape part, Shape whole) =>
        (part.Rows == whole.Rows || part.Rows == 1) && (part.Columns == whole.Columns || part.IsVector);

    public sealed override bool IsColumnWise(ReadOnlySpan<Shape> inputs, ReadOnlySpan<bool> shared)
    {
        var (a, b) = (inputs[0], inputs[1]);
        int columns = Math.Max(a.Columns, b.Columns);
        return (shared[0] ? a.IsVector : a.Columns == columns) && (shared[1] ? b.IsVector : b.Columns == columns);
    }

    /// <summary>result[i] ← f(a[i], b[i]); the result may be a or b.</summary>
    protected abstract void Forward<T>(ReadOnlySpan<T> a, ReadOnlySpan<T> b, Span<T> result) where T : unmanaged, IBinaryFloatingPointIeee754<T>;

    /// <summary>result[i] ← f(a[i], b).</summary>
    protected abstract void Forward<T>(ReadOnlySpan<T> a, T b, Span<T> result) where T : unmanaged, IBinaryFloatingPointIeee754<T>;

    /// <summary>result[i] ← f(a, b[i]).</summary>
    protected abstract void Forward<T>(T a, ReadOnlySpan<T> b, Span<T> result) where T : unmanaged, IBinaryFloatingPointIeee754<T>;

    /// <summary>The gradient with respect to a, in the result's shape; null where it is zero.</summary>
    protected abstract Expr? Left(Expr a, Expr b, Expr result, Expr gradient);

    /// <summary>The gradient with respect to b, in the result's shape; null where it is zero.</summary>
    protected abstract Expr? Right(Expr a, Expr b, Expr result, Expr gradient);

    public sealed override void Gradient(in GradientContext g)
    {
        var (a, b, result, gradient) = (g.Input(0), g.Input(1), g.Output, g.OutputGradient);
        if (g.IsNeeded(0) && Left(a, b, result, gradient) is Expr left)
            g.Accumulate(0, Op.SumTo(a.Shape, left));

        if (g.IsNeeded(1) && Right(a, b, result, gradient) is Expr right)
            g.Accumulate(1, Op.SumTo(b.Shape, right));
    }

    public sealed override unsafe void Forward<T>(in Operands<T> stack)
    {
        Operand<T> a = stack[0], b = stack[1], y = stack.Output;
        if (!(a.IsContiguous && b.IsContiguous && y.IsContiguous))
        {
            ForwardVectors(a, b, y);
            return;
        }

        if (a.Length == y.Length && b.Length == y.Length && a.Shape == b.Shape)
        {
            Forward(a.Span, b.Span, y.Span);
            return;
        }

        if ((a.Length == 1 && b.Length == y.Length) || (b.Length == 1 && a.Length == y.Length))
        {
            if (b.Length == 1)
                Forward(a.Span, *b.Data, y.Span);
            else
                Forward(*a.Data, b.Span, y.Span);

            return;
        }

        for (int i = 0; i < y.Count; i++)
        {
            if (a.Shape == b.Shape)
                Forward(a.ValueAt(i), b.ValueAt(i), y.ValueAt(i));
            else if (b.Shape.IsScalar)
                Forward(a.ValueAt(i), *b.At(i), y.ValueAt(i));
            else if (a.Shape.IsScalar)
                Forward(*a.At(i), b.ValueAt(i), y.ValueAt(i));
            else
                ForwardColumns(a, b, y, i);
        }
    }

    // Vectors that do not lie one right after another; an operand that is a number stands for every row.
    private void ForwardVectors<T>(Operand<T> a, Operand<T> b, Operand<T> y) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int vector = 0; vector < y.Vectors; vector++)
        {
            if (a.Shape.IsScalar && !y.Shape.IsScalar)
                Forward(a.VectorAt(vector)[0], b.VectorAt(vector), y.VectorAt(vector));
            else if (b.Shape.IsScalar && !y.Shape.IsScalar)
                Forward(a.VectorAt(vector), b.VectorAt(vector)[0], y.VectorAt(vector));
            else
                Forward(a.VectorAt(vector), b.VectorAt(vector), y.VectorAt(vector));
        }
    }

    // The smaller operand of value i gives every column one vector, or one element each.
    private unsafe void ForwardColumns<T>(Operand<T> a, Operand<T> b, Operand<T> y, int i) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int j = 0; j < y.Shape.Columns; j++)
        {
            Span<T> column = ColumnOf(y, i, j);
            if (b.Shape.Rows < y.Shape.Rows)
                Forward(ColumnOf(a, i, j), b.At(i)[j], column);
            else if (a.Shape.Rows < y.Shape.Rows)
                Forward(a.At(i)[j], ColumnOf(b, i, j), column);
            else
                Forward(ColumnOf(a, i, j), ColumnOf(b, i, j), column);
        }
    }

    private static Span<T> ColumnOf<T>(Operand<T> value, int i, int column) where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        value.Shape.IsVector ? value.ValueAt(i) : value.ValueAt(i).Slice(column * value.Shape.Rows, value.Shape.Rows);
}
