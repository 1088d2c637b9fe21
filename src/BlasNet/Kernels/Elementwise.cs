using System.Runtime.CompilerServices;

namespace BlasNet.Kernels;

/// <summary>A function of one element, for vectors of any width.</summary>
internal interface IMap
{
    static abstract V Apply<V, T>(V x) where V : struct, ISimd<V, T> where T : unmanaged;
}

/// <summary>A function of two elements, for vectors of any width.</summary>
internal interface IZip
{
    static abstract V Apply<V, T>(V a, V b) where V : struct, ISimd<V, T> where T : unmanaged;
}

/// <summary>How a function of two elements reads an operand: <see cref="Elements"/> or <see cref="Scalar"/>.</summary>
internal unsafe interface IOperandKind
{
    static abstract bool IsScalar { get; }
}

/// <summary>One element for each of the result's.</summary>
internal readonly struct Elements : IOperandKind
{
    public static bool IsScalar => false;
}

/// <summary>One element for all of a row.</summary>
internal readonly struct Scalar : IOperandKind
{
    public static bool IsScalar => true;
}

/// <summary>Functions of each element of a tile: rows of equal length, one <c>stride</c> elements after another.</summary>
/// <remarks>
/// A result may lie exactly where an operand lies, with the same stride; otherwise they must not overlap. The last vector of a row covers its
/// last elements, some of which the vector before it has covered too: it is loaded before anything of the row is stored. Rows that follow
/// each other without a gap are one long row; a row shorter than a vector is a part of one.
/// </remarks>
internal static unsafe class Elementwise
{
    /// <summary>What one row is divided into for several threads: whole cache lines.</summary>
    private const int Block = 1024;

    // For a sum or a product; other functions are only divided later than they could be.
    private const double NanosecondsPerElement = 0.1;
    private const int MinElementsToDivide = 1 << 17;

    /// <summary>y ← f(x).</summary>
    /// <param name="x">First element of the first row.</param>
    /// <param name="xStride">Elements from a row of x to the next; 0 where all rows are one.</param>
    /// <param name="y">First element of the result's first row.</param>
    /// <param name="yStride">Elements from a row of y to the next.</param>
    /// <param name="length">Elements of a row.</param>
    /// <param name="rows">Number of rows.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Map<T, F>(T* x, nint xStride, T* y, nint yStride, nint length, nint rows) where T : unmanaged where F : struct, IMap
    {
        if (xStride == length && yStride == length)
            (length, rows) = (length * rows, 1);

        if (length * rows < MinElementsToDivide || ComputeThreads.Count == 1)
            MapPart<T, F>(x, xStride, y, yStride, length, rows);
        else if (rows > 1)
            ComputeThreads.Divide(new MapWork<T, F>(x, xStride, y, yStride, length), rows, length * NanosecondsPerElement);
        else
            ComputeThreads.Divide(new LongMapWork<T, F>(x, y, length), (length + Block - 1) / Block, Block * NanosecondsPerElement);
    }

    /// <summary>y ← f(a, b); a stride of 0 repeats one row, or one element.</summary>
    /// <param name="a">First element of the first operand.</param>
    /// <param name="aStride">Elements from what the first row reads of a to what the next one reads.</param>
    /// <param name="b">First element of the second operand.</param>
    /// <param name="bStride">The same for b.</param>
    /// <param name="y">First element of the result's first row.</param>
    /// <param name="yStride">Elements from a row of y to the next.</param>
    /// <param name="length">Elements of a row.</param>
    /// <param name="rows">Number of rows.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Zip<T, F, A, B>(T* a, nint aStride, T* b, nint bStride, T* y, nint yStride, nint length, nint rows)
        where T : unmanaged where F : struct, IZip where A : struct, IOperandKind where B : struct, IOperandKind
    {
        if (aStride == (A.IsScalar ? 0 : length) && bStride == (B.IsScalar ? 0 : length) && yStride == length)
            (length, rows) = (length * rows, 1);

        if (length * rows < MinElementsToDivide || ComputeThreads.Count == 1)
            ZipPart<T, F, A, B>(a, aStride, b, bStride, y, yStride, length, rows);
        else if (rows > 1)
            ComputeThreads.Divide(new ZipWork<T, F, A, B>(a, aStride, b, bStride, y, yStride, length), rows, length * NanosecondsPerElement);
        else
            ComputeThreads.Divide(new LongZipWork<T, F, A, B>(a, b, y, length), (length + Block - 1) / Block, Block * NanosecondsPerElement);
    }

