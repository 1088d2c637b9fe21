using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace BlasNet.Kernels;

/// <summary>What one call of the micro-kernel computes: C = Initial + A·B for a tile of C that fits in registers.</summary>
[StructLayout(LayoutKind.Auto)]
internal unsafe struct GemmTile<T>
    where T : unmanaged
{
    /// <summary>A(row, p) is <c>Left[row·LeftRow + p·LeftStep]</c>: with (stride, 1) a matrix, with (1, stride) its transpose.</summary>
    public T* Left;
    public nint LeftRow;
    public nint LeftStep;

    /// <summary>B(p, column) for the first panel: <c>Right[p·RightStep + column]</c>.</summary>
    public T* Right;
    public nint RightStep;

    /// <summary>Elements from the first panel to the second.</summary>
    public nint RightPanel;

    /// <summary>Terms of every sum.</summary>
    public nint Inner;

    /// <summary>What the sums start from: C itself (to accumulate), or one row for all (InitialRow = 0: a bias, or zeros).</summary>
    public T* Initial;
    public nint InitialRow;

    public T* Result;
    public nint ResultRow;

    /// <summary>Elements of one panel.</summary>
    public nint PanelWidth;

    /// <summary>Of the result; the last may leave a part of a panel.</summary>
    public nint Columns;
}

