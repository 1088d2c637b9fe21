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

    /// <summary>|x|, whatever the magnitude of the elements: infinite only if an element or the norm itself is, NaN if an element is.</summary>
    /// <remarks>The squares are added up as they are. Only if their sum overflows, or is so small that some may have been lost, they are added
    /// up once more, scaled by a power of two, which rounds nothing. Source: Blue, "A portable Fortran program to find the Euclidean norm of a
    /// vector", ACM TOMS, 1978.</remarks>
    public static double Euclidean<T>(ReadOnlySpan<T> x) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        double sum = double.CreateTruncating(SumOfSquares(x));
        return IsExact<T>(sum) ? Math.Sqrt(sum) : Scaled(x);
    }

    /// <summary>Whether a sum of products is finite, and so large that products lost to underflow do not matter.</summary>
    public static bool IsExact<T>(double sum) where T : unmanaged => double.IsFinite(sum) && sum >= (typeof(T) == typeof(float) ? 1e-24 : 1e-276);

    /// <summary>Multiplies by a power of two, so that the largest magnitude is at least 1 and below 2.</summary>
    /// <returns>Its exponent e: the elements were 2ᵉ times as large. 0 where all are 0 or one is not finite; nothing changes then.</returns>
    public static int Normalize<T>(ReadOnlySpan<T> x, Span<T> scaled) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        double largest = Magnitude.Largest(x);
        int exponent = largest > 0 && double.IsFinite(largest) ? Math.ILogB(largest) : 0;
        for (int i = 0; i < x.Length; i++)
            scaled[i] = T.ScaleB(x[i], -exponent);

        return exponent;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static T SumOfSquares<T>(ReadOnlySpan<T> x) where T : unmanaged, IBinaryFloatingPointIeee754<T> => TensorPrimitives.SumOfSquares(x);

    private static double Scaled<T>(ReadOnlySpan<T> x) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        const int ChunkLength = 256;
        Span<T> scaled = stackalloc T[ChunkLength];
        var norm = new EuclideanNorm();
        for (int start = 0; start < x.Length; start += ChunkLength)
        {
            ReadOnlySpan<T> chunk = x[start..Math.Min(x.Length, start + ChunkLength)];
            int exponent = Normalize(chunk, scaled);
            norm.Add(Math.ScaleB(Math.Sqrt(double.CreateTruncating(SumOfSquares<T>(scaled[..chunk.Length]))), exponent));
        }

        return norm.Value;
    }

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
