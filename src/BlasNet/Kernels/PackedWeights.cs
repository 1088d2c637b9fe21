namespace BlasNet.Kernels;

/// <summary>One parameter's values in the order the managed kernels read them, kept until the parameter changes.</summary>
internal sealed class PackedWeights<T> : IDisposable
    where T : unmanaged
{
    /// <summary>The version of the parameter's values; another version makes every packing stale.</summary>
    public long Version { get; set; }

    public void Dispose()
    {
    }
}
