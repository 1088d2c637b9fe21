using System.Numerics.Tensors;
using BlasNet.Graphs;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>The hyperbolic tangent of each element.</summary>
    /// <param name="x">Any shape.</param>
    /// <returns>The shape of <paramref name="x"/>; values in (−1, 1).</returns>
    public static Expr Tanh(Expr x) => Expr.Apply(TanhOperator.Instance, x);
}

internal sealed class TanhOperator : ElementwiseOperator
{
    public static readonly TanhOperator Instance = new();

    public override string Name => "tanh";

    public override bool IsCostly => true;

    protected override void Forward<T>(ReadOnlySpan<T> x, Span<T> y, long attribute) => TensorPrimitives.Tanh(x, y);

    protected override Expr Backward(Expr x, Expr y, Expr dy, long attribute) => dy * (1 - y * y);
}
