using BlasNet.Graphs;

namespace BlasNet.Planning;

/// <summary>For each buffer of the arena the last node that needs it.</summary>
/// <remarks>A buffer is needed as long as any value in it: a view, a slice, a term of a sum. A node that reads through row indices keeps the buffers alive
/// in which the vectors lie. Outputs live to the end. Time O(N + E).</remarks>
internal sealed class Liveness
{
    private const int None = -1;

    private Plan _plan = null!;
    private Usage _usage = null!;
    private int[] _lastUse = [];                         // by buffer
    private int[] _firstDying = [], _nextDying = [];     // by node, a list of the buffers that it is the last to need

    /// <summary>The last node that needs a buffer of the arena; the number of nodes if it is wanted after the run.</summary>
    public int LastUseOf(int buffer) => _lastUse[buffer];

    /// <summary>A buffer that no node after this one needs; −1 if there is none.</summary>
    public int FirstDyingAt(int node) => _firstDying[node];

    /// <summary>Another buffer that dies with this one; −1 if there is none.</summary>
    public int NextDyingAfter(int buffer) => _nextDying[buffer];

    public void Find(Plan plan, Usage usage, ReadOnlySpan<int> outputs)
    {
        (_plan, _usage) = (plan, usage);
        if (_firstDying.Length <= plan.Graph.Count)
            (_lastUse, _firstDying, _nextDying) = (new int[plan.Graph.Capacity], new int[plan.Graph.Capacity + 1], new int[plan.Graph.Capacity]);

        FindReaders();
        FindReadersByIndex();
        foreach (int output in outputs)
            _lastUse[plan[output].Buffer] = plan.Graph.Count;

        ListDying();
    }

    // Nodes come in order, so the last to set a buffer's entry is its last reader.
    private void FindReaders()
    {
        Graph graph = _plan.Graph;
        for (int node = 0; node < graph.Count; node++)
        {
            _lastUse[node] = node;
            if (!_usage.IsNeeded(node))
                continue;

            int buffer = _plan[node].Buffer;
            _lastUse[buffer] = Math.Max(_lastUse[buffer], node);
            foreach (int input in graph.InputsOf(node))
                _lastUse[_plan[input].Buffer] = node;
        }
    }

    // From the last indexed value to the first, as one may index another.
    private void FindReadersByIndex()
    {
        ReadOnlySpan<int> indexed = _plan.RowIndices.Nodes;
        for (int i = indexed.Length - 1; i >= 0; i--)
        {
            foreach (int input in _plan.Graph.InputsOf(indexed[i]))
            {
                ref int last = ref _lastUse[_plan[input].Buffer];
                last = Math.Max(last, _lastUse[indexed[i]]);
            }
        }
    }

    private void ListDying()
    {
        int count = _plan.Graph.Count;
        Array.Fill(_firstDying, None, 0, count + 1);
        for (int node = 0; node < count; node++)
        {
            if (!_plan.OwnsBuffer(node))
                continue;

            _nextDying[node] = _firstDying[_lastUse[node]];
            _firstDying[_lastUse[node]] = node;
        }
    }
}
