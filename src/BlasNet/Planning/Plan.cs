using BlasNet.Graphs;

namespace BlasNet.Planning;

/// <summary>What to compute, in which order, and where each value lies. The executor follows it and decides nothing.</summary>
internal sealed class Plan
{
    private Placement[] _placements = [];
    internal int[] Steps = [];

    /// <summary>Where a node's value lies, and where its kernel writes it.</summary>
    public ref Placement this[int node] => ref _placements[node];

    /// <summary>The lists of the values that are read through row indices.</summary>
    public RowIndices RowIndices { get; } = new();

    /// <summary>The graph the plan is for.</summary>
    public Graph Graph { get; internal set; } = null!;

    /// <summary>The parameters whose gradient is computed. Of a column-sparse one, only the columns are written that the examples look up.</summary>
    public List<(Parameter Parameter, bool IsColumnSparse)> Gradients { get; } = [];

    /// <summary>Number of nodes to compute.</summary>
    public int StepCount { get; internal set; }

    /// <summary>Launches of a kernel: one for each node to compute, but of a scan those of all its levels.</summary>
    public int LaunchCount { get; internal set; }

    /// <summary>Elements of the arena.</summary>
    public long ArenaLength { get; internal set; }

    /// <summary>Bytes of the arena, known before anything runs.</summary>
    public long PeakBytes => ArenaLength * Graph.Precision.ElementBytes();

    /// <summary>Bytes that gathers copy because their parts do not lie in order.</summary>
    public long CopiedBytes { get; internal set; }

    /// <summary>The nodes to compute, in order.</summary>
    public ReadOnlySpan<int> Order => Steps.AsSpan(0, StepCount);

    /// <summary>Elements from the start of its space to a node's value; not for data, whose pools lie apart.</summary>
    public long OffsetOf(int node)
    {
        ref readonly Placement own = ref _placements[node];
        return own.Buffer == node ? own.Offset : _placements[own.Buffer].Offset + own.Offset;
    }

    /// <summary>Whether a node's value has a buffer of its own in the arena.</summary>
    public bool OwnsBuffer(int node)
    {
        ref readonly Placement own = ref _placements[node];
        return own.Buffer == node && own.Space == Space.Arena && !own.IsIndexed;
    }

    /// <summary>Begins the plan of a graph, about whose nodes nothing is decided yet.</summary>
    internal void Begin(Graph graph)
    {
        Graph = graph;
        if (_placements.Length < graph.Count)
            (_placements, Steps) = (new Placement[graph.Capacity], new int[graph.Capacity]);

        Array.Clear(_placements, 0, graph.Count);
        Gradients.Clear();
        RowIndices.Clear();
    }
}
