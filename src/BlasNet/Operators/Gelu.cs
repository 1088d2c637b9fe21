using System.Runtime.CompilerServices;
using BlasNet.Graphs;
using BlasNet.Kernels;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>The Gaussian error linear unit of each element: x·Φ(x) = x·(1 + erf(x/√2))/2, Φ the normal distribution function.</summary>
    /// <param name="x">Any shape.</param>
    /// <returns>The shape of <paramref name="x"/>; 0 for −∞.</returns>
    /// <remarks>Exact for negative elements too, where 1 + erf cancels. <see cref="GeluTanh"/> is what some models were trained with instead.
    /// Source: Hendrycks, Gimpel, "Gaussian Error Linear Units (GELUs)", 2016, arXiv:1606.08415.</remarks>
    public static Expr Gelu(Expr x) => Expr.Apply(GeluOperator.Instance, x);
}

internal sealed class GeluOperator() : ElementwiseOperator<GeluFunction>(isCostly: true)
{
    public static readonly GeluOperator Instance = new();

    public override string Name => "gelu";

    protected override Expr? Backward(Expr x, Expr y, Expr dy, long attribute) => Expr.Apply(GeluGradientOperator.Instance, x, dy);
}

internal readonly struct GeluFunction : IMap
{
    // Below this the factor of x is 0. Bounding x makes −∞ give 0, not NaN.
    internal const double Lowest = -38.7;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<V, T>(V x) where V : struct, ISimd<V, T> where T : unmanaged =>
        V.Max(V.Constant(Lowest), x) * NormalDistribution.Cumulative<V, T>(x, out _);
}

/// <summary>dy·(Φ(x) + x·φ(x)), φ the normal density: the gradient of <see cref="Op.Gelu"/>.</summary>
internal sealed class GeluGradientOperator : ElementwiseGradient<GeluGradientFunction>
{
    public static readonly GeluGradientOperator Instance = new();

    public override string Name => "gelu-gradient";

    // φ(x)·(2 − x²).
    protected override Expr? Left(Expr x, Expr dy, Expr result, Expr gradient)
    {
        Expr square = Op.Square(x);
        Expr density = Op.Scale(Op.Exp(Op.Scale(square, -0.5)), GeluGradientFunction.Density);
        return Op.Multiply(Op.Multiply(gradient, dy), Op.Multiply(density, 2 - square));
    }
}

internal readonly struct GeluGradientFunction : IZip
{
    /// <summary>φ(0) = 1/√(2π).</summary>
    internal const double Density = 0.39894228040143268;

    // Not inlined: three times in the loop over rows it is more than the just-in-time compiler inlines, and every operation becomes a call.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static V Apply<V, T>(V x, V dy) where V : struct, ISimd<V, T> where T : unmanaged
    {
        V bounded = V.Min(V.Constant(-GeluFunction.Lowest), V.Max(V.Constant(GeluFunction.Lowest), x));
        V cumulative = NormalDistribution.Cumulative<V, T>(x, out V power);
        return dy * V.MultiplyAdd(bounded * power, V.Constant(Density), cumulative);
    }
}
