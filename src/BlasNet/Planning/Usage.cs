using BlasNet.Graphs;

namespace BlasNet.Planning;

/// <summary>Which nodes are needed, how many edges read each of them, and which can be left to their readers.</summary>
/// <remarks>Goes from the outputs back. A node is needed if it is wanted or if a needed node reads it, so whatever a needed node reads is needed. A gather or
/// slice of vectors is left to its readers if each of them can find the vectors by row indices. Time O(N + E).</remarks>
internal sealed class Usage
{
    private struct Use
    {
        public int Readers;
        public bool IsReadInOrder;   // a reader reads the whole value, one vector after another
        public bool IsIndexed;
    }

    private Use[] _uses = [];

    public bool IsNeeded(int node) => _uses[node].Readers > 0;

    /// <summary>Needed edges from a node; a wanted one has one more, so that no other node takes its buffer.</summary>
    public int ReadersOf(int node) => _uses[node].Readers;

    /// <summary>Whether all readers of a needed node can find its vectors where these lie in the arena.</summary>
    public bool IsIndexed(int node) => _uses[node].IsIndexed;

    /// <param name="graph">N nodes, E edges.</param>
    /// <param name="outputs">Wanted nodes.</param>
    /// <param name="gradients">Wanted too.</param>
    /// <param name="mayIndex">Whether any value may be left to its readers.</param>
    public void Find(Graph graph, ReadOnlySpan<int> outputs, ReadOnlySpan<int> gradients, bool mayIndex)
    {
        if (_uses.Length < graph.Count)
            _uses = new Use[graph.Capacity];

        Array.Clear(_uses, 0, graph.Count);
        Want(outputs);
        Want(gradients);
        for (int node = graph.Count - 1; node >= 0; node--)
        {
            ref Use use = ref _uses[node];
            if (use.Readers == 0)
                continue;

            use.IsIndexed = mayIndex && !use.IsReadInOrder && RowIndices.CanHave(graph, node) && ReadsArena(graph, node);
            MarkInputs(graph, node, use.IsIndexed);
        }
    }

    private void Want(ReadOnlySpan<int> nodes)
    {
        foreach (int node in nodes)
            (_uses[node].Readers, _uses[node].IsReadInOrder) = (_uses[node].Readers + 1, true);
    }

    private void MarkInputs(Graph graph, int node, bool isIndexed)
    {
        Operator op = graph.OperatorOf(node);
        ReadOnlySpan<int> inputs = graph.InputsOf(node);
        for (int i = 0; i < inputs.Length; i++)
        {
            ref Use input = ref _uses[inputs[i]];
            input.Readers++;
            input.IsReadInOrder |= !isIndexed && !(op.ReadsIndirect(i) && (op.HasMoves || graph.CountOf(inputs[i]) == graph.CountOf(node)));
        }
    }

    // Row indices count from the start of the arena.
    private static bool ReadsArena(Graph graph, int node)
    {
        foreach (int input in graph.InputsOf(node))
        {
            if (graph.OperatorOf(Views.SourceOf(graph, input)).Storage == Storage.External)
                return false;
        }

        return true;
    }
}
