using System.Runtime.CompilerServices;

namespace BlasNet.Kernels;

/// <summary>The exponential, and what is made of it, for vectors: e^x = 2ⁿ·e^r with a whole n and |r| ≤ ln 2 / 2.</summary>
/// <remarks>
/// Adding a number of 2²³ (2⁵²) leaves n in the low end of the significand, from where a shift brings it into the exponent of another number.
/// ln 2 is taken in two parts, the first so short that its product with n is exact; then r is right without fused instructions too.
/// (e^r − 1)/r = 1 + r·g(r), where g interpolates at Chebyshev's nodes: relative error 2·10⁻⁸ of degree 4, 10⁻¹⁸ of degree 10.
/// </remarks>
internal static class Power
{
    private const double Log2E = 1.4426950408889634;

    /// <summary>e^x to 1 ulp (float32) or 2 (float64), everywhere.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Exp<V, T>(V x) where V : struct, ISimd<V, T> where T : unmanaged
    {
        // Beyond this the result is infinite; the order of operands lets NaN pass.
        return ExpUpTo<V, T>(V.Min(V.Constant(IsFloat<T>() ? 89 : 710), x));
    }

    /// <summary>e^(x + rest) for a rest that is small beside 1, as precise as if their sum had not been rounded.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Exp<V, T>(V x, V rest) where V : struct, ISimd<V, T> where T : unmanaged
    {
        x = V.Max(V.Constant(Zero<T>()), V.Min(V.Constant(IsFloat<T>() ? 89 : 710), x));
        V n = Multiple<V, T>(x);
        V r = V.MultiplyAdd(n, V.Constant(-Ln2High<T>()), x) + V.MultiplyAdd(n, V.Constant(-Ln2Low<T>()), rest);

        return V.Scale(V.MultiplyAdd(r, Quotient<V, T>(r, 1), V.Constant(1)), n);
    }

    /// <summary>e^x − 1 for x ≤ 0, to 2 ulp: nothing cancels where x is small.</summary>
    /// <remarks>2ⁿ(e^r − 1) + (2ⁿ − 1), see <see cref="Tanh"/>.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V ExpMinusOne<V, T>(V x) where V : struct, ISimd<V, T> where T : unmanaged
    {
        // Where the result is −1 to the last bit.
        V bounded = V.Max(V.Constant(IsFloat<T>() ? -18 : -38), x);
        double rounding = Rounding<T>() + (IsFloat<T>() ? 127 : 1023);
        V shifted = V.MultiplyAdd(bounded, V.Constant(Log2E), V.Constant(rounding));
        V n = shifted - V.Constant(rounding);
        V power = V.ToExponent(shifted);
        V r = V.MultiplyAdd(n, V.Constant(-Ln2High<T>()), bounded);
        r = V.MultiplyAdd(n, V.Constant(-Ln2Low<T>()), r);

        return V.MultiplyAdd(power * r, Quotient<V, T>(r, 1), power - V.Constant(1));
    }

    /// <summary>e^x for x that is not large.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V ExpUpTo<V, T>(V x) where V : struct, ISimd<V, T> where T : unmanaged
    {
        x = V.Max(V.Constant(Zero<T>()), x);
        V n = Multiple<V, T>(x);
        V r = V.MultiplyAdd(n, V.Constant(-Ln2High<T>()), x);
        r = V.MultiplyAdd(n, V.Constant(-Ln2Low<T>()), r);

        return V.Scale(V.MultiplyAdd(r, Quotient<V, T>(r, 1), V.Constant(1)), n);
    }

    // n, the multiple of ln 2 that is nearest to x.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Multiple<V, T>(V x) where V : struct, ISimd<V, T> where T : unmanaged =>
        V.MultiplyAdd(x, V.Constant(Log2E), V.Constant(Rounding<T>())) - V.Constant(Rounding<T>());

    /// <summary>1/(1 + e⁻ˣ) to a few ulp.</summary>
    /// <remarks>With u = e^−|x|, which cannot overflow: 1/(1 + u), or u/(1 + u) for negative x.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Sigmoid<V, T>(V x) where V : struct, ISimd<V, T> where T : unmanaged
    {
        V u = ExpUpTo<V, T>(V.CopySign(x, V.Constant(-1)));

        return V.WhereLess(x, V.Constant(0), u, V.Constant(1)) * V.Reciprocal(V.Constant(1) + u);
    }

