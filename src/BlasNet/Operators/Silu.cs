using System.Runtime.CompilerServices;
using BlasNet.Graphs;
using BlasNet.Kernels;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>The sigmoid linear unit of each element, x·σ(x) = x/(1 + e⁻ˣ); also called swish.</summary>
    /// <param name="x">Any shape.</param>
    /// <returns>The shape of <paramref name="x"/>; 0 for −∞.</returns>
    /// <remarks>Source: Elfwing, Uchibe, Doya, "Sigmoid-Weighted Linear Units for Neural Network Function Approximation in Reinforcement Learning", Neural
    /// Networks 107, 2018, arXiv:1702.03118.</remarks>
    public static Expr Silu(Expr x) => Expr.Apply(SiluOperator.Instance, x);
}

internal sealed class SiluOperator() : ElementwiseOperator<SiluFunction>(isCostly: true)
{
    public static readonly SiluOperator Instance = new();

    public override string Name => "silu";

    protected override Expr? Backward(Expr x, Expr y, Expr dy, long attribute) => Expr.Apply(SiluGradientOperator.Instance, x, dy);
}

internal readonly struct SiluFunction : IMap
{
    // Below this the factor of x is 0. Bounding x makes −∞ give 0, not NaN.
    internal const double Lowest = -750;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<V, T>(V x) where V : struct, ISimd<V, T> where T : unmanaged => V.Max(V.Constant(Lowest), x) * Power.Sigmoid<V, T>(x);
}

/// <summary>dy·σ(x)·(1 + x·(1 − σ(x))): the gradient of <see cref="Op.Silu"/>.</summary>
internal sealed class SiluGradientOperator : ElementwiseGradient<SiluGradientFunction>
{
    public static readonly SiluGradientOperator Instance = new();

    public override string Name => "silu-gradient";

    // σ(1 − σ)·(2 + x·(1 − 2σ)).
    protected override Expr? Left(Expr x, Expr dy, Expr result, Expr gradient)
    {
        Expr s = Op.Sigmoid(x);
        return Op.Multiply(Op.Multiply(gradient, dy), Op.Multiply(Op.Multiply(s, 1 - s), Op.Multiply(x, 1 - Op.Scale(s, 2)) + 2));
    }
}

internal readonly struct SiluGradientFunction : IZip
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<V, T>(V x, V dy) where V : struct, ISimd<V, T> where T : unmanaged
    {
        V bounded = V.Min(V.Constant(-SiluFunction.Lowest), V.Max(V.Constant(SiluFunction.Lowest), x)), one = V.Constant(1);
        V s = Power.Sigmoid<V, T>(x);
        return dy * (s * V.MultiplyAdd(bounded, one - s, one));
    }
}
