using System.Numerics;
using BlasNet.Graphs;

namespace BlasNet.Operators;

/// <summary>A function of each element. A subclass gives its value and its derivative.</summary>
internal abstract class ElementwiseOperator : Operator
{
    public sealed override Storage Storage => Storage.InPlace;

    public sealed override bool IsElementwise => true;

    public sealed override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute) => inputs[0];

    public sealed override bool IsColumnWise(ReadOnlySpan<Shape> inputs, ReadOnlySpan<bool> shared) => true;

    public sealed override void Forward<T>(in Operands<T> stack)
    {
        Operand<T> x = stack[0], y = stack.Output;
        if (x.IsContiguous && y.IsContiguous && x.Count == y.Count)
        {
            Forward(x.Span, y.Span, stack.Attribute);
            return;
        }

        for (int vector = 0; vector < y.Vectors; vector++)
            Forward(x.VectorAt(vector), y.VectorAt(vector), stack.Attribute);
    }

    /// <summary>y ← f(x); y may be x.</summary>
    protected abstract void Forward<T>(ReadOnlySpan<T> x, Span<T> y, long attribute) where T : unmanaged, IBinaryFloatingPointIeee754<T>;

    public sealed override void Gradient(in GradientContext g) => g.Accumulate(0, Backward(g.Input(0), g.Output, g.OutputGradient, g.Attribute));

    /// <summary>dx from x, y and dy; in terms of y where possible, so that x need not be kept.</summary>
    protected abstract Expr Backward(Expr x, Expr y, Expr dy, long attribute);
}
