using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;

namespace BlasNet.Kernels;

/// <summary>Rows of equal length moved, added and summed: what slices, concatenations, gathers and sums over a stack are made of.</summary>
/// <remarks>Row i of an operand starts at i times its stride.</remarks>
internal static unsafe partial class Rows
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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prefetch<T>(T* row, nint length) where T : unmanaged
    {
        for (byte* line = (byte*)row; line < row + length; line += 64)
            CacheLine.Prefetch(line);
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
