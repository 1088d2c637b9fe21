using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace BlasNet.Kernels;

/// <summary>The largest magnitude among many numbers.</summary>
internal static class Magnitude
{
    /// <summary>max |x|; infinite or NaN if an element is, 0 for no elements.</summary>
    /// <remarks>Without their sign bit, floating-point numbers are in the order of their bits as integers, with infinity and then NaN above all
    /// others. So one integer maximum for each vector finds the largest magnitude and whether all are finite.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static double Largest<T>(ReadOnlySpan<T> x) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ref T first = ref MemoryMarshal.GetReference(x);
        nuint i = 0, length = (nuint)x.Length, width = (nuint)Vector<T>.Count;
        Vector<T> a = default, b = default;
        for (; i + 2 * width <= length; i += 2 * width)
        {
            a = Larger(a, Vector.Abs(Vector.LoadUnsafe(ref first, i)));
            b = Larger(b, Vector.Abs(Vector.LoadUnsafe(ref first, i + width)));
        }

        double largest = Largest(Larger(a, b));
        for (; i < length; i++)
            largest = Math.Max(largest, double.CreateTruncating(T.Abs(Unsafe.Add(ref first, i))));   // NaN if one is

        return largest;
    }

    /// <summary>The largest of a vector's elements, of which none is negative; NaN if one is.</summary>
    public static double Largest<T>(Vector<T> values) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        double largest = 0;
        for (int i = 0; i < Vector<T>.Count; i++)
            largest = Math.Max(largest, double.CreateTruncating(values[i]));

        return largest;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<T> Larger<T>(Vector<T> a, Vector<T> b) where T : unmanaged => typeof(T) == typeof(float)
        ? Vector.Max(a.As<T, int>(), b.As<T, int>()).As<int, T>()
        : Vector.Max(a.As<T, long>(), b.As<T, long>()).As<long, T>();
}
