using System.Runtime.CompilerServices;
using BlasNet.Graphs;
using BlasNet.Kernels;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>x for positive elements, slope·x for the others.</summary>
    /// <param name="x">Any shape.</param>
    /// <param name="slope">The same for every example; finite.</param>
    /// <returns>The shape of <paramref name="x"/>.</returns>
    /// <remarks>At 0 the derivative is the slope.
    /// Source: Maas, Hannun, Ng, "Rectifier Nonlinearities Improve Neural Network Acoustic Models", ICML 2013.</remarks>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="slope"/> is not finite.</exception>
    public static Expr LeakyRelu(Expr x, double slope = 0.01)
    {
        NumberOperator.RequireFinite(slope);
        return slope == 0 ? Relu(x) : LeakyReluOperator.Instance.Of(x, slope);   // 0·∞ is not 0
    }
}

internal sealed class LeakyReluOperator : NumberOperator<LeakyReluFunction>
{
    public static readonly LeakyReluOperator Instance = new();

    public override string Name => "leaky-relu";

    protected override Expr? Backward(Expr x, Expr y, Expr dy, long attribute) =>
        Op.Multiply(dy, LeakyReluSlopeOperator.Instance.Of(x, NumberOf(attribute)));
}

internal readonly struct LeakyReluFunction : IZip
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<V, T>(V x, V slope) where V : struct, ISimd<V, T> where T : unmanaged => V.WhereLess(V.Constant(0), x, x, slope * x);
}

/// <summary>1 for positive elements, the slope for the others, NaN for NaN: the derivative.</summary>
internal sealed class LeakyReluSlopeOperator : NumberOperator<LeakyReluSlopeFunction>
{
    public static readonly LeakyReluSlopeOperator Instance = new();

    public override string Name => "leaky-relu-slope";

    protected override Expr? Backward(Expr x, Expr y, Expr dy, long attribute) => null;
}

internal readonly struct LeakyReluSlopeFunction : IZip
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<V, T>(V x, V slope) where V : struct, ISimd<V, T> where T : unmanaged =>
        V.WhereLess(V.Constant(0), x, V.Constant(1), V.WhereLessOrEqual(x, V.Constant(0), slope, x));
}
