namespace BlasNet.Graphs;

/// <summary>A rewrite that goes through a graph's nodes in their order and copies, replaces or leaves out each.</summary>
/// <param name="target">Receives the outcome.</param>
internal abstract class NodeRewrite(Graph target) : IRewrite
{
    private Graph? _unchanged;
    private bool[] _needed = [];

    /// <summary>The outcome; the source itself if there was nothing to change.</summary>
    public Graph Target => _unchanged ?? Rewriter.Target;

    /// <summary>Whether nothing needs the source after the rewrite, so that the target takes over its moves and lists instead of copying them.</summary>
    public bool ConsumesSource
    {
        get => Rewriter.TakesLists;
        init => Rewriter.TakesLists = value;
    }

    /// <summary>Copies nodes, and knows where they are.</summary>
    protected Rewriter Rewriter { get; } = new(target);

    public Location Locate(int node) => new(_unchanged is null ? Rewriter[node] : node);

    public void Run(Graph source, ReadOnlySpan<int> kept)
    {
        _unchanged = FindChanges(source, kept) ? null : source;
        if (_unchanged is not null)
            return;

        Rewriter.Begin(source);
        for (int node = 0; node < source.Count; node++)
        {
            if (!Rewriter.IsResult(node))
                Rewrite(source, node);
        }

        if (ConsumesSource)
            Target.TakeLists(source);
    }

    /// <inheritdoc cref="Graphs.Rewriter.TryExchange"/>
    public bool TryExchange(Graph graph, Graph other) => Rewriter.TryExchange(graph, other);

    /// <summary>Marks what wanted nodes need, from these back to values that are known.</summary>
    /// <param name="source">N nodes, E edges; time O(N + E).</param>
    /// <param name="kept">Wanted nodes; negative entries are passed over.</param>
    /// <param name="isKnown">Whether a value need not be computed; null where none is known.</param>
    protected void MarkNeeded(Graph source, ReadOnlySpan<int> kept, Predicate<int>? isKnown = null)
    {
        if (_needed.Length < source.Count)
            _needed = new bool[source.Capacity];

        Array.Clear(_needed, 0, source.Count);
        foreach (int node in kept)
        {
            if (node >= 0)
                _needed[node] = true;
        }

        for (int node = source.Count - 1; node >= 0; node--)
        {
            if (!_needed[node] || isKnown?.Invoke(node) == true)
                continue;

            foreach (int input in source.InputsOf(node))
                _needed[input] = true;
        }
    }

    /// <summary>Whether <see cref="MarkNeeded"/> has marked a node.</summary>
    protected bool IsNeeded(int node) => _needed[node];

    /// <summary>Looks at the graph first.</summary>
    /// <returns>False where nothing is to be changed.</returns>
    protected virtual bool FindChanges(Graph source, ReadOnlySpan<int> kept) => true;

    /// <summary>Places a node, whose inputs have been placed, in the target; its results go with it.</summary>
    protected abstract void Rewrite(Graph source, int node);
}
