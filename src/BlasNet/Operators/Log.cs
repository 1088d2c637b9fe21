using System.Numerics.Tensors;
using BlasNet.Graphs;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>The natural logarithm of each element.</summary>
    /// <param name="x">Any shape.</param>
    /// <returns>The shape of <paramref name="x"/>; −∞ for 0 and NaN for negative elements.</returns>
    public static Expr Log(Expr x) => Expr.Apply(LogOperator.Instance, x);
}

internal sealed class LogOperator : ElementwiseOperator
{
    public static readonly LogOperator Instance = new();

    public override string Name => "log";

    public override bool IsCostly => true;

    protected override void Forward<T>(ReadOnlySpan<T> x, Span<T> y, long attribute) => TensorPrimitives.Log(x, y);

    protected override Expr Backward(Expr x, Expr y, Expr dy, long attribute) => dy / x;
}
