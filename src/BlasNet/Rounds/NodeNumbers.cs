using BlasNet.Graphs;

namespace BlasNet.Rounds;

/// <summary>A number, at least 0, for some nodes of the examples' graph: where their values lie.</summary>
internal sealed class NodeNumbers
{
    private long[] _numbers = [];   // the complement, so that 0 stands for none
    private int _end;

    /// <summary>Forgets all of them.</summary>
    public void Clear()
    {
        Array.Clear(_numbers, 0, _end);
        _end = 0;
    }

    public bool TryGet(int node, out long number)
    {
        number = node < _end ? ~_numbers[node] : -1;
        return number != -1;
    }

    public void Set(Graph graph, int node, long number)
    {
        if (_numbers.Length < graph.Count)
            Array.Resize(ref _numbers, graph.Capacity);

        _numbers[node] = ~number;
        _end = Math.Max(_end, node + 1);
    }
}
