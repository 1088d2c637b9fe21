using System.Numerics;
using BlasNet.Memory;

namespace BlasNet.Kernels;

/// <summary>Predicts which kernel is faster, from rates of this machine and number of threads, or else of its kind of processor.</summary>
internal sealed class GemmCostModel
{
    /// <summary>Of <see cref="LeastUses"/>: OpenBLAS is sooner even if packing costs nothing.</summary>
    public const int Never = (1 << 10) - 1;

    /// <summary>Sizes below this fit in a <see cref="_decisions"/> entry.</summary>
    private const int MaxRemembered = 1 << 17;

    // Recent decisions, one word each, so that reading and writing need no lock: 3 bits kind, 3 × 17 bits n, k, m, 10 bits decision.
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

    /// <summary>The model for the present number of threads.</summary>
    /// <remarks>OpenBLAS must be available.</remarks>
    public static GemmCostModel Current<T>()
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        GemmCostModel? model = Models<T>.Current;

        return model?.Threads == ComputeThreads.Count ? model : Models<T>.Load();
    }

    /// <summary>Uses these rates from now on, for the present number of threads.</summary>
    public static void Use<T>(GemmRateTable table)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (Current<T>().Table.Digest != table.Digest)
            Models<T>.Replace(table);
    }

    /// <summary>How often a weight's packing must be used for the packed kernels to be expected to be as soon as OpenBLAS.</summary>
    /// <param name="kind">Which product.</param>
    /// <param name="n">Rows of the stack.</param>
    /// <param name="k">Rows of the weight matrix B.</param>
    /// <param name="m">Columns of the weight matrix B.</param>
    /// <returns>0 where no packing is kept and so none has to pay; <see cref="Never"/> where OpenBLAS is sooner anyway, or for all but very many
    /// uses.</returns>
    public int LeastUses(GemmKind kind, int n, int k, int m)
    {
        if (n >= MaxRemembered || k >= MaxRemembered || m >= MaxRemembered)
            return Estimate(kind, n, k, m);

        ulong question = (((((ulong)kind << 17 | (uint)n) << 17) | (uint)k) << 17 | (uint)m) << 10;
        ref ulong entry = ref _decisions[(int)((question * Hashing.Multiplier) >> 56)];
        ulong known = Volatile.Read(ref entry);

        if ((known & ~(ulong)Never) != question)
        {
            known = question | (uint)Estimate(kind, n, k, m);
            Volatile.Write(ref entry, known);
        }

        return (int)(known & Never);
    }

    private int Estimate(GemmKind kind, int n, int k, int m)
    {
        (double openBlas, double packed) = Table.Seconds(kind, n, k, m);
        double share = PaddedShare(kind, k, m), gain = openBlas - packed * share;
        if (gain < 0)
            return Never;

        if (kind is not (GemmKind.Forward or GemmKind.Transposed))
            return 0;

        // The packing itself is what a product that finds nothing packed takes longer, shared among all uses.
        GemmKind once = kind == GemmKind.Forward ? GemmKind.ForwardOnce : GemmKind.TransposedOnce;
        double packing = Math.Max(0, Table.Seconds(once, n, k, m).Packed - packed);

        return (int)Math.Min(Never, Math.Ceiling(packing * share / gain));
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
                    model = new GemmCostModel(threads, GemmPacked<T>.Widest.PanelWidth, GemmRateCache.Find<T>(threads));
                    Known.Add(model);
                }

                return Current = model;
            }
        }

        public static void Replace(GemmRateTable table)
        {
            lock (Gate)
            {
                int threads = ComputeThreads.Count;
                Known.RemoveAll(known => known.Threads == threads);
                Known.Add(Current = new GemmCostModel(threads, GemmPacked<T>.Widest.PanelWidth, table));
            }
        }
    }
}
