using System.Runtime.CompilerServices;
using BlasNet.Memory;

namespace BlasNet.Kernels;

/// <summary>Matrix products by the managed micro-kernels, for one vector width.</summary>
internal abstract unsafe class GemmPacked<T>
    where T : unmanaged
{
    /// <summary>The kernels of the widest vectors the processor has.</summary>
    public static GemmPacked<T> Widest { get; } =
        Simd512<T>.IsSupported ? new GemmPacked<Simd512<T>, Simd256<T>, T>()
        : Simd256<T>.IsSupported ? new GemmPacked<Simd256<T>, Simd128<T>, T>()
        : new GemmPacked<Simd128<T>, Simd128<T>, T>();

    /// <summary>Columns of one panel of the right operand.</summary>
    public abstract int PanelWidth { get; }

    /// <summary>The most that a product takes of a thread's scratch memory, whatever its size.</summary>
    public abstract long MaximumScratchBytes { get; }

    /// <summary>Elements of a packed [rows × columns] matrix.</summary>
    public long PackedLength(int rows, int columns) => (long)PanelCount(columns) * PanelWidth * rows;

    public int PanelCount(int columns) => (columns + PanelWidth - 1) / PanelWidth;

    /// <summary>Computes the product, on several threads where that pays.</summary>
    public abstract void Run(in GemmProduct<T> product);
}

