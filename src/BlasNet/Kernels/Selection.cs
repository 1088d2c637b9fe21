using System.Runtime.CompilerServices;

namespace BlasNet.Kernels;

/// <summary>Where an operand of a selection lies.</summary>
/// <param name="data">What the first row reads.</param>
/// <param name="isScalar">A row reads a single element.</param>
/// <param name="step">Elements from what a row reads to what the next one reads; 0 for the same.</param>
internal readonly unsafe struct SelectionRow<T>(T* data, bool isScalar, nint step) where T : unmanaged
{
    /// <summary>Whether rows of one element lie one right after another, or are one.</summary>
    public bool IsOneRow => step is 0 or 1;

    /// <summary>Rows of one element as one row.</summary>
    public SelectionRow<T> ToOneRow() => new(data, step == 0, 0);

    /// <summary>The operand from a row on.</summary>
    public SelectionRow<T> From(nint row) => new(data + (row * step), isScalar, step);

    /// <summary>Some elements of the first row.</summary>
    /// <param name="i">The first of them.</param>
    /// <param name="count">How many there are before the row's end.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public V Load<V>(nint i, nint count) where V : struct, ISimd<V, T> =>
        isScalar ? V.Broadcast(data) : count >= V.Count ? V.Load(data + i) : V.LoadFirst(data + i, count, 0);
}

/// <summary>Takes each element from one of two operands.</summary>
internal static unsafe class Selection
{
    // For deciding on threads, so the order of magnitude is enough.
    private const double NanosecondsPerElement = 0.2;

    /// <summary>a where the condition is not 0, NaN included; b where it is.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Of<V, T>(V condition, V a, V b) where V : struct, ISimd<V, T> where T : unmanaged =>
        V.WhereLessOrEqual(V.Abs(condition), V.Constant(0), b, a);

    /// <summary>y ← a or b, over rows. The result may lie exactly where an operand lies.</summary>
    /// <param name="condition">What decides.</param>
    /// <param name="a">Where it is not 0.</param>
    /// <param name="b">Where it is.</param>
    /// <param name="y">First element of the result's first row.</param>
    /// <param name="yStride">Elements from a row of y to the next.</param>
    /// <param name="length">Elements of a row.</param>
    /// <param name="rows">Number of rows.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<T>(SelectionRow<T> condition, SelectionRow<T> a, SelectionRow<T> b, T* y, nint yStride, nint length, nint rows)
        where T : unmanaged
    {
        if (length == 1 && yStride == 1 && condition.IsOneRow && a.IsOneRow && b.IsOneRow)
            (condition, a, b, length, rows) = (condition.ToOneRow(), a.ToOneRow(), b.ToOneRow(), rows, 1);

        var work = new Work<T> { Condition = condition, A = a, B = b, Y = y, YStride = yStride, Length = length };
        ComputeThreads.Divide(work, rows, length * NanosecondsPerElement);
    }

    /// <summary>The kernel for one width.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void RunRows<V, T>(SelectionRow<T> condition, SelectionRow<T> a, SelectionRow<T> b, T* y, nint yStride, nint length, nint rows)
        where V : struct, ISimd<V, T> where T : unmanaged
    {
        for (nint row = 0; row < rows; row++, y += yStride)
        {
            SelectionRow<T> c = condition.From(row), yes = a.From(row), no = b.From(row);
            for (nint i = 0, count = length; count > 0; i += V.Count, count -= V.Count)
            {
                V value = Of<V, T>(c.Load<V>(i, count), yes.Load<V>(i, count), no.Load<V>(i, count));
                if (count >= V.Count)
                    value.Store(y + i);
                else
                    value.StoreFirst(y + i, count);
            }
        }
    }

    private struct Work<T> : IRangeWork where T : unmanaged
    {
        public SelectionRow<T> Condition, A, B;
        public T* Y;
        public nint YStride, Length;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Run(nint start, nint end)
        {
            SelectionRow<T> condition = Condition.From(start), a = A.From(start), b = B.From(start);
            T* y = Y + (start * YStride);
            if (Simd512<T>.IsSupported)
                RunRows<Simd512<T>, T>(condition, a, b, y, YStride, Length, end - start);
            else if (Simd256<T>.IsSupported)
                RunRows<Simd256<T>, T>(condition, a, b, y, YStride, Length, end - start);
            else
                RunRows<Simd128<T>, T>(condition, a, b, y, YStride, Length, end - start);
        }
    }
}
