using System.Runtime.CompilerServices;
using BlasNet.Memory;

namespace BlasNet.Kernels;

/// <summary>One parameter's values in the order the managed kernels read them, kept until the parameter changes.</summary>
/// <remarks>
/// Panels of two vectors' columns, each holding its columns for one inner step after another, so that the kernel reads memory front to back.
/// There are two packings, made when first needed: of B for the forward product, and of Bᵀ for dX.
/// </remarks>
internal sealed unsafe class PackedWeights<T> : IDisposable
    where T : unmanaged
{
    private readonly Packing _forward = new();
    private readonly Packing _transposed = new();
    private long _version;

    /// <summary>The version (≥ 0) of the parameter's values; another version makes both packings stale.</summary>
    public long Version
    {
        get => _version;
        set
        {
            if (value == _version)
                return;

            _version = value;
            _forward.EndVersion();
            _transposed.EndVersion();
        }
    }

    /// <summary>Native memory in use.</summary>
    public long Bytes => _forward.Bytes + _transposed.Bytes;

    /// <summary>Counts a product that could use a packing, and predicts how many products of this version will share it.</summary>
    /// <remarks>It depends on nothing but the products before, so that training, which chooses kernels by it, can be repeated bit for bit: not
    /// on whether the packing is there already, nor, while several threads compute, on which of them came first.</remarks>
    /// <param name="transposed">Which packing.</param>
    /// <returns>As many as the last version had, or as this one has had already; at least 1.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int CountUse(bool transposed)
    {
        Packing packing = transposed ? _transposed : _forward;
        int uses = Interlocked.Increment(ref packing.Uses);

        return packing.ForetoldUses > 0 ? packing.ForetoldUses : Math.Max(uses, packing.UsesOfLastVersion);
    }

    /// <summary>While several threads compute at once, what is foretold stays as it was when they began.</summary>
    public void HoldForecast(bool hold)
    {
        _forward.HoldForecast(hold);
        _transposed.HoldForecast(hold);
    }

    /// <summary>The counts behind the forecasts: uses by this version and by the last one, of the forward packing and of the transposed one.</summary>
    public PackingUses Uses
    {
        get => new(_forward.Uses, _forward.UsesOfLastVersion, _transposed.Uses, _transposed.UsesOfLastVersion);
        set => (_forward.Uses, _forward.UsesOfLastVersion, _transposed.Uses, _transposed.UsesOfLastVersion) =
            (value.Forward, value.ForwardBefore, value.Transposed, value.TransposedBefore);
    }

    /// <summary>Computes a product whose right operand is this parameter, packing it on the way if the packing is stale.</summary>
    /// <remarks>Several threads may ask at once; the parameter must not change meanwhile.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run(GemmProduct<T> product, GemmPacked<T> kernels)
    {
        Packing packing = product.RightTransposed ? _transposed : _forward;

        // Weights beyond the second-level cache are read back and forth, so that each product begins with what the last one left there:
        // 1024 × 1024 float32 over a 2 MB cache streamed at 46 instead of 30 GB/s.
        product.LastPanelFirst = packing.LastPanelFirst;
        packing.LastPanelFirst = !product.LastPanelFirst;

        bool isStale = Volatile.Read(ref packing.Version) != Version;
        if (isStale && (packing.IsUsedOnce || !Monitor.TryEnter(packing)))
        {
            kernels.Run(product);   // for itself: where another thread packs, it would wait for all of that one's product
            return;
        }

        if (isStale)
        {
            try
            {
                if (packing.Version != Version)
                {
                    RunAndPack(product, packing, kernels);
                    return;
                }
            }
            finally
            {
                Monitor.Exit(packing);
            }
        }

        product.Panels = packing.Panels.Pointer;
        kernels.Run(product);
    }

    private void RunAndPack(GemmProduct<T> product, Packing packing, GemmPacked<T> kernels)
    {
        long panels = kernels.PanelCount(product.Result.Columns);
        product.Panels = packing.Panels.EnsureCapacity(panels * kernels.PanelWidth * product.Inner);
        product.FillPanels = true;
        kernels.Run(product);
        Volatile.Write(ref packing.Version, Version);
    }

    public void Dispose()
    {
        _forward.Dispose();
        _transposed.Dispose();
    }

    private sealed class Packing : IDisposable
    {
        public readonly NativeBuffer<T> Panels = new();
        public long Version = -1;
        public bool LastPanelFirst;

        public int Uses;
        public int UsesOfLastVersion;

        /// <summary>Above 0 while the forecast is held.</summary>
        public int ForetoldUses;

        /// <summary>This is the version's first product, and the last version had no second: then each panel is packed into the same small
        /// buffer, which stays in the cache, instead of being written out to be read never again.</summary>
        public bool IsUsedOnce => Uses == 1 && UsesOfLastVersion == 1;

        public long Bytes => Panels.Bytes;

        public void EndVersion()
        {
            if (Uses > 0)
                (UsesOfLastVersion, Uses) = (Uses, 0);
        }

        public void HoldForecast(bool hold) => ForetoldUses = hold ? Math.Max(1, Math.Max(Uses, UsesOfLastVersion)) : 0;

        public void Dispose()
        {
            Panels.Dispose();
            Version = -1;
        }
    }
}

/// <summary>How often a parameter was a product's right operand: what the next choices of kernels depend on.</summary>
internal readonly record struct PackingUses(int Forward, int ForwardBefore, int Transposed, int TransposedBefore)
{
    public int[] ToArray() => [Forward, ForwardBefore, Transposed, TransposedBefore];

    /// <summary>The uses since there were others, of which those in the step before do not count.</summary>
    public PackingUses Since(PackingUses others) => new(Forward - others.Forward, 0, Transposed - others.Transposed, 0);

    /// <summary>With more uses in this step.</summary>
    public PackingUses Plus(PackingUses more) => this with { Forward = Forward + more.Forward, Transposed = Transposed + more.Transposed };

    /// <returns>False where the numbers are not those of <see cref="ToArray"/>.</returns>
    public static bool TryFrom(int[] counts, out PackingUses uses)
    {
        bool valid = counts.Length == 4 && counts.All(count => count >= 0);
        uses = valid ? new PackingUses(counts[0], counts[1], counts[2], counts[3]) : default;
        return valid;
    }
}
