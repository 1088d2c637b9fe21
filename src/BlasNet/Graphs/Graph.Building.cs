namespace BlasNet.Graphs;

/// <content>The graph that the calling thread is building, which parameters join where no other operand says which graph is meant.</content>
public sealed partial class Graph
{
    [ThreadStatic]
    private static Graph? _built;

    /// <summary>The graph that a loss, a function or a regulariser on this thread is adding to; null outside of these.</summary>
    internal static Graph? Built => _built;

    /// <summary>Makes this the graph that parameters join, until the result is disposed of.</summary>
    internal Building Build()
    {
        var building = new Building(_built);
        _built = this;
        return building;
    }

    /// <summary>While it lives, parameters join a graph.</summary>
    /// <param name="outer">The one that they joined before.</param>
    internal readonly ref struct Building(Graph? outer)
    {
        private readonly Graph? _outer = outer;

        public void Dispose() => _built = _outer;
    }
}
