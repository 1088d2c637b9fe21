namespace BlasNet.Graphs;

/// <content>A bound on memory, which is looked at where arrays grow: nodes cost nothing for it.</content>
public sealed partial class Graph
{
    /// <summary>The least that a node takes from here to its plan: of a million nodes that become a few stacks, 114 bytes each were measured.</summary>
    internal const int BytesPerNode = 100;

    /// <summary>What a node takes, with its gradient, that passes have made: in a chain of a million nodes, where nothing merges, 947 bytes were
    /// measured.</summary>
    internal const int BytesPerPlannedNode = 900;

    /// <summary>Nodes that take less are not looked at.</summary>
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

    // A graph that a pass makes of another one.
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
