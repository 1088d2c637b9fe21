using System.Runtime.CompilerServices;

namespace BlasNet.Kernels;

/// <summary>The natural logarithm for vectors, and powers of any exponent.</summary>
/// <remarks>
/// x = 2ᵉ·(1 + f) with 1 + f between √½ and √2; ln(1 + f) = 2·artanh(s), s = f/(2 + f), = f − f²/2 + s·(f²/2 + s²·(⅔ + ⅖s² + …)), whose
/// series is replaced by a polynomial at Chebyshev's nodes.
/// </remarks>
internal static class Logarithm
{
    private const double Root2 = 1.4142135623730951;

    /// <summary>ln x to 2 ulp; −∞ for 0, NaN below.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Log<V, T>(V x) where V : struct, ISimd<V, T> where T : unmanaged
    {
        V exponent = Reduce<V, T>(x, out V m);
        V result = LogOf<V, T>(m - V.Constant(1), exponent);

        // 0, below 0, infinite and NaN.
        result = V.WhereLess(V.Constant(0), x, result, V.WhereLess(x, V.Constant(0), V.Constant(double.NaN), V.Constant(double.NegativeInfinity)));
        return V.WhereLess(x, V.Constant(double.PositiveInfinity), result, x);
    }

    /// <summary>ln(1 + x) for 0 ≤ x ≤ 1, to 2 ulp: 1 + x is not rounded.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V LogOnePlus<V, T>(V x) where V : struct, ISimd<V, T> where T : unmanaged
    {
        // ln(1 + x), or ln 2 + ln((1 + x)/2).
        V large = V.Constant(Root2 - 1), one = V.Constant(1);
        V f = V.WhereLess(large, x, (x - one) * V.Constant(0.5), x);
        return LogOf<V, T>(f, V.WhereLess(large, x, one, V.Constant(0)));
    }

    /// <summary>xᵖ for x ≥ 0 and any p but 0, to 3 ulp; NaN for NaN.</summary>
    /// <remarks>
    /// e^(p·ln x). The result's relative error is the absolute error of p·ln x, which may be as large as 88 (745), so both are computed with half as many
    /// bits again. Not inlined: expanded in a loop it exceeds what the just-in-time compiler inlines; then every operation is a call, ten times as slow.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static V Pow<V, T>(V x, V p) where V : struct, ISimd<V, T> where T : unmanaged
    {
        bool single = typeof(T) == typeof(float);
        V exponent = Reduce<V, T>(x, out V m);

        // ln m = 2(s + rest) + s³·series, where s + rest is (m − 1)/(m + 1).
        V one = V.Constant(1), f = m - one, divisor = m + one, lost = m - (divisor - one);
        V s = f / divisor;
        V product = Exact.Product<V, T>(s, divisor, out V error);
        V rest = (f - product - error - s * lost) / divisor;
        V z = s * s;
        V low = V.MultiplyAdd(s * z, Series<V, T>(z), rest + rest) + exponent * V.Constant(Power.Ln2Low<T>());
        V high = Exact.Sum<V, T>(exponent * V.Constant(Power.Ln2High<T>()), s + s, out error);
        high = Exact.Sum<V, T>(high, low + error, out low);

        // A larger exponent gives what this one gives: 1 for 1, else 0 or ∞.
        V infinity = V.Constant(double.PositiveInfinity), zero = V.Constant(0);
        V limit = V.Constant(single ? 1e30 : 1e290);
        V bounded = V.Min(limit, V.Max(zero - limit, p));
        product = Exact.Product<V, T>(bounded, high, out error);
        product = Exact.Sum<V, T>(product, V.MultiplyAdd(bounded, low, error), out rest);

        // Of 0 and ∞ the logarithm is infinite. Where the result is 0 or ∞, the rest may be anything.
        V infinite = V.WhereLess(zero, x, bounded * x, V.WhereLessOrEqual(x, zero, zero - bounded * infinity, x));
        V sum = V.WhereLess(zero, x, V.WhereLess(x, infinity, product, infinite), infinite);
        return Power.Exp<V, T>(sum, V.WhereLess(V.Abs(sum), V.Constant(single ? 120 : 800), rest, zero));
    }

    // Into 2ᵉ·m, with m between √½ and √2. Meaningless where x is not positive and finite.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Reduce<V, T>(V x, out V m) where V : struct, ISimd<V, T> where T : unmanaged
    {
        bool single = typeof(T) == typeof(float);
        V smallestNormal = V.Constant(single ? 1.1754943508222875e-38 : 2.2250738585072014e-308);
        V scaled = V.WhereLess(x, smallestNormal, x * V.Constant(single ? 8388608 : 4503599627370496), x);
        V exponent = V.Exponent(scaled, out m) - V.WhereLess(x, smallestNormal, V.Constant(single ? 23 : 52), V.Constant(0));

        V root = V.Constant(Root2), one = V.Constant(1);
        exponent += V.WhereLess(root, m, one, V.Constant(0));
        m *= V.WhereLess(root, m, V.Constant(0.5), one);
        return exponent;
    }

    // ln(1 + f) + e·ln 2.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V LogOf<V, T>(V f, V exponent) where V : struct, ISimd<V, T> where T : unmanaged
    {
        V s = f / (V.Constant(2) + f);
        V half = f * f * V.Constant(0.5);
        V z = s * s;
        V low = V.MultiplyAdd(s, V.MultiplyAdd(z, Series<V, T>(z), half), exponent * V.Constant(Power.Ln2Low<T>()));
        return V.MultiplyAdd(exponent, V.Constant(Power.Ln2High<T>()), f - (half - low));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Series<V, T>(V z) where V : struct, ISimd<V, T> where T : unmanaged
    {
        V series;
        if (typeof(T) == typeof(float))
        {
            series = V.MultiplyAdd(z, V.Constant(0.23330581938241893), V.Constant(0.2855081659971155));
            series = V.MultiplyAdd(z, series, V.Constant(0.40000121876972));
            return V.MultiplyAdd(z, series, V.Constant(0.6666666655445165));
        }

        series = V.MultiplyAdd(z, V.Constant(0.13086767009948175), V.Constant(0.13268759668560612));
        series = V.MultiplyAdd(z, series, V.Constant(0.15386240205813478));
        series = V.MultiplyAdd(z, series, V.Constant(0.18181795630884753));
        series = V.MultiplyAdd(z, series, V.Constant(0.2222222239180047));
        series = V.MultiplyAdd(z, series, V.Constant(0.2857142857080323));
        series = V.MultiplyAdd(z, series, V.Constant(0.4000000000000088));
        return V.MultiplyAdd(z, series, V.Constant(0.6666666666666666));
    }
}
