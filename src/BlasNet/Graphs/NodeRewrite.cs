namespace BlasNet.Graphs;

/// <summary>A rewrite that goes through a graph's nodes in their order and copies, replaces or leaves out each.</summary>
/// <param name="target">Receives the outcome.</param>
internal abstract class NodeRewrite(Graph target) : IRewrite
{
    private Graph? _unchanged;

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

    /// <summary>Looks at the graph first.</summary>
    /// <returns>False where nothing is to be changed.</returns>
    protected virtual bool FindChanges(Graph source, ReadOnlySpan<int> kept) => true;

    /// <summary>Places a node, whose inputs have been placed, in the target; its results go with it.</summary>
    protected abstract void Rewrite(Graph source, int node);
}
