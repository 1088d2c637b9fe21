using System.Runtime.CompilerServices;
using BlasNet.Graphs;
using BlasNet.Kernels;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>The hyperbolic tangent of each element.</summary>
    /// <param name="x">Any shape.</param>
    /// <returns>The shape of <paramref name="x"/>; values in (−1, 1).</returns>
    public static Expr Tanh(Expr x) => Expr.Apply(TanhOperator.Instance, x);
}

internal sealed class TanhOperator : ElementwiseOperator<TanhFunction>
{
    public static readonly TanhOperator Instance = new();

    public override string Name => "tanh";

    public override bool IsCostly => true;

    protected override Expr Backward(Expr x, Expr y, Expr dy, long attribute) => dy * (1 - y * y);
}

internal readonly struct TanhFunction : IMap
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<V, T>(V x) where V : struct, ISimd<V, T> where T : unmanaged => Power.Tanh<V, T>(x);
}
