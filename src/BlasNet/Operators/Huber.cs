using System.Runtime.CompilerServices;
using BlasNet.Graphs;
using BlasNet.Kernels;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>Huber's loss of each element, an error: x²/2 where |x| ≤ δ, else δ·(|x| − δ/2).</summary>
    /// <param name="x">Any shape; the difference of a value and its target.</param>
    /// <param name="delta">δ, above which the loss grows linearly; the same for every example.</param>
    /// <returns>The shape of <paramref name="x"/>. The loss of an example is its <see cref="Sum"/> or <see cref="Mean"/>.</returns>
    /// <remarks>Its derivative is x, cut off at −δ and δ.
    /// Source: Huber, "Robust Estimation of a Location Parameter", The Annals of Mathematical Statistics 35, 1964.</remarks>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="delta"/> is not above 0 and finite.</exception>
    public static Expr Huber(Expr x, double delta = 1)
    {
        NumberOperator.RequireFinite(delta);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(delta);
        return HuberOperator.Instance.Of(x, delta);
    }
}

internal sealed class HuberOperator : NumberOperator<HuberFunction>
{
    public static readonly HuberOperator Instance = new();

    public override string Name => "huber";

    protected override Expr? Backward(Expr x, Expr y, Expr dy, long attribute) =>
        Op.Multiply(dy, Op.Between(x, -NumberOf(attribute), NumberOf(attribute)));
}

/// <summary>c·(x − c/2), where c is x cut off at −δ and δ.</summary>
internal readonly struct HuberFunction : IZip
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<V, T>(V x, V delta) where V : struct, ISimd<V, T> where T : unmanaged
    {
        V cut = V.Min(delta, V.Max(V.Constant(0) - delta, x));
        return cut * V.MultiplyAdd(cut, V.Constant(-0.5), x);
    }
}
