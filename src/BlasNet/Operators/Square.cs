using System.Numerics.Tensors;
using BlasNet.Graphs;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>The square of each element, x².</summary>
    /// <param name="x">Any shape.</param>
    /// <returns>The shape of <paramref name="x"/>.</returns>
    public static Expr Square(Expr x) => Expr.Apply(SquareOperator.Instance, x);
}

internal sealed class SquareOperator : ElementwiseOperator
{
    public static readonly SquareOperator Instance = new();

    public override string Name => "square";

    protected override void Forward<T>(ReadOnlySpan<T> x, Span<T> y, long attribute) => TensorPrimitives.Multiply(x, x, y);

    protected override Expr Backward(Expr x, Expr y, Expr dy, long attribute) => Op.Scale(dy * x, 2);
}
