using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace BlasNet.Kernels;

/// <summary>Sums and products together with what rounding takes from them.</summary>
/// <remarks>Where there is a fused multiply-add, it gives the error of a product at once; else, source: Dekker, "A floating-point technique for extending
/// the available precision", Numerische Mathematik 18, 1971.</remarks>
internal static class Exact
{
    /// <summary>a + b where |a| ≥ |b|, or a is 0.</summary>
    /// <param name="a">The larger term.</param>
    /// <param name="b">The smaller one.</param>
    /// <param name="error">What is missing: the sum of both results is a + b.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Sum<V, T>(V a, V b, out V error) where V : struct, ISimd<V, T> where T : unmanaged
    {
        V sum = a + b;
        error = b - (sum - a);
        return sum;
    }

    /// <summary>a·b, where neither is so large that 2¹³ (2²⁷) times it overflows, nor the product so small that its error is subnormal.</summary>
    /// <param name="a">A factor.</param>
    /// <param name="b">The other one.</param>
    /// <param name="error">What is missing.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Product<V, T>(V a, V b, out V error) where V : struct, ISimd<V, T> where T : unmanaged
    {
        if (Fma.IsSupported || AdvSimd.IsSupported)
        {
            V rounded = a * b;
            error = V.MultiplyAdd(a, b, V.Constant(0) - rounded);
            return rounded;
        }

        V aHigh = High<V, T>(a), bHigh = High<V, T>(b), aLow = a - aHigh, bLow = b - bHigh, product = a * b;
        error = aHigh * bHigh - product + aHigh * bLow + aLow * bHigh + aLow * bLow;
        return product;
    }

    // The upper half of the bits.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V High<V, T>(V x) where V : struct, ISimd<V, T> where T : unmanaged
    {
        V scaled = x * V.Constant(typeof(T) == typeof(float) ? 4097 : 134217729);
        return scaled - (scaled - x);
    }
}