    /// <summary>y ← f(y) of a tile, on the calling thread.</summary>
    /// <param name="y">First element of the first row.</param>
    /// <param name="stride">Elements from a row to the next.</param>
    /// <param name="length">Elements of a row.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="unused">Of functions that take a number.</param>
    public static void MapInPlace<T, F>(T* y, nint stride, nint length, nint rows, long unused) where T : unmanaged where F : struct, IMap
    {
        if (Simd512<T>.IsSupported)
            MapTile<Simd512<T>, T, F>(y, stride, length, rows);
        else if (Simd256<T>.IsSupported)
            MapTile<Simd256<T>, T, F>(y, stride, length, rows);
        else
            MapTile<Simd128<T>, T, F>(y, stride, length, rows);
    }

    /// <summary>y ← f(y, number) of a tile, on the calling thread.</summary>
    /// <param name="y">First element of the first row.</param>
    /// <param name="stride">Elements from a row to the next.</param>
    /// <param name="number">The number.</param>
    /// <param name="length">Elements of a row.</param>
    /// <param name="rows">Number of rows.</param>
    public static void ZipInPlace<T, F>(T* y, nint stride, T* number, nint length, nint rows) where T : unmanaged where F : struct, IZip =>
        ZipPart<T, F, Elements, Scalar>(y, stride, number, 0, y, stride, length, rows);

    /// <summary>The kernel of <see cref="Map{T, F}"/> for one width.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void MapRows<V, T, F>(T* x, nint xStride, T* y, nint yStride, nint length, nint rows)
        where V : struct, ISimd<V, T> where T : unmanaged where F : struct, IMap
    {
        nint last = length - V.Count;

        for (; last < 0 && rows > 0; rows--, x += xStride, y += yStride)
            F.Apply<V, T>(V.LoadFirst(x, length, 0)).StoreFirst(y, length);

        for (; rows > 0; rows--, x += xStride, y += yStride)
        {
            V tail = V.Load(x + last);

            for (nint i = 0; i < last; i += V.Count)
                F.Apply<V, T>(V.Load(x + i)).Store(y + i);

            F.Apply<V, T>(tail).Store(y + last);
        }
    }

    /// <summary>The kernel of <see cref="Zip{T, F, A, B}"/> for one width.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ZipRows<V, T, F, A, B>(T* a, nint aStride, T* b, nint bStride, T* y, nint yStride, nint length, nint rows)
        where V : struct, ISimd<V, T> where T : unmanaged where F : struct, IZip where A : struct, IOperandKind where B : struct, IOperandKind
    {
        nint last = length - V.Count;

        for (; last < 0 && rows > 0; rows--, a += aStride, b += bStride, y += yStride)
        {
            V left = A.IsScalar ? V.Broadcast(a) : V.LoadFirst(a, length, 0);
            V right = B.IsScalar ? V.Broadcast(b) : V.LoadFirst(b, length, 0);
            F.Apply<V, T>(left, right).StoreFirst(y, length);
        }

        for (; rows > 0; rows--, a += aStride, b += bStride, y += yStride)
        {
            // Of an operand of elements, its last vector; of a scalar, the same vector for all.
            V aTail = A.IsScalar ? V.Broadcast(a) : V.Load(a + last);
            V bTail = B.IsScalar ? V.Broadcast(b) : V.Load(b + last);

            for (nint i = 0; i < last; i += V.Count)
                F.Apply<V, T>(A.IsScalar ? aTail : V.Load(a + i), B.IsScalar ? bTail : V.Load(b + i)).Store(y + i);

            F.Apply<V, T>(aTail, bTail).Store(y + last);
        }
    }