/// <summary>The inner loop of every managed product: a tile of up to 14 rows, held in registers, is updated by one outer product per step.</summary>
/// <remarks>
/// Per step it loads one strip of B and broadcasts one element of A per row, so 14 × 2 vectors cost 16 loads for 28 fused multiply-adds.
/// The number of rows is a compile-time constant: the branches on it vanish, and every strip is a register. Rows are addressed from
/// every third one (base, base + row, base + 2·row), which needs 5 pointers instead of 14.
/// </remarks>
internal static unsafe class GemmMicroKernel<TStrip, T>
    where TStrip : struct, IGemmStrip<TStrip, T>
    where T : unmanaged
{
    /// <summary>Rows of the largest tile.</summary>
    public const int MaxRows = 14;

    /// <summary>Steps between the strip that is used and the strip that is prefetched (2 kB per panel with the widest vectors).</summary>
    /// <remarks>
    /// Over 512 × 512 weights this took 4 rows from 142 to 172 GFLOP/s of 175, and cost nothing measurable over weights that lie in the
    /// first cache; 8, 32 and 64 steps measured the same.
    /// </remarks>
    private const int StepsAhead = 16;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<TRows>(GemmTile<T>* tile)
        where TRows : struct, IConstant
    {
        nint row = tile->LeftRow;
        nint step = tile->LeftStep;
        T* a0 = tile->Left;
        T* a3 = a0 + (3 * row);
        T* a6 = a0 + (6 * row);
        T* a9 = a0 + (9 * row);
        T* a12 = a0 + (12 * row);

        T* from = tile->Initial;
        nint fromRow = tile->InitialRow;
        nint width = tile->PanelWidth;
        nint columns = tile->Columns;
        TStrip r0 = TStrip.LoadInitial(from, width, columns);
        TStrip r1 = TRows.Value > 1 ? TStrip.LoadInitial(from + (1 * fromRow), width, columns) : default;
        TStrip r2 = TRows.Value > 2 ? TStrip.LoadInitial(from + (2 * fromRow), width, columns) : default;
        TStrip r3 = TRows.Value > 3 ? TStrip.LoadInitial(from + (3 * fromRow), width, columns) : default;
        TStrip r4 = TRows.Value > 4 ? TStrip.LoadInitial(from + (4 * fromRow), width, columns) : default;
        TStrip r5 = TRows.Value > 5 ? TStrip.LoadInitial(from + (5 * fromRow), width, columns) : default;
        TStrip r6 = TRows.Value > 6 ? TStrip.LoadInitial(from + (6 * fromRow), width, columns) : default;
        TStrip r7 = TRows.Value > 7 ? TStrip.LoadInitial(from + (7 * fromRow), width, columns) : default;
        TStrip r8 = TRows.Value > 8 ? TStrip.LoadInitial(from + (8 * fromRow), width, columns) : default;
        TStrip r9 = TRows.Value > 9 ? TStrip.LoadInitial(from + (9 * fromRow), width, columns) : default;
        TStrip r10 = TRows.Value > 10 ? TStrip.LoadInitial(from + (10 * fromRow), width, columns) : default;
        TStrip r11 = TRows.Value > 11 ? TStrip.LoadInitial(from + (11 * fromRow), width, columns) : default;
        TStrip r12 = TRows.Value > 12 ? TStrip.LoadInitial(from + (12 * fromRow), width, columns) : default;
        TStrip r13 = TRows.Value > 13 ? TStrip.LoadInitial(from + (13 * fromRow), width, columns) : default;

        T* b = tile->Right;
        nint bStep = tile->RightStep;
        nint panel = tile->RightPanel;
        nint ahead = StepsAhead * bStep;

        for (nint inner = tile->Inner; inner > 0; inner--)
        {
            TStrip right = TStrip.Load(b, panel);
            TStrip.Prefetch(b + ahead, panel);
            b += bStep;

            r0 = TStrip.MultiplyAdd(a0, right, r0);
            if (TRows.Value > 1) r1 = TStrip.MultiplyAdd(a0 + row, right, r1);
            if (TRows.Value > 2) r2 = TStrip.MultiplyAdd(a0 + (2 * row), right, r2);
            if (TRows.Value > 3) r3 = TStrip.MultiplyAdd(a3, right, r3);
            if (TRows.Value > 4) r4 = TStrip.MultiplyAdd(a3 + row, right, r4);
            if (TRows.Value > 5) r5 = TStrip.MultiplyAdd(a3 + (2 * row), right, r5);
            if (TRows.Value > 6) r6 = TStrip.MultiplyAdd(a6, right, r6);
            if (TRows.Value > 7) r7 = TStrip.MultiplyAdd(a6 + row, right, r7);
            if (TRows.Value > 8) r8 = TStrip.MultiplyAdd(a6 + (2 * row), right, r8);
            if (TRows.Value > 9) r9 = TStrip.MultiplyAdd(a9, right, r9);
            if (TRows.Value > 10) r10 = TStrip.MultiplyAdd(a9 + row, right, r10);
            if (TRows.Value > 11) r11 = TStrip.MultiplyAdd(a9 + (2 * row), right, r11);
            if (TRows.Value > 12) r12 = TStrip.MultiplyAdd(a12, right, r12);
            if (TRows.Value > 13) r13 = TStrip.MultiplyAdd(a12 + row, right, r13);

            a0 += step;
            if (TRows.Value > 3) a3 += step;
            if (TRows.Value > 6) a6 += step;
            if (TRows.Value > 9) a9 += step;
            if (TRows.Value > 12) a12 += step;
        }

        T* to = tile->Result;
        nint toRow = tile->ResultRow;
        r0.Store(to, width, columns);
        if (TRows.Value > 1) r1.Store(to + (1 * toRow), width, columns);
        if (TRows.Value > 2) r2.Store(to + (2 * toRow), width, columns);
        if (TRows.Value > 3) r3.Store(to + (3 * toRow), width, columns);
        if (TRows.Value > 4) r4.Store(to + (4 * toRow), width, columns);
        if (TRows.Value > 5) r5.Store(to + (5 * toRow), width, columns);
        if (TRows.Value > 6) r6.Store(to + (6 * toRow), width, columns);
        if (TRows.Value > 7) r7.Store(to + (7 * toRow), width, columns);
        if (TRows.Value > 8) r8.Store(to + (8 * toRow), width, columns);
        if (TRows.Value > 9) r9.Store(to + (9 * toRow), width, columns);
        if (TRows.Value > 10) r10.Store(to + (10 * toRow), width, columns);
        if (TRows.Value > 11) r11.Store(to + (11 * toRow), width, columns);
        if (TRows.Value > 12) r12.Store(to + (12 * toRow), width, columns);
        if (TRows.Value > 13) r13.Store(to + (13 * toRow), width, columns);
    }

    /// <summary>One row: four steps at a time into separate sums, because a single row has too few of them to hide the latency of an addition.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void RunSingleRow(GemmTile<T>* tile)
    {
        T* a = tile->Left;
        nint step = tile->LeftStep;
        T* b = tile->Right;
        nint bStep = tile->RightStep;
        nint panel = tile->RightPanel;
        nint width = tile->PanelWidth;
        nint ahead = StepsAhead * bStep;
        nint inner = tile->Inner;
        TStrip r0 = TStrip.LoadInitial(tile->Initial, width, tile->Columns);

        if (inner >= 4)
        {
            TStrip r1 = default;
            TStrip r2 = default;
            TStrip r3 = default;

            for (; inner >= 4; inner -= 4)
            {
                r0 = TStrip.MultiplyAdd(a, TStrip.Load(b, panel), r0);
                r1 = TStrip.MultiplyAdd(a + step, TStrip.Load(b + bStep, panel), r1);
                r2 = TStrip.MultiplyAdd(a + (2 * step), TStrip.Load(b + (2 * bStep), panel), r2);
                r3 = TStrip.MultiplyAdd(a + (3 * step), TStrip.Load(b + (3 * bStep), panel), r3);
                TStrip.Prefetch(b + ahead, panel);
                TStrip.Prefetch(b + ahead + bStep, panel);
                TStrip.Prefetch(b + ahead + (2 * bStep), panel);
                TStrip.Prefetch(b + ahead + (3 * bStep), panel);
                a += 4 * step;
                b += 4 * bStep;
            }

            r0 = TStrip.Add(TStrip.Add(r0, r1), TStrip.Add(r2, r3));
        }

        for (; inner > 0; inner--, a += step, b += bStep)
            r0 = TStrip.MultiplyAdd(a, TStrip.Load(b, panel), r0);

        r0.Store(tile->Result, width, tile->Columns);
    }
}
