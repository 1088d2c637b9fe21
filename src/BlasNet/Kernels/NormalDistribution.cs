using System.Runtime.CompilerServices;

namespace BlasNet.Kernels;

/// <summary>The standard normal distribution for vectors.</summary>
internal static class NormalDistribution
{
    /// <summary>Φ(x) = (1 + erf(x/√2))/2, small values too to 4 ulp.</summary>
    /// <param name="x">Any number.</param>
    /// <param name="density">e^(−x²/2), which is √(2π) times the density.</param>
    /// <remarks>
    /// Φ(−x) = e^(−x²/2)·p(u)/(x + k) for x ≥ 0, where u = (x − k)/(x + k) and p interpolates at Chebyshev's nodes: relative error 2⁻²⁹ of degree 10
    /// (float32), 2⁻⁵⁶ of degree 22. The square keeps its rounding error, which would become a relative error of the power x²/2 times as large.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Cumulative<V, T>(V x, out V density) where V : struct, ISimd<V, T> where T : unmanaged
    {
        // Where the power is 0; the order of operands lets NaN pass.
        V size = V.Min(V.Constant(typeof(T) == typeof(float) ? 14.5 : 38.7), V.Abs(x)), half = V.Constant(-0.5);
        V square = Exact.Product<V, T>(size, size, out V rest);
        density = Power.Exp<V, T>(square * half, rest * half);

        V k = V.Constant(typeof(T) == typeof(float) ? 3 : 6), one = V.Constant(1);
        V inverse = V.Reciprocal(size + k);
        V tail = density * (Polynomial<V, T>((size - k) * inverse) * inverse);
        return V.WhereLess(x, V.Constant(0), tail, one - tail);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Polynomial<V, T>(V u) where V : struct, ISimd<V, T> where T : unmanaged
    {
        V p;
        if (typeof(T) == typeof(float))
        {
            p = V.MultiplyAdd(u, V.Constant(5.5355966295438001e-5), V.Constant(0.00013312590875052613));
            p = V.MultiplyAdd(u, p, V.Constant(-0.00024458266635030281));
            p = V.MultiplyAdd(u, p, V.Constant(-0.0010342220593040599));
            p = V.MultiplyAdd(u, p, V.Constant(0.0010241357110211651));
            p = V.MultiplyAdd(u, p, V.Constant(0.0069698131313015088));
            p = V.MultiplyAdd(u, p, V.Constant(-0.010462293756020216));
            p = V.MultiplyAdd(u, p, V.Constant(-0.047262745275900214));
            p = V.MultiplyAdd(u, p, V.Constant(0.23001767766349004));
            p = V.MultiplyAdd(u, p, V.Constant(-0.50933198954028236));
            return V.MultiplyAdd(u, p, V.Constant(0.7290836906962499));
        }

        p = V.MultiplyAdd(u, V.Constant(8.9636849837920195e-10), V.Constant(5.2673249623819312e-9));
        p = V.MultiplyAdd(u, p, V.Constant(-1.2104713051184602e-10));
        p = V.MultiplyAdd(u, p, V.Constant(-4.4404721806703002e-8));
        p = V.MultiplyAdd(u, p, V.Constant(9.3915102018174151e-9));
        p = V.MultiplyAdd(u, p, V.Constant(3.1191336270631246e-7));
        p = V.MultiplyAdd(u, p, V.Constant(-4.3022800240024357e-7));
        p = V.MultiplyAdd(u, p, V.Constant(-1.80069218383033e-6));
        p = V.MultiplyAdd(u, p, V.Constant(6.7963614421249674e-6));
        p = V.MultiplyAdd(u, p, V.Constant(1.0759703944210176e-6));
        p = V.MultiplyAdd(u, p, V.Constant(-6.4751897106451832e-5));
        p = V.MultiplyAdd(u, p, V.Constant(0.0001813603292898084));
        p = V.MultiplyAdd(u, p, V.Constant(3.2869976893439473e-5));
        p = V.MultiplyAdd(u, p, V.Constant(-0.0021316051969068424));
        p = V.MultiplyAdd(u, p, V.Constant(0.010029820648837114));
        p = V.MultiplyAdd(u, p, V.Constant(-0.030985315508850669));
        p = V.MultiplyAdd(u, p, V.Constant(0.075171915668089576));
        p = V.MultiplyAdd(u, p, V.Constant(-0.15268023206442224));
        p = V.MultiplyAdd(u, p, V.Constant(0.26797424584169843));
        p = V.MultiplyAdd(u, p, V.Constant(-0.4139035857755925));
        p = V.MultiplyAdd(u, p, V.Constant(0.56896889181478294));
        p = V.MultiplyAdd(u, p, V.Constant(-0.70100902959086553));
        return V.MultiplyAdd(u, p, V.Constant(0.77735177189336224));
    }
}
