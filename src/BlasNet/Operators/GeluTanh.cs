using System.Runtime.CompilerServices;
using BlasNet.Graphs;
using BlasNet.Kernels;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>The approximation of <see cref="Gelu"/> by a hyperbolic tangent, x·(1 + tanh(√(2/π)·(x + 0.044715·x³)))/2, of each element.</summary>
    /// <param name="x">Any shape.</param>
    /// <returns>The shape of <paramref name="x"/>; 0 for −∞.</returns>
    /// <remarks>Within 5·10⁻⁴ of the exact function. Source: see <see cref="Gelu"/>, section 2.</remarks>
    public static Expr GeluTanh(Expr x) => Expr.Apply(GeluTanhOperator.Instance, x);
}

/// <summary>x·σ(v), v = 2√(2/π)·(x + 0.044715·x³), for (1 + tanh(v/2))/2 is the logistic function of v.</summary>
internal sealed class GeluTanhOperator() : ElementwiseOperator<GeluTanhFunction>(isCostly: true)
{
    public static readonly GeluTanhOperator Instance = new();

    public override string Name => "gelu-tanh";

    protected override Expr? Backward(Expr x, Expr y, Expr dy, long attribute) => Expr.Apply(GeluTanhGradientOperator.Instance, x, dy);
}

internal readonly struct GeluTanhFunction : IMap
{
    internal const double Linear = 1.5957691216057308, Cubic = Linear * 0.044715;

    // Below this the factor of x is 0. Bounding x makes −∞ give 0, not NaN.
    private const double Lowest = -24;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<V, T>(V x) where V : struct, ISimd<V, T> where T : unmanaged
    {
        x = V.Max(V.Constant(Lowest), x);
        return x * Power.Sigmoid<V, T>(Argument<V, T>(x, x * x));
    }

    /// <summary>v.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static V Argument<V, T>(V x, V square) where V : struct, ISimd<V, T> where T : unmanaged =>
        x * V.MultiplyAdd(square, V.Constant(Cubic), V.Constant(Linear));

    /// <summary>x, or where the function is constant or linear beyond.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static V Bounded<V, T>(V x) where V : struct, ISimd<V, T> where T : unmanaged => V.Min(V.Constant(-Lowest), V.Max(V.Constant(Lowest), x));
}

/// <summary>dy·(σ(v) + x·σ′(v)·v′): the gradient of <see cref="Op.GeluTanh"/>.</summary>
internal sealed class GeluTanhGradientOperator : ElementwiseGradient<GeluTanhGradientFunction>
{
    public static readonly GeluTanhGradientOperator Instance = new();

    public override string Name => "gelu-tanh-gradient";

    // σ′(v)·(2v′ + x·((1 − 2σ(v))·v′² + v″)), where v″ = 6·cubic·x.
    protected override Expr? Left(Expr x, Expr dy, Expr result, Expr gradient)
    {
        Expr square = Op.Square(x);
        Expr s = Op.Sigmoid(Op.Multiply(x, Op.Scale(square, GeluTanhFunction.Cubic) + GeluTanhFunction.Linear));
        Expr slope = Op.Scale(square, 3 * GeluTanhFunction.Cubic) + GeluTanhFunction.Linear;
        Expr inner = Op.Multiply(1 - Op.Scale(s, 2), Op.Square(slope)) + Op.Scale(x, 6 * GeluTanhFunction.Cubic);
        Expr second = Op.Multiply(Op.Multiply(s, 1 - s), Op.Scale(slope, 2) + Op.Multiply(x, inner));
        return Op.Multiply(Op.Multiply(gradient, dy), second);
    }
}

internal readonly struct GeluTanhGradientFunction : IZip
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<V, T>(V x, V dy) where V : struct, ISimd<V, T> where T : unmanaged
    {
        x = GeluTanhFunction.Bounded<V, T>(x);
        V square = x * x;
        V s = Power.Sigmoid<V, T>(GeluTanhFunction.Argument<V, T>(x, square));
        V slope = V.MultiplyAdd(square, V.Constant(3 * GeluTanhFunction.Cubic), V.Constant(GeluTanhFunction.Linear));
        return dy * V.MultiplyAdd(s * (V.Constant(1) - s), x * slope, s);
    }
}
