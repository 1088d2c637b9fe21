namespace BlasNet.Graphs;

/// <content>A bound on memory. It is checked only where arrays grow, so that adding a node costs nothing more.</content>
public sealed partial class Graph
{
    /// <summary>The least bytes that a node takes, from here to its plan. Measured: 114 for each of a million nodes that become a few stacks.</summary>
    internal const int BytesPerNode = 100;

    /// <summary>Bytes that a node made by a pass takes, with its gradient. Measured: 947 for each of a chain of a million nodes, where nothing
    /// merges.</summary>
    internal const int BytesPerPlannedNode = 900;

    /// <summary>Below this, nodes are not counted.</summary>
    private const long UncountedBytes = 64 << 20;

    private long _nodeLimit = long.MaxValue, _plannedLimit = long.MaxValue;

    /// <summary>How many bytes the numbers of the examples may take and, where they take more than 64 MiB, the nodes with those of the graphs that passes
    /// make of them.</summary>
    /// <exception cref="GraphMemoryException">Where nodes are added, by a pass too: they would take more.</exception>
    internal long MemoryLimit
    {
        set
        {
            long bytes = Math.Max(value, UncountedBytes);
            (Data.Limit, _nodeLimit, _plannedLimit) = (value, bytes / BytesPerNode, bytes / BytesPerPlannedNode);
        }
    }

    // For a graph that a pass makes.
    private void TakeLimit(Graph source) => _nodeLimit = _plannedLimit = source._plannedLimit;

    private void GrowNodes()
    {
        if (_nodes.Length >= _nodeLimit)
        {
            int bytesPerNode = _nodeLimit == _plannedLimit ? BytesPerPlannedNode : BytesPerNode;
            throw new GraphMemoryException((_nodes.Length + 1L) * bytesPerNode);
        }

        Array.Resize(ref _nodes, (int)Math.Min(2L * _nodes.Length, _nodeLimit));
    }
}