    // Of short rows every other vector is a tail, which MapRows has in a place of its own; of a function as long as GELU the just-in-time compiler inlines
    // no third copy, and calls every operation of it.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MapTile<V, T, F>(T* y, nint stride, nint length, nint rows)
        where V : struct, ISimd<V, T> where T : unmanaged where F : struct, IMap
    {
        nint whole = length - (length % V.Count);
        if (whole < length)
            MapRows<V, T, F>(y + whole, stride, y + whole, stride, length - whole, rows);

        for (; rows > 0; rows--, y += stride)
        {
            for (nint i = 0; i < whole; i += V.Count)
                F.Apply<V, T>(V.Load(y + i)).Store(y + i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MapPart<T, F>(T* x, nint xStride, T* y, nint yStride, nint length, nint rows) where T : unmanaged where F : struct, IMap
    {
        if (Simd512<T>.IsSupported)
            MapRows<Simd512<T>, T, F>(x, xStride, y, yStride, length, rows);
        else if (Simd256<T>.IsSupported)
            MapRows<Simd256<T>, T, F>(x, xStride, y, yStride, length, rows);
        else
            MapRows<Simd128<T>, T, F>(x, xStride, y, yStride, length, rows);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ZipPart<T, F, A, B>(T* a, nint aStride, T* b, nint bStride, T* y, nint yStride, nint length, nint rows)
        where T : unmanaged where F : struct, IZip where A : struct, IOperandKind where B : struct, IOperandKind
    {
        if (Simd512<T>.IsSupported)
            ZipRows<Simd512<T>, T, F, A, B>(a, aStride, b, bStride, y, yStride, length, rows);
        else if (Simd256<T>.IsSupported)
            ZipRows<Simd256<T>, T, F, A, B>(a, aStride, b, bStride, y, yStride, length, rows);
        else
            ZipRows<Simd128<T>, T, F, A, B>(a, aStride, b, bStride, y, yStride, length, rows);
    }

    private readonly struct MapWork<T, F>(T* x, nint xStride, T* y, nint yStride, nint length) : IRangeWork where T : unmanaged where F : struct, IMap
    {
        public void Run(nint start, nint end) => MapPart<T, F>(x + (start * xStride), xStride, y + (start * yStride), yStride, length, end - start);
    }

    private readonly struct LongMapWork<T, F>(T* x, T* y, nint length) : IRangeWork where T : unmanaged where F : struct, IMap
    {
        public void Run(nint start, nint end) =>
            MapPart<T, F>(x + (start * Block), 0, y + (start * Block), 0, nint.Min(length, end * Block) - (start * Block), 1);
    }

    private readonly struct ZipWork<T, F, A, B>(T* a, nint aStride, T* b, nint bStride, T* y, nint yStride, nint length) : IRangeWork
        where T : unmanaged where F : struct, IZip where A : struct, IOperandKind where B : struct, IOperandKind
    {
        public void Run(nint start, nint end) => ZipPart<T, F, A, B>(
            a + (start * aStride), aStride, b + (start * bStride), bStride, y + (start * yStride), yStride, length, end - start);
    }

    private readonly struct LongZipWork<T, F, A, B>(T* a, T* b, T* y, nint length) : IRangeWork
        where T : unmanaged where F : struct, IZip where A : struct, IOperandKind where B : struct, IOperandKind
    {
        public void Run(nint start, nint end) => ZipPart<T, F, A, B>(
            A.IsScalar ? a : a + (start * Block), 0, B.IsScalar ? b : b + (start * Block), 0,
            y + (start * Block), 0, nint.Min(length, end * Block) - (start * Block), 1);
    }
}
