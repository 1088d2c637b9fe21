using System.Numerics;

namespace BlasNet.Kernels;

/// <summary>Predicts which kernel is faster, from rates measured once on this machine for this number of threads.</summary>
internal sealed class GemmCostModel
{
    /// <summary>Sizes below this fit in a <see cref="_decisions"/> entry.</summary>
    private const int MaxRemembered = 1 << 20;

    // Recent decisions, one word each, so that reading and writing need no lock: 3 bits kind, 3 × 20 bits n, k, m, 1 bit decision.
    // An estimate takes about 0.1 µs, as long as a small product.
    private readonly ulong[] _decisions = new ulong[256];

    private readonly int _panelWidth;

    /// <param name="threads">Threads per product that the rates were measured with.</param>
    /// <param name="panelWidth">Columns of a panel of the packed kernels, for the share of padding.</param>
    /// <param name="table">The rates.</param>
    public GemmCostModel(int threads, int panelWidth, GemmRateTable table) => (Threads, _panelWidth, Table) = (threads, panelWidth, table);

    public int Threads { get; }

    /// <summary>What was measured: also the text that shows where one kernel overtakes the other.</summary>
    public GemmRateTable Table { get; }

    /// <summary>The model for the present number of threads; read from the user's cache, or measured.</summary>
    /// <remarks>OpenBLAS must be available.</remarks>
    public static GemmCostModel Current<T>()
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        GemmCostModel? model = Models<T>.Current;

        return model?.Threads == ComputeThreads.Count ? model : Models<T>.Load();
    }

    /// <summary>Whether OpenBLAS is expected to compute the product sooner.</summary>
    /// <param name="kind">Which product.</param>
    /// <param name="n">Rows of the stack.</param>
    /// <param name="k">Rows of the weight matrix B.</param>
    /// <param name="m">Columns of the weight matrix B.</param>
    public bool PrefersOpenBlas(GemmKind kind, int n, int k, int m)
    {
        if (n >= MaxRemembered || k >= MaxRemembered || m >= MaxRemembered)
            return Estimate(kind, n, k, m);

        ulong question = ((((((((ulong)kind << 20) | (uint)n) << 20) | (uint)k) << 20) | (uint)m) << 1);
        ref ulong entry = ref _decisions[(int)((question * 0x9E3779B97F4A7C15) >> 56)];
        ulong known = Volatile.Read(ref entry);

        if ((known & ~1ul) != question)
        {
            known = question | (Estimate(kind, n, k, m) ? 1ul : 0);
            Volatile.Write(ref entry, known);
        }

        return (known & 1) != 0;
    }

    /// <summary>Whether OpenBLAS is expected to be sooner over all uses of a weight that must be packed first.</summary>
    /// <param name="kind">Which product, as if the weight were packed before.</param>
    /// <param name="n">Rows of the stack.</param>
    /// <param name="k">Rows of the weight matrix B.</param>
    /// <param name="m">Columns of the weight matrix B.</param>
    /// <param name="uses">How often the packing will be used.</param>
    public bool PrefersOpenBlasToPacking(GemmKind kind, int n, int k, int m, int uses)
    {
        (double openBlas, double packed) = Table.Seconds(kind, n, k, m);
        GemmKind once = kind == GemmKind.Forward ? GemmKind.ForwardOnce : GemmKind.TransposedOnce;

        // The packing itself is what a product that finds nothing packed takes longer, shared among all uses.
        double packing = Math.Max(0, Table.Seconds(once, n, k, m).Packed - packed);

        return openBlas < (packed + (packing / uses)) * PaddedShare(kind, k, m);
    }

    private bool Estimate(GemmKind kind, int n, int k, int m)
    {
        (double openBlas, double packed) = Table.Seconds(kind, n, k, m);

        return openBlas < packed * PaddedShare(kind, k, m);
    }

    /// <summary>Columns the packed kernels compute, which are whole quarters of panels, over columns the result has.</summary>
    private double PaddedShare(GemmKind kind, int k, int m)
    {
        int columns = kind is GemmKind.Transposed or GemmKind.TransposedOnce ? k : m, quarter = _panelWidth / 4;

        return (double)((columns + quarter - 1) / quarter * quarter) / columns;
    }

    private static class Models<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        private static readonly Lock Gate = new();
        private static readonly List<GemmCostModel> Known = [];

        public static volatile GemmCostModel? Current;

        public static GemmCostModel Load()
        {
            lock (Gate)
            {
                int threads = ComputeThreads.Count;
                GemmCostModel? model = Known.Find(known => known.Threads == threads);

                if (model == null)
                {
                    model = new GemmCostModel(threads, GemmPacked<T>.Widest.PanelWidth, GemmRateCache.GetOrMeasure<T>(threads));
                    Known.Add(model);
                }

                return Current = model;
            }
        }
    }
}
