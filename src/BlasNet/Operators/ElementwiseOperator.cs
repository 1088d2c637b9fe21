using System.Numerics;
using BlasNet.Graphs;
using BlasNet.Kernels;

namespace BlasNet.Operators;

/// <summary>A function of each element. A subclass gives its derivative, and its value by <see cref="ElementwiseOperator{F}"/> or
/// <see cref="NumberOperator{F}"/>.</summary>
/// <param name="isCostly">Whether computing a value again costs more than reading it.</param>
internal abstract class ElementwiseOperator(bool isCostly) : Operator(new() { Storage = Storage.InPlace, IsElementwise = true, IsCostly = isCostly })
{
    public sealed override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute) => inputs[0];

    public sealed override bool IsColumnWise(ReadOnlySpan<Shape> inputs, ReadOnlySpan<bool> shared) => true;

    public sealed override void Gradient(in GradientContext g)
    {
        if (Backward(g.Input(0), g.Output, g.OutputGradient, g.Attribute) is Expr dx)
            g.Accumulate(0, dx);
    }

    /// <summary>The function for products that end with it; none where it has no kernel for a part of a value.</summary>
    /// <param name="attribute">The node's.</param>
    public virtual GemmFinish<T> Finish<T>(long attribute) where T : unmanaged, IBinaryFloatingPointIeee754<T> => default;

    /// <summary>dx from x, y and dy; in terms of y where possible, so that x need not be kept. Null where it is zero everywhere.</summary>
    protected abstract Expr? Backward(Expr x, Expr y, Expr dy, long attribute);
}

/// <inheritdoc/>
/// <param name="isCostly">Whether computing a value again costs more than reading it.</param>
/// <typeparam name="F">y = f(x).</typeparam>
internal abstract unsafe class ElementwiseOperator<F>(bool isCostly = false) : ElementwiseOperator(isCostly) where F : struct, IMap
{
    public sealed override V Apply<V, T>(ReadOnlySpan<V> operands, long attribute) => F.Apply<V, T>(operands[0]);

    public sealed override void Forward<T>(in Operands<T> stack)
    {
        Operand<T> x = stack[0], y = stack.Output;
        var (parts, vectors, stride) = x.Over(y);
        for (int i = 0; i < parts; i++)
            Elementwise.Map<T, F>(x.Data, stride, y.At(i), y.Stride, y.Shape.Rows, vectors);
    }

    public sealed override GemmFinish<T> Finish<T>(long attribute) => new(&Elementwise.MapInPlace<T, F>, attribute);
}
