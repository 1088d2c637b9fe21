using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using BlasNet.Memory;

namespace BlasNet.Kernels;

/// <summary>Brings operands into the order the micro-kernel reads them in.</summary>
/// <remarks>A panel holds <c>width</c> columns of the right operand for one inner step after another, padded with zeros.</remarks>
internal static unsafe class GemmPacking
{
    /// <summary>Rows of a block that is transposed at once: its part of one source row is one cache line of float32.</summary>
    private const int TransposedSteps = 16;

    /// <summary>Rows between the one that is copied and the one that is prefetched: rows on pages of their own are not foreseen by the processor.</summary>
    private const int RowsAhead = 12;

    /// <summary>Blocks between the one that is transposed and the one that is prefetched: there are more rows than streams that the processor
    /// foresees.</summary>
    private const int BlocksAhead = 2;

    /// <summary>Packs columns [column, column + width) of the rows [start, start + steps).</summary>
    /// <param name="source">[inner × columns].</param>
    /// <param name="column">First column of the panel.</param>
    /// <param name="start">First inner step.</param>
    /// <param name="steps">Number of inner steps.</param>
    /// <param name="panel">Room for steps · width elements.</param>
    /// <param name="width">Elements of one step of the panel.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Copy<T>(in Matrix<T> source, int column, int start, int steps, T* panel, int width)
        where T : unmanaged
    {
        int valid = Math.Min(width, source.Columns - column);
        T* from = source.Row(start) + column;

        if (valid < width)
        {
            new Span<T>(panel, steps * width).Clear();
            Rows.Copy(from, source.Stride, panel, width, valid, steps);
            return;
        }

        // A panel is two vectors of 16, 32 or 64 bytes.
        nint stepBytes = (nint)width * sizeof(T);
        nint strideBytes = (nint)source.Stride * sizeof(T);
        nint ahead = RowsAhead * strideBytes;
        byte* f = (byte*)from;
        byte* t = (byte*)panel;

        if (stepBytes == 128)
        {
            for (int p = 0; p < steps; p++, f += strideBytes, t += 128)
            {
                CacheLine.Prefetch(f + ahead);
                CacheLine.Prefetch(f + ahead + 64);
                Vector512<byte> low = Vector512.Load(f);
                Vector512<byte> high = Vector512.Load(f + 64);
                low.Store(t);
                high.Store(t + 64);
            }
        }
        else
        {
            for (int p = 0; p < steps; p++, f += strideBytes, t += stepBytes)
            {
                for (nint i = 0; i < stepBytes; i += 32)
                    Vector256.Load(f + i).Store(t + i);
            }
        }
    }

    /// <summary>Packs rows [row, row + width) of the source as the panel's columns, for the source's columns [start, start + steps).</summary>
    /// <param name="source">[columns × inner]: the transposed operand as it is stored.</param>
    /// <param name="row">First row of the source, which becomes the panel's first column.</param>
    /// <param name="start">First inner step.</param>
    /// <param name="steps">Number of inner steps.</param>
    /// <param name="panel">Room for steps · width elements.</param>
    /// <param name="width">Elements of one step of the panel.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Transpose<T>(in Matrix<T> source, int row, int start, int steps, T* panel, int width)
        where T : unmanaged
    {
        int valid = Math.Min(width, source.Rows - row);
        int lanes = Vector128<T>.Count;
        bool vectors = Sse2.IsSupported || AdvSimd.Arm64.IsSupported;
        int rowsByVector = vectors ? valid - (valid % lanes) : 0;

        // A cache line of every row at a time, so that rows whose distance is a power of two do not evict each other between uses.
        for (int p = 0; p < steps; p += TransposedSteps)
        {
            int count = Math.Min(TransposedSteps, steps - p);
            int countByVector = count - (count % lanes);
            T* to = panel + ((nint)p * width);

            for (int j = 0; j < rowsByVector; j += lanes)
            {
                T* from = source.Row(row + j) + start + p;
                for (int lane = 0; lane < lanes; lane++)
                    CacheLine.Prefetch((byte*)(from + ((nint)lane * source.Stride) + (BlocksAhead * TransposedSteps)));

                for (int q = 0; q < countByVector; q += lanes)
                    TransposeLanes(from + q, source.Stride, to + (q * width) + j, width);

                for (int q = countByVector; q < count; q++)
                {
                    for (int lane = 0; lane < lanes; lane++)
                        to[(q * width) + j + lane] = from[((nint)lane * source.Stride) + q];
                }
            }

            for (int j = rowsByVector; j < valid; j++)
            {
                T* from = source.Row(row + j) + start + p;

                for (int q = 0; q < count; q++)
                    to[(q * width) + j] = from[q];
            }

            for (int q = 0; q < count && valid < width; q++)
                new Span<T>(to + (q * width) + valid, width - valid).Clear();
        }
    }

