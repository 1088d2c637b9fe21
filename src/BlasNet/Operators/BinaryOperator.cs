using System.Numerics;
using BlasNet.Graphs;
using BlasNet.Kernels;

namespace BlasNet.Operators;

/// <summary>A function of two elements. A subclass gives its two derivatives, and its value by <see cref="BinaryOperator{F}"/>.</summary>
/// <remarks>The shapes are equal, or one operand is a scalar (taken with every element of the other), or of a value [r × c] one operand is a
/// vector [r] (taken with every column) or a row [1 × c] (taken with every row). Over a stack, an operand may be stacked or shared.</remarks>
/// <param name="arithmetic">See <see cref="Traits.Arithmetic"/>.</param>
internal abstract class BinaryOperator(Arithmetic arithmetic)
    : Operator(new() { Storage = Storage.InPlace, IsElementwise = true, Arithmetic = arithmetic })
{
    public sealed override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute)
    {
        var (a, b) = (inputs[0], inputs[1]);
        if (Broadcast.Fits(b, a))
            return a;

        if (Broadcast.Fits(a, b))
            return b;

        throw new ShapeException(this, $"the shapes must be equal, or one a scalar, or one a column or a row of the other; {a} and {b} are neither");
    }

    public sealed override bool IsColumnWise(ReadOnlySpan<Shape> inputs, ReadOnlySpan<bool> shared) => Broadcast.IsColumnWise(inputs, shared);

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
}

/// <inheritdoc/>
/// <param name="arithmetic">See <see cref="Traits.Arithmetic"/>.</param>
/// <typeparam name="F">y = f(a, b).</typeparam>
internal abstract unsafe class BinaryOperator<F>(Arithmetic arithmetic = Arithmetic.None) : BinaryOperator(arithmetic) where F : struct, IZip
{
    public sealed override V Apply<V, T>(ReadOnlySpan<V> operands, long attribute) => F.Apply<V, T>(operands[0], operands[1]);

    public sealed override void Forward<T>(in Operands<T> stack)
    {
        Operand<T> y = stack.Output;
        Side<T> a = new(stack[0], y.Shape), b = new(stack[1], y.Shape);
        int columns = y.Shape.Columns;
        nint step = y.Stride;

        if (a.IsRegular(columns) && b.IsRegular(columns))
        {
            Run(a, a.ColumnStep, b, b.ColumnStep, y.Data, step, y.Shape.Rows, y.Vectors);
        }
        else
        {
            for (int i = 0; i < y.Count; i++, a.Data += a.ValueStep, b.Data += b.ValueStep)
                Run(a, a.ColumnStep, b, b.ColumnStep, y.Data + (i * columns * step), step, y.Shape.Rows, columns);
        }
    }

    private static void Run<T>(Side<T> a, nint aStep, Side<T> b, nint bStep, T* y, nint yStep, nint length, nint rows)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        // Rows of one element are better taken as one row; where both operands are the same for all rows there is no row to take.
        if (length == 1 && aStep is 0 or 1 && bStep is 0 or 1 && aStep + bStep > 0 && yStep == 1)
        {
            (a.IsScalar, b.IsScalar) = (aStep == 0 && rows > 1, bStep == 0 && rows > 1);
            (length, rows) = (rows, 1);
        }

        if (a.IsScalar)
            Elementwise.Zip<T, F, Scalar, Elements>(a.Data, aStep, b.Data, bStep, y, yStep, length, rows);
        else if (b.IsScalar)
            Elementwise.Zip<T, F, Elements, Scalar>(a.Data, aStep, b.Data, bStep, y, yStep, length, rows);
        else
            Elementwise.Zip<T, F, Elements, Elements>(a.Data, aStep, b.Data, bStep, y, yStep, length, rows);
    }
}

/// <summary>The gradient of an element-wise function, from x or y and from dy. It is linear in dy, so by dy it is its own derivative.</summary>
/// <typeparam name="F">dx = f(x or y, dy).</typeparam>
internal abstract class ElementwiseGradient<F> : BinaryOperator<F> where F : struct, IZip
{
    protected sealed override Expr? Right(Expr a, Expr dy, Expr result, Expr gradient) => Expr.Apply(this, a, gradient);
}
