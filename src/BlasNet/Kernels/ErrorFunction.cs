using System.Runtime.CompilerServices;

namespace BlasNet.Kernels;

/// <summary>The error function for vectors.</summary>
internal static class ErrorFunction
{
    /// <summary>erf(x) to 2 ulp (float32) or 4 (float64).</summary>
    /// <remarks>
    /// Below 1, erf(x) = x·q(x²). From there on erf|x| = 1 − e^−x²·p(u) with u = (|x| − 2)/(|x| + 2), where p is the scaled complementary error function
    /// and what is subtracted is so small that its error hardly counts. Both polynomials interpolate at Chebyshev's nodes: relative error 10⁻⁹ for float32,
    /// 2·10⁻¹⁷ for float64.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Erf<V, T>(V x) where V : struct, ISimd<V, T> where T : unmanaged
    {
        bool single = typeof(T) == typeof(float);
        V one = V.Constant(1), two = V.Constant(2);

        // Where erf is 1 to the last bit; the order of operands lets NaN pass.
        V size = V.Min(V.Constant(single ? 4 : 6), V.Abs(x));
        V z = size * size;
        V u = (size - two) / (size + two);
        V q, p;

        if (single)
        {
            q = V.MultiplyAdd(z, V.Constant(7.8758750626854883e-5), V.Constant(-0.00080168642871658695));
            q = V.MultiplyAdd(z, q, V.Constant(0.005189087423433974));
            q = V.MultiplyAdd(z, q, V.Constant(-0.026854212010626412));
            q = V.MultiplyAdd(z, q, V.Constant(0.11283594715160218));
            q = V.MultiplyAdd(z, q, V.Constant(-0.37612626666720331));
            q = V.MultiplyAdd(z, q, V.Constant(1.1283791658483509));

            p = V.MultiplyAdd(u, V.Constant(-0.00094415963408727357), V.Constant(-0.00083658997364860578));
            p = V.MultiplyAdd(u, p, V.Constant(0.0069948554135999576));
            p = V.MultiplyAdd(u, p, V.Constant(0.0037321413513030097));
            p = V.MultiplyAdd(u, p, V.Constant(-0.078978523272533492));
            p = V.MultiplyAdd(u, p, V.Constant(0.24165821109072445));
            p = V.MultiplyAdd(u, p, V.Constant(-0.42718584761434302));
            p = V.MultiplyAdd(u, p, V.Constant(0.25539567625190335));
        }
        else
        {
            q = V.MultiplyAdd(z, V.Constant(-7.7958988270021422e-10), V.Constant(1.3720064546777686e-8));
            q = V.MultiplyAdd(z, q, V.Constant(-1.6208483801871706e-7));
            q = V.MultiplyAdd(z, q, V.Constant(1.6447424703317362e-6));
            q = V.MultiplyAdd(z, q, V.Constant(-1.492473690741966e-5));
            q = V.MultiplyAdd(z, q, V.Constant(0.00012055294904839708));
            q = V.MultiplyAdd(z, q, V.Constant(-0.00085483259753896921));
            q = V.MultiplyAdd(z, q, V.Constant(0.0052239776071164227));
            q = V.MultiplyAdd(z, q, V.Constant(-0.02686617064323777));
            q = V.MultiplyAdd(z, q, V.Constant(0.11283791670945006));
            q = V.MultiplyAdd(z, q, V.Constant(-0.3761263890318354));
            q = V.MultiplyAdd(z, q, V.Constant(1.1283791670955126));

            p = V.MultiplyAdd(u, V.Constant(-1.1352571477273626e-6), V.Constant(1.272567661840228e-6));
            p = V.MultiplyAdd(u, p, V.Constant(4.0117496473250669e-6));
            p = V.MultiplyAdd(u, p, V.Constant(1.3058577122278016e-6));
            p = V.MultiplyAdd(u, p, V.Constant(-1.3998283772784977e-5));
            p = V.MultiplyAdd(u, p, V.Constant(-2.7562209161129353e-5));
            p = V.MultiplyAdd(u, p, V.Constant(2.7527175557227247e-5));
            p = V.MultiplyAdd(u, p, V.Constant(0.00017435947400205158));
            p = V.MultiplyAdd(u, p, V.Constant(4.3555586865754816e-5));
            p = V.MultiplyAdd(u, p, V.Constant(-0.00098197694110386427));
            p = V.MultiplyAdd(u, p, V.Constant(-0.00084714325299195005));
            p = V.MultiplyAdd(u, p, V.Constant(0.0069974617369715787));
            p = V.MultiplyAdd(u, p, V.Constant(0.0037328924043978338));
            p = V.MultiplyAdd(u, p, V.Constant(-0.078978581015706104));
            p = V.MultiplyAdd(u, p, V.Constant(0.24165819424246585));
            p = V.MultiplyAdd(u, p, V.Constant(-0.42718584741395849));
            p = V.MultiplyAdd(u, p, V.Constant(0.25539567631050574));
        }

        V large = V.CopySign(one - Power.Exp<V, T>(V.Constant(0) - z) * p, x);
        return V.WhereLess(size, one, x * q, large);
    }
}
