using System.Runtime.CompilerServices;
using BlasNet.Graphs;
using BlasNet.Kernels;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>The square root of each element.</summary>
    /// <param name="x">Any shape.</param>
    /// <returns>The shape of <paramref name="x"/>; NaN for negative elements. The gradient at 0 is infinite.</returns>
    public static Expr Sqrt(Expr x) => Expr.Apply(SqrtOperator.Instance, x);
}

internal sealed class SqrtOperator() : ElementwiseOperator<SqrtFunction>(isCostly: true)
{
    public static readonly SqrtOperator Instance = new();

    public override string Name => "sqrt";

    protected override Expr? Backward(Expr x, Expr y, Expr dy, long attribute) => Op.Scale(dy / y, 0.5);
}

internal readonly struct SqrtFunction : IMap
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<V, T>(V x) where V : struct, ISimd<V, T> where T : unmanaged => V.Sqrt(x);
}
