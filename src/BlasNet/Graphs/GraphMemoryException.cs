using System.Globalization;

namespace BlasNet.Graphs;

/// <summary>A graph has grown beyond its <see cref="Graph.MemoryLimit"/>.</summary>
internal sealed class GraphMemoryException(long bytes)
    : InvalidOperationException(string.Create(
        CultureInfo.InvariantCulture, $"The graph needs at least {bytes:N0} bytes, which is more than the memory budget allows."))
{
    /// <summary>What it takes at least.</summary>
    public long Bytes { get; } = bytes;
}
