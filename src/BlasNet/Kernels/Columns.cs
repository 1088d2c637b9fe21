using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;

namespace BlasNet.Kernels;

/// <summary>Functions of each column vector of a stack; one result, or one vector, for each.</summary>
internal static class Columns
{
    // Elements whose intermediate results stay in the first-level cache, on the execution stack.
    private const int ChunkLength = 256;

    /// <summary>y[v] ← a_v · b_v, where a and b are y.Length vectors each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Dot<T>(ReadOnlySpan<T> a, ReadOnlySpan<T> b, Span<T> y) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int rows = a.Length / y.Length;
        for (int v = 0; v < y.Length; v++)
            y[v] = TensorPrimitives.Dot(a.Slice(v * rows, rows), b.Slice(v * rows, rows));
    }

    /// <summary>y_v ← softmax(x_v) for vectors of length <paramref name="rows"/>; y may be x.</summary>
    /// <remarks>The largest element is subtracted first, so that no power overflows.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Softmax<T>(ReadOnlySpan<T> x, Span<T> y, int rows) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int start = 0; start < x.Length; start += rows)
        {
            Span<T> column = y.Slice(start, rows);
            TensorPrimitives.Subtract(x.Slice(start, rows), TensorPrimitives.Max(x.Slice(start, rows)), column);
            TensorPrimitives.Exp(column, column);
            TensorPrimitives.Multiply(column, T.One / TensorPrimitives.Sum<T>(column), column);
        }
    }

    /// <summary>y_v ← x_v − ln Σ exp(x_v) for vectors of length <paramref name="rows"/>; y may be x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void LogSoftmax<T>(ReadOnlySpan<T> x, Span<T> y, int rows) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int start = 0; start < x.Length; start += rows)
        {
            Span<T> column = y.Slice(start, rows);
            T logarithm = LogSumExp(x.Slice(start, rows), out T largest);
            TensorPrimitives.Subtract(x.Slice(start, rows), largest, column);
            TensorPrimitives.Subtract(column, logarithm, column);
        }
    }

    /// <summary>ln Σ exp(x − largest): nothing overflows, and nothing small is lost beside something large.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static T LogSumExp<T>(ReadOnlySpan<T> x, out T largest) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        largest = TensorPrimitives.Max(x);
        T sum = T.Zero;
        Span<T> powers = stackalloc T[ChunkLength];
        for (; x.Length > 0; x = x[powers.Length..])
        {
            powers = powers[..Math.Min(ChunkLength, x.Length)];
            TensorPrimitives.Subtract(x[..powers.Length], largest, powers);
            TensorPrimitives.Exp(powers, powers);
            sum += TensorPrimitives.Sum<T>(powers);
        }

        return T.Log(sum);
    }

    /// <summary>|a − b|².</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static T SquaredDistance<T>(ReadOnlySpan<T> a, ReadOnlySpan<T> b) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T sum = T.Zero;
        Span<T> difference = stackalloc T[ChunkLength];
        for (int start = 0; start < a.Length; start += ChunkLength)
        {
            difference = difference[..Math.Min(ChunkLength, a.Length - start)];
            TensorPrimitives.Subtract(a.Slice(start, difference.Length), b.Slice(start, difference.Length), difference);
            sum += TensorPrimitives.SumOfSquares<T>(difference);
        }

        return sum;
    }
}
