using System.Runtime.CompilerServices;
using BlasNet.Graphs;
using BlasNet.Kernels;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>A smooth form of <see cref="Relu"/>: ln(1 + eˣ) of each element.</summary>
    /// <param name="x">Any shape.</param>
    /// <returns>The shape of <paramref name="x"/>; positive.</returns>
    /// <remarks>Neither overflows for large elements nor is rounded to 0 before eˣ is. Its derivative is <see cref="Sigmoid"/>.</remarks>
    public static Expr Softplus(Expr x) => Expr.Apply(SoftplusOperator.Instance, x);
}

internal sealed class SoftplusOperator() : ElementwiseOperator<SoftplusFunction>(isCostly: true)
{
    public static readonly SoftplusOperator Instance = new();

    public override string Name => "softplus";

    protected override Expr? Backward(Expr x, Expr y, Expr dy, long attribute) => Op.Multiply(dy, Op.Sigmoid(x));
}

/// <summary>max(x, 0) + ln(1 + e^−|x|).</summary>
internal readonly struct SoftplusFunction : IMap
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<V, T>(V x) where V : struct, ISimd<V, T> where T : unmanaged => V.Max(V.Constant(0), x) + Excess<V, T>(x);

    /// <summary>ln(1 + e^−|x|), what softplus is above ReLU.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static V Excess<V, T>(V x) where V : struct, ISimd<V, T> where T : unmanaged =>
        Logarithm.LogOnePlus<V, T>(Power.ExpUpTo<V, T>(V.CopySign(x, V.Constant(-1))));
}
