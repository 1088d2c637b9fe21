using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using BlasNet.Memory;

namespace BlasNet.Kernels;

/// <summary>Norms, and products of every pair of a few vectors.</summary>
internal static unsafe class Norms
{
    // From this many vectors on a matrix product is faster than one dot product for each pair.
    private const int FewVectors = 6;

    /// <summary>|x|².</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static T Squared<T>(ReadOnlySpan<T> x) where T : unmanaged, IBinaryFloatingPointIeee754<T> => TensorPrimitives.SumOfSquares(x);

    /// <summary>x·y.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static T Dot<T>(ReadOnlySpan<T> x, ReadOnlySpan<T> y) where T : unmanaged, IBinaryFloatingPointIeee754<T> => TensorPrimitives.Dot(x, y);

    /// <summary>gram[s, t] ← x_s·x_t for <paramref name="count"/> vectors of <paramref name="length"/> elements, one after another.</summary>
    public static void Products<T>(T* x, int count, int length, T* gram) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (count > FewVectors)
        {
            var vectors = new Matrix<T>(x, count, length);
            Gemm.MultiplyTransposed(vectors, vectors, new Matrix<T>(gram, count, count));
            return;
        }

        for (int s = 0; s < count; s++)
        {
            for (int t = 0; t <= s; t++)
                gram[s * count + t] = gram[t * count + s] = Dot(new ReadOnlySpan<T>(x + s * length, length), new ReadOnlySpan<T>(x + t * length, length));
        }
    }

    /// <summary>equal[s, t] ← 1 where x_s = x_t, else 0.</summary>
    public static void Equal<T>(T* x, int count, T* equal) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int s = 0; s < count; s++)
        {
            for (int t = 0; t < count; t++)
                equal[s * count + t] = x[s] == x[t] ? T.One : T.Zero;
        }
    }
}
