using System.Numerics;
using System.Runtime.CompilerServices;

namespace BlasNet.Kernels;

/// <summary>Predicts which kernel is faster, from rates measured once on this machine for this number of threads.</summary>
internal sealed class GemmCostModel
{
    /// <summary>Sizes below this fit in a <see cref="_decisions"/> entry.</summary>
    private const int MaxRemembered = 1 << 20;

    // Recent decisions, one word each, so that reading and writing need no lock: 3 bits kind, 3 × 20 bits n, k, m, 1 bit decision.
    // An estimate takes about 0.1 µs, as long as a small product.
    private readonly ulong[] _decisions = new ulong[256];

    public GemmCostModel(int threads, GemmRateTable table) => (Threads, Table) = (threads, table);

    public int Threads { get; }

    /// <summary>What was measured: also the text that shows where one kernel overtakes the other.</summary>
    public GemmRateTable Table { get; }

    /// <summary>The model for the present number of threads; read from the user's cache, or measured.</summary>
    /// <remarks>OpenBLAS must be available.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static GemmCostModel Current<T>()
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        GemmCostModel? model = Models<T>.Current;

        return model?.Threads == ComputeThreads.Count ? model : Models<T>.Load();
    }

    /// <summary>Whether OpenBLAS is expected to compute the product sooner.</summary>
    /// <param name="kind">Which product, as if nothing were packed.</param>
    /// <param name="n">Rows of the stack.</param>
    /// <param name="k">Rows of the weight matrix B.</param>
    /// <param name="m">Columns of the weight matrix B.</param>
    /// <param name="paddedShare">Columns the packed kernels compute over columns the result has.</param>
    /// <param name="uses">How often a packing of B will be used: infinity if it is there already, 0 if it is not kept.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool PrefersOpenBlas(GemmKind kind, int n, int k, int m, double paddedShare, double uses)
    {
        GemmKind kept = uses == 0 ? kind : kind == GemmKind.ForwardOnce ? GemmKind.Forward : GemmKind.Transposed;
        bool rememberable = n < MaxRemembered && k < MaxRemembered && m < MaxRemembered && (uses == 0 || double.IsInfinity(uses));

        if (!rememberable)
            return Estimate(kind, kept, n, k, m, paddedShare, uses);

        ulong question = ((((((((ulong)kept << 20) | (uint)n) << 20) | (uint)k) << 20) | (uint)m) << 1);
        ref ulong entry = ref _decisions[(int)((question * 0x9E3779B97F4A7C15) >> 56)];
        ulong known = Volatile.Read(ref entry);

        if ((known & ~1ul) != question)
        {
            known = question | (Estimate(kind, kept, n, k, m, paddedShare, uses) ? 1ul : 0);
            Volatile.Write(ref entry, known);
        }

        return (known & 1) != 0;
    }

    private bool Estimate(GemmKind once, GemmKind kept, int n, int k, int m, double paddedShare, double uses)
    {
        (double openBlas, double packed) = Table.Seconds(kept, n, k, m);

        // The packing itself is what a product that finds nothing packed takes longer, shared among all uses.
        if (once != kept && double.IsFinite(uses))
            packed += Math.Max(0, Table.Seconds(once, n, k, m).Packed - packed) / uses;

        return openBlas < packed * paddedShare;
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
                    model = new GemmCostModel(threads, GemmRateCache.GetOrMeasure<T>(threads));
                    Known.Add(model);
                }

                return Current = model;
            }
        }
    }
}