/// <inheritdoc/>
/// <remarks>
/// Loops, from the outside: rows, so that their part of the left operand stays in the second-level cache; inner steps, so that a panel does;
/// panels; tiles of rows. A tile's sums stay in registers over all inner steps of the block.
/// </remarks>
/// <typeparam name="V">The vectors.</typeparam>
/// <typeparam name="H">Vectors of half the width, for columns that do not fill one; as wide where there are none.</typeparam>
/// <typeparam name="T">The precision.</typeparam>
internal sealed unsafe class GemmPacked<V, H, T> : GemmPacked<T>
    where V : struct, ISimd<V, T>, IFirstOf<V, V>
    where H : struct, ISimd<H, T>, IFirstOf<V, H>
    where T : unmanaged
{
    /// <summary>The left operand's part that is reused for every panel.</summary>
    private const int LeftBlockBytes = 512 * 1024;

    /// <summary>Inner steps of a block, in bytes of one column.</summary>
    private const int InnerBlockBytes = 8192;

    /// <summary>The same where the left operand is packed too: a tile of 14 rows then takes 28 kB and stays in the first-level cache.</summary>
    private const int PackedInnerBlockBytes = 2048;

    /// <summary>A transposed left operand is read where it lies while it stays in the second-level cache, and packed beyond.</summary>
    /// <remarks>
    /// dB of 512 × 512 took 128 rows at 163 unpacked and 160 GFLOP/s packed, 512 rows at 131 and 143, 2048 rows at 71 and 141.
    /// </remarks>
    private const int MaxUnpackedLeftBytes = 768 * 1024;

    /// <summary>Packing pays when it is used for several panels.</summary>
    private const int MinPanelsToPackLeft = 3;

    /// <summary>Rows of the left operand at multiples of this share one set of the first-level cache, which keeps 8 of them.</summary>
    private const int AliasingBytes = 4096;
    private const int MaxAliasingRows = 8;

    private static readonly int MaxRows = V.Registers >= 32 ? 14 : 6;

    // Four vectors a row leave room for fewer rows, and each vector of the right operand is loaded for fewer products; but a stack of few rows
    // has too few sums to keep the multipliers busy otherwise.
    private static readonly int MaxWideRows = V.Registers >= 32 ? 6 : 2;

    private static readonly delegate*<GemmTile<T>*, void>[] OnePanel = Kernels<GemmStrip2<V, T>>();
    private static readonly delegate*<GemmTile<T>*, void>[] TwoPanels = Kernels<GemmStrip4<V, T>>();

    /// <summary>Part of a panel, by how many of its quarters have columns.</summary>
    private static readonly delegate*<GemmTile<T>*, void>[][] Parts =
        [[], Kernels<GemmLastStrip<H, T>>(), Kernels<GemmLastStrip<V, T>>(), Kernels<GemmLastStrip<V, H, T>>(), Kernels<GemmLastStrip<V, V, T>>()];

    private static int Width => 2 * V.Count;

    public override int PanelWidth => Width;

    // A block of the left operand, two panels of the right one, and zeros.
    public override long MaximumScratchBytes => LeftBlockBytes + (2L * Width * InnerBlockBytes) + (2 * Width * sizeof(T));

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Run(in GemmProduct<T> product)
    {
        int panels = PanelCount(product.Result.Columns);
        GemmSplit split = GemmSplit.Choose(product.Flops, product.Result.Rows, panels, product.FillPanels);

        if (split.Parts == 1)
        {
            RunPanels(product, 0, panels);
        }
        else
        {
            Job job = new() { Product = product, Split = split, Panels = panels };
            ComputeThreads.Run(split.Parts, &RunPart, &job);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void RunPart(void* state, int part)
    {
        Job* job = (Job*)state;
        GemmSplit split = job->Split;
        int start = split.Start(part);

        if (split.ByRows)
            RunPanels(job->Product.RowRange(start, split.Length(part)), 0, job->Panels);
        else
            RunPanels(job->Product, start, split.Start(part + 1));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void RunPanels(in GemmProduct<T> product, int firstPanel, int endPanel)
    {
        int allRows = product.Result.Rows;
        bool packLeft = product.LeftStep * product.Inner * sizeof(T) > MaxUnpackedLeftBytes
            && product.LeftRow == 1 && allRows > MaxWideRows && endPanel - firstPanel >= MinPanelsToPackLeft;
        bool aliasing = !packLeft && product.LeftRow * sizeof(T) % AliasingBytes == 0;
        int innerBlock = EvenPart(product.Inner, (packLeft ? PackedInnerBlockBytes : InnerBlockBytes) / sizeof(T));
        int rowBlock = Math.Max(MaxRows, LeftBlockBytes / sizeof(T) / innerBlock);
        rowBlock = packLeft ? EvenPart(allRows, rowBlock) : NearEvenPart(allRows, rowBlock);
        Scratch scratch = new(rightSteps: product.Panels == null ? innerBlock : 0, leftElements: packLeft ? (long)innerBlock * Math.Min(rowBlock, allRows) : 0);
        GemmTile<T> tile = new() { RightStep = Width, PanelWidth = Width };

        for (int row = 0; row < allRows; row += rowBlock)
        {
            int rows = Math.Min(rowBlock, allRows - row);
            bool pairs = rows > 1 && rows <= MaxWideRows;
            GemmTiles tiles = new(rows, pairs ? MaxWideRows : aliasing ? Math.Min(MaxRows, MaxAliasingRows) : MaxRows);

            for (int start = 0; start == 0 || start < product.Inner; start += innerBlock)
            {
                T* left = product.Left + (row * product.LeftRow) + (start * product.LeftStep);
                tile.Inner = Math.Min(innerBlock, product.Inner - start);
                tile.LeftRow = product.LeftRow;
                tile.LeftStep = product.LeftStep;

                if (packLeft)
                {
                    GemmPacking.CopyTiles(left, product.LeftStep, (int)tile.Inner, tiles, scratch.Left);
                    left = scratch.Left;
                    tile.LeftRow = 1;
                }

                for (int done = firstPanel, count; done < endPanel; done += count)
                {
                    count = pairs && endPanel - done >= 2 ? 2 : 1;
                    int panel = product.LastPanelFirst ? firstPanel + endPanel - done - count : done;
                    if (count == 2 && (panel + 2) * Width > product.Result.Columns)   // a part of a panel goes by itself
                        (count, panel) = (1, product.LastPanelFirst ? panel + 1 : panel);

                    int column = panel * Width;
                    Matrix<T> result = product.Result.RowRange(row, rows).ColumnRange(column, Math.Min(count * Width, product.Result.Columns - column));
                    bool accumulate = product.Accumulate || start > 0;

                    PlaceRight(ref tile, product, panel, count, start, fill: product.FillPanels && row == 0 && start == 0, scratch.Right);
                    RunTiles(ref tile, tiles, left, packLeft, result, count, accumulate, product.Bias == null ? null : product.Bias + column, scratch,
                        start + tile.Inner == product.Inner ? product.Finish : default);
                }
            }
        }
    }

    /// <summary>Steps or rows of a block: as few blocks as there must be, and those of equal size.</summary>
    private static int EvenPart(int whole, int largest)
    {
        int parts = Math.Max(1, (whole + largest - 1) / largest);

        return Math.Max(1, (whole + parts - 1) / parts);
    }

    /// <summary>Rows of a block: as near to <paramref name="size"/> as equal blocks can be. A last block of two rows would stream all of the right operand for
    /// them: 512 rows of 1536 inner steps took 152 GFLOP/s in blocks of 85, and 159 in six of 86.</summary>
    private static int NearEvenPart(int whole, int size)
    {
        int parts = Math.Max(1, (int)(((long)whole + (size / 2)) / size));

        return Math.Max(1, (whole + parts - 1) / parts);
    }

    /// <summary>Points the tile to its panels of the right operand, packing what is not there.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void PlaceRight(ref GemmTile<T> tile, in GemmProduct<T> product, int panel, int count, int start, bool fill, T* scratch)
    {
        bool kept = product.Panels != null;
        tile.RightPanel = (kept ? product.Inner : tile.Inner) * Width;
        tile.Right = kept ? product.Panels + (panel * tile.RightPanel) + ((nint)start * Width) : scratch;

        if (kept && !fill)
            return;

        // A kept panel is filled once for all of its inner blocks, a scratch panel for this one.
        int steps = kept ? product.Inner : (int)tile.Inner;

        for (int i = 0; i < count; i++)
        {
            T* target = tile.Right + (i * tile.RightPanel);

            if (product.RightTransposed)
                GemmPacking.Transpose(product.Right, (panel + i) * Width, start, steps, target, Width);
            else
                GemmPacking.Copy(product.Right, (panel + i) * Width, start, steps, target, Width);
        }
    }

    /// <summary>All rows of one or two panels.</summary>
    /// <param name="tile">The right operand, inner steps and strides.</param>
    /// <param name="tiles">How the rows are divided.</param>
    /// <param name="left">The left operand's first row.</param>
    /// <param name="leftPacked">Whether the left operand lies tile by tile.</param>
    /// <param name="result">The columns of the panels that exist.</param>
    /// <param name="panels">1 or 2.</param>
    /// <param name="accumulate">Start from the result.</param>
    /// <param name="bias">What else to start from, if not zeros: as many elements as the result has columns.</param>
    /// <param name="scratch">Its zeros.</param>
    /// <param name="finish">What is done to each tile.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void RunTiles(
        ref GemmTile<T> tile, GemmTiles tiles, T* left, bool leftPacked, in Matrix<T> result, int panels, bool accumulate, T* bias, in Scratch scratch,
        GemmFinish<T> finish)
    {
        bool prefetch = (long)result.Rows * result.Stride * sizeof(T) > LeftBlockBytes;
        delegate*<GemmTile<T>*, void>[] kernels =
            panels == 2 ? TwoPanels : result.Columns == Width ? OnePanel : Parts[((4 * result.Columns) + Width - 1) / Width];
        T* initial = bias == null ? scratch.Zeros : bias;
        tile.Columns = result.Columns;

        for (int i = 0, row = 0; i < tiles.Count; i++)
        {
            int rows = tiles.Rows(i);

            if (prefetch && i + 1 < tiles.Count)
                PrefetchRows(result, row + rows, tiles.Rows(i + 1));

            tile.Left = left + (row * (leftPacked ? tile.Inner : tile.LeftRow));
            tile.LeftStep = leftPacked ? rows : tile.LeftStep;
            tile.Result = result.Row(row);
            tile.ResultRow = result.Stride;
            tile.Initial = accumulate ? tile.Result : initial;
            tile.InitialRow = accumulate ? tile.ResultRow : 0;

            fixed (GemmTile<T>* t = &tile)
                kernels[rows](t);

            if (!finish.IsNone)
                finish.Apply(tile.Result, tile.ResultRow, result.Columns, rows);

            row += rows;
        }
    }

    /// <summary>Asks for a tile of the result while the one before is computed: its rows lie far apart, which the processor does not foresee.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void PrefetchRows(in Matrix<T> result, int row, int rows)
    {
        nint bytes = result.Columns * sizeof(T);
        byte* line = (byte*)result.Row(row);

        for (int i = 0; i < rows; i++, line += (nint)result.Stride * sizeof(T))
        {
            for (nint at = 0; at < bytes; at += 64)
                CacheLine.Prefetch(line + at);

            CacheLine.Prefetch(line + bytes - 1);
        }
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

    /// <summary>The calling thread's memory for one product.</summary>
    private readonly struct Scratch
    {
        public readonly T* Zeros;
        public readonly T* Right;
        public readonly T* Left;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public Scratch(int rightSteps, long leftElements)
        {
            Zeros = GemmScratch.Rent<T>((2 * Width) + (2L * Width * rightSteps) + leftElements);
            Right = Zeros + (2 * Width);
            Left = Right + (2 * Width * rightSteps);
            new Span<T>(Zeros, 2 * Width).Clear();
        }
    }

    private struct Job
    {
        public GemmProduct<T> Product;
        public GemmSplit Split;
        public int Panels;
    }
}
