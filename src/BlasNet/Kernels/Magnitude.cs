using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using BlasNet.Memory;

namespace BlasNet.Kernels;

/// <summary>The largest magnitude among many numbers.</summary>
internal static class Magnitude
{
    /// <summary>max |x|; infinite or NaN if an element is, 0 for no elements.</summary>
    /// <remarks>Without their sign bit, floating-point numbers are in the order of their bits as integers, with infinity and then NaN above all
    /// others. So one integer maximum for each vector finds the largest magnitude and whether all are finite.</remarks>
    public static double Largest<T>(ReadOnlySpan<T> x) where T : unmanaged, IBinaryFloatingPointIeee754<T> => Largest(x, [new Segment(0, x.Length)]);

    /// <summary>The same of some parts.</summary>
    public static double Largest<T>(ReadOnlySpan<T> x, ReadOnlySpan<Segment> parts) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ref T first = ref MemoryMarshal.GetReference(x);
        int pair = 2 * Vector<T>.Count;
        double largest = 0;
        (Vector<T> a, Vector<T> b) = (default, default);
        foreach (Segment part in parts)
        {
            int full = part.Length / pair * pair;
            AddPairs(ref Unsafe.Add(ref first, part.Start), (nuint)full, ref a, ref b);
            for (int i = part.Start + full; i < part.End; i++)
                largest = Math.Max(largest, double.CreateTruncating(T.Abs(x[i])));   // NaN if one is
        }

        return Math.Max(largest, Largest(Larger(a, b)));
    }

    // A method of its own, so that the maxima stay in registers.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void AddPairs<T>(ref T first, nuint length, ref Vector<T> largest, ref Vector<T> ofOthers)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        (Vector<T> a, Vector<T> b) = (largest, ofOthers);
        nuint width = (nuint)Vector<T>.Count;
        for (nuint i = 0; i < length; i += 2 * width)
        {
            a = Larger(a, Vector.Abs(Vector.LoadUnsafe(ref first, i)));
            b = Larger(b, Vector.Abs(Vector.LoadUnsafe(ref first, i + width)));
        }

        (largest, ofOthers) = (a, b);
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
