using BlasNet.Graphs;

namespace BlasNet.Batching;

/// <summary>Tells which n-ary sum is the only reader of a node.</summary>
/// <remarks>Terms that add up over a stack may merge only if they go into the same sum and nowhere else. Found when first asked for, because only graphs
/// with gradients have such terms.</remarks>
internal sealed class SoleReaders
{
    private const int None = -1, Several = -2;

    private int[] _readers = [];   // by node: an n-ary sum, or one of the above
    private bool _isKnown;
    private Graph _graph = null!;

    public void Begin(Graph graph) => (_graph, _isKnown) = (graph, false);

    /// <summary>The n-ary sum that alone reads a node; negative if there is none.</summary>
    public int Of(int node)
    {
        if (!_isKnown)
            FindAll();

        return _readers[node];
    }

    /// <summary>Whether two nodes are terms of one sum and read by nothing else.</summary>
    public bool HaveOne(int node, int other) => Of(node) >= 0 && Of(node) == Of(other);

    private void FindAll()
    {
        _isKnown = true;
        if (_readers.Length < _graph.Count)
            _readers = new int[_graph.Capacity];

        Array.Fill(_readers, None, 0, _graph.Count);
        for (int node = 0; node < _graph.Count; node++)
        {
            bool isSum = _graph.OperatorOf(node).Merging == Merging.Reduction;
            foreach (int input in _graph.InputsOf(node))
                _readers[input] = _readers[input] == None && isSum ? node : Several;
        }
    }
}
