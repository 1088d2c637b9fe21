using System.Runtime.CompilerServices;

namespace BlasNet.Kernels;

/// <summary>The natural logarithm for vectors.</summary>
internal static class Logarithm
{
    /// <summary>ln x to 2 ulp; −∞ for 0, not a number below.</summary>
    /// <remarks>
    /// x = 2ᵉ·(1 + f) with 1 + f between √½ and √2; ln(1 + f) = 2·artanh(s), s = f/(2 + f), = f − f²/2 + s·(f²/2 + s²·(⅔ + ⅖s² + …)), whose
    /// series is replaced by a polynomial at Chebyshev's nodes.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Log<V, T>(V x) where V : struct, ISimd<V, T> where T : unmanaged
    {
        bool single = typeof(T) == typeof(float);
        V one = V.Constant(1);
        V smallestNormal = V.Constant(single ? 1.1754943508222875e-38 : 2.2250738585072014e-308);
        V scaled = V.WhereLess(x, smallestNormal, x * V.Constant(single ? 8388608 : 4503599627370496), x);
        V exponent = V.Exponent(scaled, out V m) - V.WhereLess(x, smallestNormal, V.Constant(single ? 23 : 52), V.Constant(0));

        V root = V.Constant(1.4142135623730951);
        exponent += V.WhereLess(root, m, one, V.Constant(0));
        m *= V.WhereLess(root, m, V.Constant(0.5), one);

        V f = m - one;
        V s = f / (V.Constant(2) + f);
        V half = f * f * V.Constant(0.5);
        V z = s * s;
        V series;

        if (single)
        {
            series = V.MultiplyAdd(z, V.Constant(0.23330581938241893), V.Constant(0.2855081659971155));
            series = V.MultiplyAdd(z, series, V.Constant(0.40000121876972));
            series = V.MultiplyAdd(z, series, V.Constant(0.6666666655445165));
        }
        else
        {
            series = V.MultiplyAdd(z, V.Constant(0.13086767009948175), V.Constant(0.13268759668560612));
            series = V.MultiplyAdd(z, series, V.Constant(0.15386240205813478));
            series = V.MultiplyAdd(z, series, V.Constant(0.18181795630884753));
            series = V.MultiplyAdd(z, series, V.Constant(0.2222222239180047));
            series = V.MultiplyAdd(z, series, V.Constant(0.2857142857080323));
            series = V.MultiplyAdd(z, series, V.Constant(0.4000000000000088));
            series = V.MultiplyAdd(z, series, V.Constant(0.6666666666666666));
        }

        // The first part of ln 2 is so short that its product with the exponent is exact.
        V low = V.MultiplyAdd(s, V.MultiplyAdd(z, series, half), exponent * V.Constant(single ? 1.4286068203094173e-06 : -1.7239444525614835e-13));
        V result = V.MultiplyAdd(exponent, V.Constant(single ? 0.693145751953125 : 0.6931471805601177), f - (half - low));

        // 0, below 0, infinite and not a number.
        result = V.WhereLess(V.Constant(0), x, result, V.WhereLess(x, V.Constant(0), V.Constant(double.NaN), V.Constant(double.NegativeInfinity)));
        return V.WhereLess(x, V.Constant(double.PositiveInfinity), result, x);
    }
}
