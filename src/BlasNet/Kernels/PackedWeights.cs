using BlasNet.Memory;

namespace BlasNet.Kernels;

/// <summary>One parameter's values in the order the managed kernels read them, kept until the parameter changes.</summary>
/// <remarks>
/// Panels of two vectors' columns, each holding its columns for one inner step after another, so that the kernel reads memory front to back.
/// There are two packings, made when first asked for: of B for the forward product, and of Bᵀ for dX.
/// </remarks>
internal sealed unsafe class PackedWeights<T> : IDisposable
    where T : unmanaged
{
    private readonly NativeBuffer<T> _forward = new();
    private readonly NativeBuffer<T> _transposed = new();
    private long _forwardVersion = -1;
    private long _transposedVersion = -1;

    /// <summary>The version (≥ 0) of the parameter's values; another version makes both packings stale.</summary>
    public long Version { get; set; }

    /// <summary>Native memory in use.</summary>
    public long Bytes => _forward.Bytes + _transposed.Bytes;

    /// <summary>The panels of B, or of Bᵀ, for the current version; packs them if they are stale.</summary>
    /// <remarks>Several threads may ask at once; the weight must not change meanwhile.</remarks>
    public T* Panels(in Matrix<T> b, bool transposed, GemmPacked<T> kernels)
    {
        ref long version = ref transposed ? ref _transposedVersion : ref _forwardVersion;
        NativeBuffer<T> buffer = transposed ? _transposed : _forward;

        if (Volatile.Read(ref version) != Version)
        {
            lock (buffer)
            {
                if (version != Version)
                {
                    Pack(b, transposed, kernels, buffer);
                    Volatile.Write(ref version, Version);
                }
            }
        }

        return buffer.Pointer;
    }

    public void Dispose()
    {
        _forward.Dispose();
        _transposed.Dispose();
        (_forwardVersion, _transposedVersion) = (-1, -1);
    }

    private static void Pack(in Matrix<T> b, bool transposed, GemmPacked<T> kernels, NativeBuffer<T> buffer)
    {
        (int inner, int columns) = transposed ? (b.Columns, b.Rows) : (b.Rows, b.Columns);
        int width = kernels.PanelWidth;
        int panels = kernels.PanelCount(columns);
        T* target = buffer.EnsureCapacity((long)panels * inner * width);

        for (int panel = 0; panel < panels; panel++, target += (nint)inner * width)
        {
            if (transposed)
                GemmPacking.Transpose(b, panel * width, 0, inner, target, width);
            else
                GemmPacking.Copy(b, panel * width, 0, inner, target, width);
        }
    }
}
