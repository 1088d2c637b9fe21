namespace BlasNet.Graphs;

/// <summary>A pass that writes a changed copy of a graph into a graph of its own.</summary>
internal interface IRewrite
{
    /// <summary>The outcome; overwritten by the next run.</summary>
    Graph Target { get; }

    /// <param name="source">N nodes, E edges.</param>
    /// <param name="kept">Nodes whose values are wanted; negative entries are passed over.</param>
    void Run(Graph source, ReadOnlySpan<int> kept);

    /// <summary>Where a node of the source has gone; node −1 if it has no value of its own any more.</summary>
    Location Locate(int node);
}
