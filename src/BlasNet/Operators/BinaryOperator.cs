using System.Numerics;
using BlasNet.Graphs;

namespace BlasNet.Operators;

/// <summary>A function of two elements. A subclass gives its value and its two derivatives; this class the broadcasting.</summary>
/// <remarks>The shapes are equal, or one operand is a scalar (taken with every element of the other), or one is a vector [r] and the other
/// [r × c] (taken with every column). Over a stack, an operand may be stacked or shared.</remarks>
internal abstract class BinaryOperator : Operator
{
    public sealed override Storage Storage => Storage.InPlace;

    public sealed override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute)
    {
        var (a, b) = (inputs[0], inputs[1]);
        if (a == b || b.IsScalar || (b.IsVector && b.Rows == a.Rows))
            return a;

        if (a.IsScalar || (a.IsVector && a.Rows == b.Rows))
            return b;

        throw new ShapeException(this, $"the shapes must be equal, or one a scalar, or one a column of the other; {a} and {b} are neither");
    }

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
        if (a.Length == y.Length && b.Length == y.Length && a.Shape == b.Shape)
        {
            Forward(a.Span, b.Span, y.Span);
            return;
        }

        if (a.Length == 1 || b.Length == 1)
        {
            if (b.Length == 1)
                Forward(a.Span, *b.Data, y.Span);
            else
                Forward(*a.Data, b.Span, y.Span);

            return;
        }

        // One vector of the output at a time: each operand advances by a vector, or stays with its example, or stays altogether.
        int rows = y.Shape.Rows, columns = y.Shape.Columns;
        for (int i = 0; i < y.Count; i++)
        {
            ReadOnlySpan<T> ai = a.ValueAt(i), bi = b.ValueAt(i);
            Span<T> yi = y.ValueAt(i);
            if (ai.Length == bi.Length)
                Forward(ai, bi, yi);
            else if (bi.Length == 1)
                Forward(ai, bi[0], yi);
            else if (ai.Length == 1)
                Forward(ai[0], bi, yi);
            else
                for (int j = 0; j < columns; j++)
                    Forward(ColumnOf(ai, j, rows), ColumnOf(bi, j, rows), yi.Slice(j * rows, rows));
        }
    }

    private static ReadOnlySpan<T> ColumnOf<T>(ReadOnlySpan<T> value, int column, int rows) => value.Length == rows ? value : value.Slice(column * rows, rows);
}