    /// <summary>tanh(x) to a few ulp.</summary>
    /// <remarks>
    /// tanh|x| = −m/(2 + m) with m = e^−2|x| − 1 = 2ⁿ(e^r − 1) + (2ⁿ − 1), in which nothing cancels: for small x, n is 0. The constants are
    /// those for −r/2.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Tanh<V, T>(V x) where V : struct, ISimd<V, T> where T : unmanaged
    {
        // Where tanh is 1 to the last bit.
        V size = V.Min(V.Constant(IsFloat<T>() ? 10 : 20), V.Abs(x));

        // One more than the exponent's bias: the shift makes 2·2ⁿ.
        double rounding = Rounding<T>() + (IsFloat<T>() ? 128 : 1024);
        V shifted = V.MultiplyAdd(size, V.Constant(-2 * Log2E), V.Constant(rounding));
        V n = shifted - V.Constant(rounding);
        V twicePower = V.ToExponent(shifted);
        V h = V.MultiplyAdd(n, V.Constant(Ln2High<T>() / 2), size);
        h = V.MultiplyAdd(n, V.Constant(Ln2Low<T>() / 2), h);

        // 1 − e^r = 2h·q, so −m = 2·2ⁿ·h·q + (1 − 2ⁿ).
        V minusM = V.MultiplyAdd(twicePower, h * Quotient<V, T>(h, -2), V.MultiplyAdd(twicePower, V.Constant(-0.5), V.Constant(1)));

        return V.CopySign(minusM * V.Reciprocal(V.Constant(2) - minusM), x);
    }

    /// <summary>x·2ⁿ in two steps, neither of which leaves the range of exponents before it must.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Scale<V, T>(V x, V n) where V : struct, ISimd<V, T> where T : unmanaged
    {
        double rounding = Rounding<T>() + (IsFloat<T>() ? 127 : 1023);
        V half = V.MultiplyAdd(n, V.Constant(0.5), V.Constant(rounding));
        V rest = n - (half - V.Constant(rounding)) + V.Constant(rounding);

        return x * V.ToExponent(half) * V.ToExponent(rest);
    }

    /// <summary>(e^(f·x) − 1)/(f·x) for |f·x| ≤ ln 2 / 2.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Quotient<V, T>(V x, double f) where V : struct, ISimd<V, T> where T : unmanaged
    {
        double f2 = f * f;
        double f4 = f2 * f2;

        if (IsFloat<T>())
        {
            V sum = V.MultiplyAdd(x, V.Constant(0.0013926183587713494 * f4 * f), V.Constant(0.008363179052722578 * f4));
            sum = V.MultiplyAdd(x, sum, V.Constant(0.041666554617204574 * f2 * f));
            sum = V.MultiplyAdd(x, sum, V.Constant(0.16666576989698775 * f2));
            sum = V.MultiplyAdd(x, sum, V.Constant(0.5 * f));
            return V.MultiplyAdd(x, sum, V.Constant(1));
        }
        else
        {
            V sum = V.MultiplyAdd(x, V.Constant(2.0914686968086876e-09 * f4 * f4 * f2 * f), V.Constant(2.5105217004720745e-08 * f4 * f4 * f2));
            sum = V.MultiplyAdd(x, sum, V.Constant(2.75572736431103e-07 * f4 * f4 * f));
            sum = V.MultiplyAdd(x, sum, V.Constant(2.7557255400206422e-06 * f4 * f4));
            sum = V.MultiplyAdd(x, sum, V.Constant(2.4801587325547743e-05 * f4 * f2 * f));
            sum = V.MultiplyAdd(x, sum, V.Constant(0.00019841269874820627 * f4 * f2));
            sum = V.MultiplyAdd(x, sum, V.Constant(0.0013888888888883748 * f4 * f));
            sum = V.MultiplyAdd(x, sum, V.Constant(0.008333333333326136 * f4));
            sum = V.MultiplyAdd(x, sum, V.Constant(0.04166666666666667 * f2 * f));
            sum = V.MultiplyAdd(x, sum, V.Constant(0.1666666666666667 * f2));
            sum = V.MultiplyAdd(x, sum, V.Constant(0.5 * f));
            return V.MultiplyAdd(x, sum, V.Constant(1));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsFloat<T>() => typeof(T) == typeof(float);

    /// <summary>At or below this e^x is 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static double Zero<T>() => IsFloat<T>() ? -104 : -746;

    /// <summary>1.5·2²³ or 1.5·2⁵²: a number that is added to it is rounded to an integer.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static double Rounding<T>() => IsFloat<T>() ? 12582912 : 6755399441055744;

    /// <summary>The first part of ln 2, so short that its product with an exponent is exact.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Ln2High<T>() => IsFloat<T>() ? 0.693145751953125 : 0.6931471805601177;

    /// <summary>What is left of ln 2.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Ln2Low<T>() => IsFloat<T>() ? 1.4286068203094173e-06 : -1.7239444525614835e-13;
}
