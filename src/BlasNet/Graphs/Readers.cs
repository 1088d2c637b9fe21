namespace BlasNet.Graphs;

/// <summary>Which nodes of a graph a single other node reads, once.</summary>
internal sealed class Readers
{
    private const int Several = -2, None = -1;

    private int[] _reader = [];

    /// <param name="graph">N nodes, E edges; time O(N + E).</param>
    /// <param name="kept">Nodes whose values are wanted besides; negative entries are passed over.</param>
    public void Run(Graph graph, ReadOnlySpan<int> kept = default)
    {
        if (_reader.Length < graph.Count)
            _reader = new int[graph.Capacity];

        Array.Fill(_reader, None, 0, graph.Count);
        foreach (int node in kept)
        {
            if (node >= 0)
                _reader[node] = Several;
        }

        for (int node = 0; node < graph.Count; node++)
        {
            foreach (int input in graph.InputsOf(node))
                _reader[input] = _reader[input] == None ? node : Several;
        }
    }

    /// <summary>The node that alone reads a node, once; −1 where there is none.</summary>
    public int SoleReaderOf(int node) => Math.Max(_reader[node], None);
}