    /// <summary>Copies a transposed left operand tile by tile: all inner steps of the first tile's rows, then of the next tile's.</summary>
    /// <param name="source">[inner × rows]: the first step's first row.</param>
    /// <param name="stride">Elements from one step to the next.</param>
    /// <param name="steps">Number of inner steps.</param>
    /// <param name="tiles">The rows.</param>
    /// <param name="target">Room for steps · rows elements.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void CopyTiles<T>(T* source, nint stride, int steps, GemmTiles tiles, T* target)
        where T : unmanaged
    {
        for (int i = 0; i < tiles.Count; i++)
        {
            int rows = tiles.Rows(i);
            nint bytes = rows * sizeof(T);
            T* from = source;

            for (int p = 0; p < steps; p++, from += stride, target += rows)
                CopyShort((byte*)from, (byte*)target, bytes);

            source += rows;
        }
    }

    /// <summary>Copies 4 to 128 bytes, a multiple of 4, by two vectors that overlap in the middle.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CopyShort(byte* from, byte* to, nint bytes)
    {
        if (bytes >= 64)
        {
            Vector512<byte> head = Vector512.Load(from);
            Vector512<byte> tail = Vector512.Load(from + bytes - 64);
            head.Store(to);
            tail.Store(to + bytes - 64);
        }
        else if (bytes >= 32)
        {
            Vector256<byte> head = Vector256.Load(from);
            Vector256<byte> tail = Vector256.Load(from + bytes - 32);
            head.Store(to);
            tail.Store(to + bytes - 32);
        }
        else if (bytes >= 16)
        {
            Vector128<byte> head = Vector128.Load(from);
            Vector128<byte> tail = Vector128.Load(from + bytes - 16);
            head.Store(to);
            tail.Store(to + bytes - 16);
        }
        else
        {
            for (nint i = 0; i < bytes; i += 4)
                *(int*)(to + i) = *(int*)(from + i);
        }
    }

    /// <summary>Transposes a square of as many elements as a 128-bit vector has lanes: 4 × 4 float32 or 2 × 2 float64.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TransposeLanes<T>(T* from, nint fromStride, T* to, nint toStride)
        where T : unmanaged
    {
        if (typeof(T) == typeof(float))
        {
            Vector128<double> a = ZipLow((float*)from, (float*)from + fromStride, out Vector128<double> aHigh);
            Vector128<double> b = ZipLow((float*)from + (2 * fromStride), (float*)from + (3 * fromStride), out Vector128<double> bHigh);
            ZipLow(a, b).AsSingle().Store((float*)to);
            ZipHigh(a, b).AsSingle().Store((float*)to + toStride);
            ZipLow(aHigh, bHigh).AsSingle().Store((float*)to + (2 * toStride));
            ZipHigh(aHigh, bHigh).AsSingle().Store((float*)to + (3 * toStride));
        }
        else
        {
            Vector128<double> a = Vector128.Load((double*)from);
            Vector128<double> b = Vector128.Load((double*)from + fromStride);
            ZipLow(a, b).Store((double*)to);
            ZipHigh(a, b).Store((double*)to + toStride);
        }
    }

    /// <summary>a₀ b₀ a₁ b₁, and a₂ b₂ a₃ b₃ in <paramref name="high"/>; each pair is then moved as one 64-bit element.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<double> ZipLow(float* a, float* b, out Vector128<double> high)
    {
        Vector128<float> x = Vector128.Load(a);
        Vector128<float> y = Vector128.Load(b);

        if (Sse2.IsSupported)
        {
            high = Sse.UnpackHigh(x, y).AsDouble();
            return Sse.UnpackLow(x, y).AsDouble();
        }

        high = AdvSimd.Arm64.ZipHigh(x, y).AsDouble();
        return AdvSimd.Arm64.ZipLow(x, y).AsDouble();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<double> ZipLow(Vector128<double> a, Vector128<double> b) =>
        Sse2.IsSupported ? Sse2.UnpackLow(a, b) : AdvSimd.Arm64.ZipLow(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<double> ZipHigh(Vector128<double> a, Vector128<double> b) =>
        Sse2.IsSupported ? Sse2.UnpackHigh(a, b) : AdvSimd.Arm64.ZipHigh(a, b);
}
