using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using BlasNet.Memory;

namespace BlasNet.Kernels;

/// <summary>Matrix products by the managed micro-kernels, for one vector width.</summary>
internal abstract unsafe class GemmPacked<T>
    where T : unmanaged
{
    /// <summary>The kernels of the widest vectors the processor has.</summary>
    public static GemmPacked<T> Widest { get; } =
        Simd512<T>.IsSupported ? new GemmPacked<Simd512<T>, Vector512<T>, T>()
        : Simd256<T>.IsSupported ? new GemmPacked<Simd256<T>, Vector256<T>, T>()
        : new GemmPacked<Simd128<T>, Vector128<T>, T>();

    /// <summary>Columns of one panel of the right operand.</summary>
    public abstract int PanelWidth { get; }

    public int PanelCount(int columns) => (columns + PanelWidth - 1) / PanelWidth;

    /// <summary>Computes the columns of the panels [firstPanel, endPanel).</summary>
    public abstract void Run(in GemmProduct<T> product, int firstPanel, int endPanel);
}

/// <inheritdoc/>
/// <remarks>
/// Loops, from the outside: rows so that their part of the left operand stays in the second-level cache; inner steps so that a panel does;
/// panels; tiles of rows. A tile's sums stay in registers over all inner steps of the block.
/// </remarks>
internal sealed unsafe class GemmPacked<S, V, T> : GemmPacked<T>
    where S : struct, ISimd<V, T>
    where V : struct
    where T : unmanaged
{
    /// <summary>The left operand's part that is reused for every panel.</summary>
    private const int LeftBlockBytes = 512 * 1024;

    /// <summary>A panel of this many steps is 128 kB with the widest vectors.</summary>
    private const int InnerBlockBytes = 4096;

    private static readonly int MaxRows = S.Registers >= 32 ? 14 : 6;

    // Four vectors a row leave room for fewer rows, and each vector of the right operand is loaded for fewer products; but a stack of few rows
    // has too few sums to keep the multipliers busy otherwise.
    private static readonly int MaxWideRows = S.Registers >= 32 ? 6 : 2;

    private static readonly delegate*<GemmTile<T>*, void>[] HalfPanel = Kernels<GemmStrip1<S, V, T>>();
    private static readonly delegate*<GemmTile<T>*, void>[] OnePanel = Kernels<GemmStrip2<S, V, T>>();
    private static readonly delegate*<GemmTile<T>*, void>[] TwoPanels = Kernels<GemmStrip4<S, V, T>>();

    public override int PanelWidth => 2 * S.Count;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Run(in GemmProduct<T> product, int firstPanel, int endPanel)
    {
        int width = PanelWidth;
        int innerBlock = Math.Min(product.Inner, InnerBlockBytes / sizeof(T));
        int rowBlock = Math.Max(MaxRows, LeftBlockBytes / sizeof(T) / Math.Max(innerBlock, 1));
        int tailElements = (GemmMicroKernel<GemmStrip2<S, V, T>, T>.MaxRows + 3) * width;
        T* tail = GemmScratch.Rent<T>(tailElements + (product.Panels == null ? 2L * width * innerBlock : 0));
        T* zeros = tail + (tailElements - (2 * width));
        new Span<T>(zeros, 2 * width).Clear();

        GemmTile<T> tile = default;
        tile.LeftRow = product.LeftRow;
        tile.LeftStep = product.LeftStep;
        tile.RightStep = width;
        tile.PanelWidth = width;

        for (int row = 0; row < product.Result.Rows; row += rowBlock)
        {
            int rows = Math.Min(rowBlock, product.Result.Rows - row);

            for (int start = 0; start == 0 || start < product.Inner; start += innerBlock)
            {
                tile.Inner = Math.Min(innerBlock, product.Inner - start);
                Matrix<T> result = product.Result.RowRange(row, rows);
                T* left = product.Left + (row * product.LeftRow) + (start * product.LeftStep);
                bool accumulate = product.Accumulate || start > 0;

                for (int panel = firstPanel; panel < endPanel;)
                {
                    int column = panel * width;
                    int panels = rows <= MaxWideRows && rows > 1 && column + (2 * width) <= result.Columns && panel + 2 <= endPanel ? 2 : 1;
                    int columns = Math.Min(panels * width, result.Columns - column);

                    if (product.Panels != null)
                    {
                        tile.Right = product.Panels + (((nint)panel * product.Inner) + start) * width;
                        tile.RightPanel = (nint)product.Inner * width;
                    }
                    else
                    {
                        tile.Right = tail + tailElements;
                        tile.RightPanel = tile.Inner * width;

                        for (int i = 0; i < panels; i++)
                            Pack(product, column + (i * width), start, (int)tile.Inner, tile.Right + (i * tile.RightPanel));
                    }

                    T* initial = product.Bias == null ? zeros : product.Bias + column;
                    RunColumns(ref tile, left, result.ColumnRange(column, columns), panels, accumulate, initial, tail);
                    panel += panels;
                }
            }
        }
    }

    /// <summary>All rows of one or two panels.</summary>
    /// <param name="tile">The right operand, inner steps and strides.</param>
    /// <param name="left">The left operand's first row.</param>
    /// <param name="result">The columns of the panels that exist.</param>
    /// <param name="panels">1 or 2.</param>
    /// <param name="accumulate">Start from the result instead of <paramref name="initial"/>.</param>
    /// <param name="initial">One row for all; as many elements as the result has columns.</param>
    /// <param name="tail">Room for one tile and one row.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void RunColumns(
        ref GemmTile<T> tile, T* left, in Matrix<T> result, int panels, bool accumulate, T* initial, T* tail)
    {
        int tailWidth = 2 * S.Count;
        bool whole = result.Columns == panels * tailWidth;
        delegate*<GemmTile<T>*, void>[] kernels = panels == 2 ? TwoPanels : result.Columns <= S.Count ? HalfPanel : OnePanel;
        int maxRows = panels == 2 ? MaxWideRows : MaxRows;

        // Equal tiles: 16 rows are 8 + 8, because 14 + 2 would leave the multipliers idle during the second.
        int tiles = (result.Rows + maxRows - 1) / maxRows;
        int rows = result.Rows / tiles;
        int larger = result.Rows % tiles;
        T* tailInitial = tail + (GemmMicroKernel<GemmStrip2<S, V, T>, T>.MaxRows * tailWidth);

        if (!whole && !accumulate)
        {
            new Span<T>(initial, result.Columns).CopyTo(new Span<T>(tailInitial, tailWidth));
            initial = tailInitial;
        }

        for (int i = 0, row = 0; i < tiles; i++)
        {
            int count = i < larger ? rows + 1 : rows;
            Matrix<T> part = result.RowRange(row, count);
            tile.Left = left + (row * tile.LeftRow);
            tile.Result = whole ? part.Data : tail;
            tile.ResultRow = whole ? part.Stride : tailWidth;
            tile.Initial = accumulate ? tile.Result : initial;
            tile.InitialRow = accumulate ? tile.ResultRow : 0;

            if (!whole && accumulate)
                CopyRows(part, new Matrix<T>(tail, count, part.Columns, tailWidth));

            fixed (GemmTile<T>* t = &tile)
                kernels[count](t);

            if (!whole)
                CopyRows(new Matrix<T>(tail, count, part.Columns, tailWidth), part);

            row += count;
        }
    }

    private static void CopyRows(in Matrix<T> from, in Matrix<T> to)
    {
        for (int row = 0; row < from.Rows; row++)
            new ReadOnlySpan<T>(from.Row(row), from.Columns).CopyTo(new Span<T>(to.Row(row), to.Columns));
    }

    private void Pack(in GemmProduct<T> product, int column, int start, int steps, T* panel)
    {
        if (product.RightTransposed)
            GemmPacking.Transpose(product.Right, column, start, steps, panel, PanelWidth);
        else
            GemmPacking.Copy(product.Right, column, start, steps, panel, PanelWidth);
    }

    /// <summary>The micro-kernels of one strip, by their number of rows.</summary>
    private static delegate*<GemmTile<T>*, void>[] Kernels<TStrip>()
        where TStrip : struct, IGemmStrip<TStrip, T> =>
    [
        null,
        &GemmMicroKernel<TStrip, T>.RunSingleRow,
        &GemmMicroKernel<TStrip, T>.Run<Two>,
        &GemmMicroKernel<TStrip, T>.Run<Three>,
        &GemmMicroKernel<TStrip, T>.Run<Four>,
        &GemmMicroKernel<TStrip, T>.Run<Five>,
        &GemmMicroKernel<TStrip, T>.Run<Six>,
        &GemmMicroKernel<TStrip, T>.Run<Seven>,
        &GemmMicroKernel<TStrip, T>.Run<Eight>,
        &GemmMicroKernel<TStrip, T>.Run<Nine>,
        &GemmMicroKernel<TStrip, T>.Run<Ten>,
        &GemmMicroKernel<TStrip, T>.Run<Eleven>,
        &GemmMicroKernel<TStrip, T>.Run<Twelve>,
        &GemmMicroKernel<TStrip, T>.Run<Thirteen>,
        &GemmMicroKernel<TStrip, T>.Run<Fourteen>,
    ];
}
