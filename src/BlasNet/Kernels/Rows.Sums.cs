using System.Runtime.CompilerServices;

namespace BlasNet.Kernels;

/// <content>Sums of rows.</content>
internal static unsafe partial class Rows
{
    /// <summary>sum (+)= Σ rows.</summary>
    /// <param name="rows">First row.</param>
    /// <param name="stride">Elements from one row to the next.</param>
    /// <param name="sum">One row.</param>
    /// <param name="length">Elements of a row.</param>
    /// <param name="count">Number of rows.</param>
    /// <param name="accumulate">Add to what is there.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void SumOver<T>(T* rows, nint stride, T* sum, nint length, nint count, bool accumulate) where T : unmanaged
    {
        var work = new SumWork<T> { Rows = rows, Stride = stride, Sum = sum, Length = length, Count = count, Accumulate = accumulate };
        ComputeThreads.Divide(work, (length + Block - 1) / Block, count * Block * NanosecondsPerElement);
    }

    /// <summary>sum ← Σ rows, which may lie anywhere: each element is written once, however many there are.</summary>
    /// <param name="rows">Where each row starts; at least one. The sum itself can be one of them.</param>
    /// <param name="count">Number of rows.</param>
    /// <param name="sum">One row.</param>
    /// <param name="length">Elements of a row.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void SumOf<T>(T** rows, nint count, T* sum, nint length) where T : unmanaged
    {
        var others = new ListedRows<T>(rows + 1);
        if (Simd512<T>.IsSupported)
            SumRows<Simd512<T>, T, ListedRows<T>>(others, count - 1, rows[0], sum, length);
        else if (Simd256<T>.IsSupported)
            SumRows<Simd256<T>, T, ListedRows<T>>(others, count - 1, rows[0], sum, length);
        else
            SumRows<Simd128<T>, T, ListedRows<T>>(others, count - 1, rows[0], sum, length);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SumOver<V, T>(T* rows, nint stride, T* sum, nint length, nint count, bool accumulate) where V : struct, ISimd<V, T> where T : unmanaged
    {
        if (length == 1 && stride == 1)
            SumElements<V, T>(rows, count, sum, accumulate);
        else
            SumRows<V, T, SpacedRows<T>>(new SpacedRows<T>(rows, stride), count, accumulate ? sum : null, sum, length);
    }

    /// <summary>sum ← initial, or zeros where it is null, + Σ rows. Strips of four vectors stay in registers over all rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SumRows<V, T, TRows>(TRows rows, nint count, T* initial, T* sum, nint length)
        where V : struct, ISimd<V, T> where T : unmanaged where TRows : struct, IRowPlaces<T>
    {
        bool starts = initial != null;
        nint at = 0;

        for (; at <= length - (4 * V.Count); at += 4 * V.Count)
        {
            T* from = initial + at;
            V s0 = starts ? V.Load(from) : V.Constant(0), s1 = starts ? V.Load(from + V.Count) : V.Constant(0);
            V s2 = starts ? V.Load(from + 2 * V.Count) : V.Constant(0), s3 = starts ? V.Load(from + 3 * V.Count) : V.Constant(0);

            for (nint i = 0; i < count; i++)
            {
                T* row = rows.At(i) + at;
                s0 += V.Load(row);
                s1 += V.Load(row + V.Count);
                s2 += V.Load(row + 2 * V.Count);
                s3 += V.Load(row + 3 * V.Count);
            }

            T* to = sum + at;
            s0.Store(to);
            s1.Store(to + V.Count);
            s2.Store(to + 2 * V.Count);
            s3.Store(to + 3 * V.Count);
        }

        for (; at < length; at += V.Count)
        {
            nint lanes = nint.Min(V.Count, length - at);
            V s = starts ? V.LoadFirst(initial + at, lanes, 0) : V.Constant(0);

            for (nint i = 0; i < count; i++)
                s += lanes == V.Count ? V.Load(rows.At(i) + at) : V.LoadFirst(rows.At(i) + at, lanes, 0);

            s.StoreFirst(sum + at, lanes);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SumElements<V, T>(T* x, nint count, T* sum, bool accumulate) where V : struct, ISimd<V, T> where T : unmanaged
    {
        V s0 = accumulate ? V.LoadFirst(sum, 1, 0) : V.Constant(0), s1 = V.Constant(0);
        nint i = 0;

        for (; i <= count - (2 * V.Count); i += 2 * V.Count)
        {
            s0 += V.Load(x + i);
            s1 += V.Load(x + i + V.Count);
        }

        for (; i < count; i += V.Count)
            s0 += count - i >= V.Count ? V.Load(x + i) : V.LoadFirst(x + i, count - i, 0);

        *sum = (s0 + s1).Sum();
    }

    private interface IRowPlaces<T> where T : unmanaged
    {
        T* At(nint row);
    }

    private readonly struct SpacedRows<T>(T* first, nint stride) : IRowPlaces<T> where T : unmanaged
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T* At(nint row) => first + row * stride;
    }

    private readonly struct ListedRows<T>(T** rows) : IRowPlaces<T> where T : unmanaged
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T* At(nint row) => rows[row];
    }

    private struct SumWork<T> : IRangeWork where T : unmanaged
    {
        public T* Rows, Sum;
        public nint Stride, Length, Count;
        public bool Accumulate;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Run(nint start, nint end)
        {
            start *= Block;
            nint length = nint.Min(end * Block, Length) - start;

            if (Simd512<T>.IsSupported)
                SumOver<Simd512<T>, T>(Rows + start, Stride, Sum + start, length, Count, Accumulate);
            else if (Simd256<T>.IsSupported)
                SumOver<Simd256<T>, T>(Rows + start, Stride, Sum + start, length, Count, Accumulate);
            else
                SumOver<Simd128<T>, T>(Rows + start, Stride, Sum + start, length, Count, Accumulate);
        }
    }
}
