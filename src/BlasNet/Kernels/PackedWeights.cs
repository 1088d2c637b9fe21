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

    /// <summary>The version (≥ 0) of the parameter's values; another version makes both packings stale.</summary>
    public long Version { get; set; }

    /// <summary>Native memory in use.</summary>
    public long Bytes => _forward.Bytes + _transposed.Bytes;

    /// <summary>Notes that a product would use a packing, and foretells what making it is worth.</summary>
    /// <param name="transposed">Which packing.</param>
    /// <param name="uses">How many products will share it: as many as the last version had, or as this one has had already.</param>
    /// <returns>Whether it is not there yet.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool MustPackFor(bool transposed, out int uses)
    {
        Packing packing = transposed ? _transposed : _forward;

        if (packing.CountedVersion != Version)
        {
            packing.UsesOfLastVersion = packing.Uses;
            packing.Uses = 0;
            packing.CountedVersion = Version;
        }

        packing.Uses++;
        uses = Math.Max(packing.Uses, packing.UsesOfLastVersion);

        return Volatile.Read(ref packing.Version) != Version;
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

        if (Volatile.Read(ref packing.Version) != Version)
        {
            if (packing.IsUsedOnce)
            {
                kernels.Run(product);
                return;
            }

            lock (packing)
            {
                if (packing.Version != Version)
                {
                    long panels = kernels.PanelCount(product.Result.Columns);
                    product.Panels = packing.Panels.EnsureCapacity(panels * kernels.PanelWidth * product.Inner);
                    product.FillPanels = true;
                    kernels.Run(product);
                    Volatile.Write(ref packing.Version, Version);

                    return;
                }
            }
        }

        product.Panels = packing.Panels.Pointer;
        kernels.Run(product);
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

        // Estimates only: threads that count at once may lose some.
        public long CountedVersion = -1;
        public int Uses;
        public int UsesOfLastVersion;

        /// <summary>This is the version's first product, and the last version had no second: then each panel is packed into the same small
        /// buffer, which stays in the cache, instead of being written out to be read never again.</summary>
        public bool IsUsedOnce => Uses == 1 && UsesOfLastVersion == 1;

        public long Bytes => Panels.Bytes;

        public void Dispose()
        {
            Panels.Dispose();
            Version = -1;
        }
    }
}
