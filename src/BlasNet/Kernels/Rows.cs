using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;

namespace BlasNet.Kernels;

/// <summary>Rows of equal length moved, added and summed: what slices, concatenations, gathers and sums over a stack are made of.</summary>
/// <remarks>Row i of an operand starts at i times its stride.</remarks>
internal static unsafe class Rows
{
    /// <summary>Rows that are asked for ahead of the one that is copied, where they lie anywhere.</summary>
    private const int RowsAhead = 4;

    // For deciding on threads, so the order of magnitude is enough.
    private const double NanosecondsPerElement = 0.1;
    private const int Block = 64;

    /// <summary>target ← factor · source.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Scale<T>(ReadOnlySpan<T> source, T factor, Span<T> target) where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        TensorPrimitives.Multiply(source, factor, target);

    /// <summary>Row i of target ← the row that starts <c>picks[i]</c> elements after the source's start, or zeros where that is negative.</summary>
    /// <param name="source">What the rows are counted from.</param>
    /// <param name="picks">One for each row.</param>
    /// <param name="target">First row.</param>
    /// <param name="targetStride">At least <paramref name="length"/>.</param>
    /// <param name="length">Elements of a row.</param>
    /// <param name="count">Number of rows.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Pick<T>(T* source, nint* picks, T* target, nint targetStride, nint length, nint count) where T : unmanaged
    {
        for (nint i = 0; i < count; i++, target += targetStride)
        {
            if (picks[i] < 0)
                new Span<T>(target, (int)length).Clear();
            else
                Copy(source + picks[i], 0, target, 0, length, 1);
        }
    }

    /// <summary>target ← source.</summary>
    /// <param name="source">First row.</param>
    /// <param name="sourceStride">0 repeats one row.</param>
    /// <param name="target">First row.</param>
    /// <param name="targetStride">At least <paramref name="length"/>.</param>
    /// <param name="length">Elements of a row.</param>
    /// <param name="count">Number of rows.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Copy<T>(T* source, nint sourceStride, T* target, nint targetStride, nint length, nint count) where T : unmanaged =>
        Elementwise.Map<T, Identity>(source, sourceStride, target, targetStride, length, count);

    /// <summary>target += source, otherwise as <see cref="Copy{T}"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add<T>(T* source, nint sourceStride, T* target, nint targetStride, nint length, nint count) where T : unmanaged =>
        Elementwise.Zip<T, Sum, Elements, Elements>(target, targetStride, source, sourceStride, target, targetStride, length, count);

    /// <summary>target = a + b.</summary>
    public static void Add<T>(T* a, T* b, T* target, nint length) where T : unmanaged =>
        Elementwise.Zip<T, Sum, Elements, Elements>(a, 0, b, 0, target, 0, length, 1);

    /// <summary>target += source.</summary>
    public static void Add<T>(ReadOnlySpan<T> source, Span<T> target) where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        TensorPrimitives.Add(target, source, target);

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

    /// <summary>Row i of the target ← row indices[i] of the table.</summary>
    /// <param name="table">Rows that follow each other without a gap.</param>
    /// <param name="indices">Which row of the table, for each of the target.</param>
    /// <param name="target">First row.</param>
    /// <param name="targetStride">Elements from one row to the next.</param>
    /// <param name="length">Elements of a row.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Gather<T>(T* table, ReadOnlySpan<int> indices, T* target, nint targetStride, nint length) where T : unmanaged
    {
        fixed (int* first = indices)
        {
            var work = new GatherWork<T> { Table = table, Indices = first, Count = indices.Length, Target = target, Stride = targetStride, Length = length };
            ComputeThreads.Divide(work, indices.Length, length * NanosecondsPerElement);
        }
    }

    /// <summary>Row indices[i] of the table += row i of the source, in order; parameters as for <see cref="Gather{T}"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ScatterAdd<T>(T* source, nint sourceStride, ReadOnlySpan<int> indices, T* table, nint length) where T : unmanaged
    {
        // Threads divide the columns: a row of the table may be added to several times.
        fixed (int* first = indices)
        {
            var work = new ScatterWork<T> { Source = source, Stride = sourceStride, Indices = first, Count = indices.Length, Table = table, Length = length };
            ComputeThreads.Divide(work, (length + Block - 1) / Block, indices.Length * Block * NanosecondsPerElement);
        }
    }

    /// <summary>Transposes a row-major matrix [rows × columns] into [columns × rows], in tiles that stay in the first-level cache.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Transpose<T>(T* source, T* target, int rows, int columns) where T : unmanaged
    {
        const int Tile = 16;
        for (int top = 0; top < rows; top += Tile)
        {
            int bottom = Math.Min(rows, top + Tile);
            for (int left = 0; left < columns; left += Tile)
            {
                int right = Math.Min(columns, left + Tile);
                for (int column = left; column < right; column++)
                {
                    T* line = target + (nint)column * rows;
                    for (int row = top; row < bottom; row++)
                        line[row] = source[(nint)row * columns + column];
                }
            }
        }
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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prefetch<T>(T* row, nint length) where T : unmanaged
    {
        for (byte* line = (byte*)row; line < row + length; line += 64)
            CacheLine.Prefetch(line);
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

    private struct GatherWork<T> : IRangeWork where T : unmanaged
    {
        public T* Table, Target;
        public int* Indices;
        public nint Count, Stride, Length;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Run(nint start, nint end)
        {
            for (nint i = start; i < end; i++)
            {
                if (i + RowsAhead < Count)
                    Prefetch(Table + Indices[i + RowsAhead] * Length, Length);

                Copy(Table + Indices[i] * Length, 0, Target + i * Stride, 0, Length, 1);
            }
        }
    }

    private struct ScatterWork<T> : IRangeWork where T : unmanaged
    {
        public T* Source, Table;
        public int* Indices;
        public nint Count, Stride, Length;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Run(nint start, nint end)
        {
            start *= Block;
            nint length = nint.Min(end * Block, Length) - start;
            for (nint i = 0; i < Count; i++)
            {
                if (i + RowsAhead < Count)
                    Prefetch(Table + start + Indices[i + RowsAhead] * Length, length);

                Add(Source + start + i * Stride, 0, Table + start + Indices[i] * Length, 0, length, 1);
            }
        }
    }

    private readonly struct Identity : IMap
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Apply<V, T>(V x) where V : struct, ISimd<V, T> where T : unmanaged => x;
    }

    private readonly struct Sum : IZip
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Apply<V, T>(V a, V b) where V : struct, ISimd<V, T> where T : unmanaged => a + b;
    }
}
