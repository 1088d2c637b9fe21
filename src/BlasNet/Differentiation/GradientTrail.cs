namespace BlasNet.Differentiation;

/// <summary>Which node each node of a gradient was made for, so that an error in a gradient names it.</summary>
internal sealed class GradientTrail
{
    private readonly List<(int Node, int End)> _entries = [];
    private int _start;

    /// <summary>Nodes from here on belong to the gradient.</summary>
    public void Begin(int start)
    {
        _start = start;
        _entries.Clear();
    }

    /// <summary>All nodes since the last call were made for the derivative of a node.</summary>
    /// <param name="node">The node.</param>
    /// <param name="end">The number of nodes now.</param>
    public void Add(int node, int end) => _entries.Add((node, end));

    /// <summary>The node whose derivative a node is part of; null if it is part of no gradient.</summary>
    public int? OriginOf(int node)
    {
        if (node < _start)
            return null;

        foreach ((int origin, int end) in _entries)
        {
            if (node < end)
                return origin;
        }

        return node;   // the sum of what several nodes have contributed
    }
}
