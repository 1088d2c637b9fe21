using System.Numerics.Tensors;
using BlasNet.Graphs;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>The exponential of each element, eˣ.</summary>
    /// <param name="x">Any shape.</param>
    /// <returns>The shape of <paramref name="x"/>.</returns>
    public static Expr Exp(Expr x) => Expr.Apply(ExpOperator.Instance, x);
}

internal sealed class ExpOperator : ElementwiseOperator
{
    public static readonly ExpOperator Instance = new();

    public override string Name => "exp";

    public override bool IsCostly => true;

    protected override void Forward<T>(ReadOnlySpan<T> x, Span<T> y, long attribute) => TensorPrimitives.Exp(x, y);

    protected override Expr Backward(Expr x, Expr y, Expr dy, long attribute) => dy * y;
}
