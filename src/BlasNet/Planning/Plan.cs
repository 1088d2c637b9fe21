using BlasNet.Graphs;

namespace BlasNet.Planning;

/// <summary>Which memory a value lies in.</summary>
internal enum Region : byte
{
    /// <summary>Not needed; has no place.</summary>
    None,

    /// <summary>The arena of the run.</summary>
    Arena,

    /// <summary>The model's flat buffer.</summary>
    Parameters,

    /// <summary>The graph's data pools.</summary>
    Data,

    /// <summary>The buffer that receives gradients, laid out as the parameters are.</summary>
    Gradients,
}

/// <summary>What to compute, in which order, and where each value lies. The executor follows it and decides nothing.</summary>
internal sealed class Plan
{
    internal int[] Steps = [];
    internal Region[] Regions = [];    // of a root
    internal int[] Roots = [];         // the node in whose place this node's value lies; itself, unless it is a view or absorbed
    internal long[] Displacements = [];// elements from the start of the root's value
    internal long[] Offsets = [];      // of a root: elements in its region; for data the attribute of the first value
    internal bool[] Absorbed = [];     // written into the sum it is a term of
    internal bool[] Collected = [];    // computed right into the gather that sets it beside others; or such a gather
    internal bool[] Accumulates = [];  // adds to what is there
    internal bool[] Restarts = [];     // first to write a gradient: adds to it in the later passes of a step
    internal int[] SparseParameters = [];// the parameter whose gradient this node adds to in a few columns only; −1 for other nodes

    /// <summary>Gathers and slices that their readers do without.</summary>
    public RowIndices RowIndices { get; } = new();

    /// <summary>The graph the plan is for.</summary>
    public Graph Graph { get; internal set; } = null!;

    /// <summary>The parameters whose gradient is computed. Of a column-sparse one, only the columns are written that the examples look up.</summary>
    public List<(Parameter Parameter, bool IsColumnSparse)> Gradients { get; } = [];

    /// <summary>Number of nodes to compute: launches of a kernel.</summary>
    public int StepCount { get; internal set; }

    /// <summary>Elements of the arena.</summary>
    public long ArenaLength { get; internal set; }

    /// <summary>Bytes of the arena, known before anything runs.</summary>
    public long PeakBytes => ArenaLength * Graph.Precision.ElementBytes();

    /// <summary>Bytes that gathers copy because their parts do not lie in order.</summary>
    public long CopiedBytes { get; internal set; }

    /// <summary>The nodes to compute, in order.</summary>
    public ReadOnlySpan<int> Order => Steps.AsSpan(0, StepCount);

    /// <summary>Where in the arena a node's value starts.</summary>
    internal long PlaceOf(int node) => Offsets[Roots[node]] + Displacements[node];

    /// <summary>Room for a graph of so many nodes, about none of which anything is known yet.</summary>
    internal void Begin(int count, int capacity)
    {
        if (Steps.Length < count)
        {
            (Steps, Regions, Offsets, Roots, Displacements) = (new int[capacity], new Region[capacity], new long[capacity], new int[capacity], new long[capacity]);
            (Absorbed, Collected, Accumulates, Restarts) = (new bool[capacity], new bool[capacity], new bool[capacity], new bool[capacity]);
            SparseParameters = new int[capacity];
        }

        Array.Clear(Regions, 0, count);
        Array.Clear(Absorbed, 0, count);
        Array.Clear(Collected, 0, count);
        Array.Clear(Accumulates, 0, count);
        Array.Clear(Restarts, 0, count);
        Array.Fill(SparseParameters, -1, 0, count);
        RowIndices.Begin(count, capacity);
    }
}
