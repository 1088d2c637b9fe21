using System.Runtime.CompilerServices;
using BlasNet.Graphs;
using BlasNet.Kernels;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>The exponential of each element, eˣ.</summary>
    /// <param name="x">Any shape.</param>
    /// <returns>The shape of <paramref name="x"/>.</returns>
    public static Expr Exp(Expr x) => Expr.Apply(ExpOperator.Instance, x);
}

internal sealed class ExpOperator() : ElementwiseOperator<ExpFunction>(isCostly: true)
{
    public static readonly ExpOperator Instance = new();

    public override string Name => "exp";

    protected override Expr? Backward(Expr x, Expr y, Expr dy, long attribute) => Op.Multiply(dy, y);
}

internal readonly struct ExpFunction : IMap
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<V, T>(V x) where V : struct, ISimd<V, T> where T : unmanaged => Power.Exp<V, T>(x);
}
