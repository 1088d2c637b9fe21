using BlasNet.Graphs;

namespace BlasNet.Batching;

/// <summary>For each value of a graph the values that it reads, and the values that read it: two adjacency lists in compressed rows.</summary>
/// <remarks>
/// Row v of a compressed list is <c>entries[starts[v]..starts[v + 1]]</c>. If value 2 reads 0 and 1, and value 3 reads 2 and 0, then the sources are
/// [0 1 | 2 0] with starts [0 0 0 2 4], and the users [2 3 | 2 | 3] with starts [0 2 3 4 4]. Leaves are no values; nothing waits for them. A value is listed
/// once if several of its results are read one after another, and may be listed twice otherwise. Time O(N + E).
/// </remarks>
internal sealed class Dependencies
{
    private int[] _sources = [], _sourceStarts = [];
    private int[] _users = [], _userStarts = [];

    /// <summary>The values that a value reads.</summary>
    public ReadOnlySpan<int> SourcesOf(int value) => _sources.AsSpan(_sourceStarts[value], _sourceStarts[value + 1] - _sourceStarts[value]);

    /// <summary>The values that read a value.</summary>
    public ReadOnlySpan<int> UsersOf(int value) => _users.AsSpan(_userStarts[value], _userStarts[value + 1] - _userStarts[value]);

    /// <summary>Finds both lists.</summary>
    public void Run(Graph graph, ValueNumbering numbering)
    {
        int count = numbering.Count;
        Reserve(count, graph.EdgeCount);
        FindSources(graph, numbering);
        Transpose(count);
    }

    private void FindSources(Graph graph, ValueNumbering numbering)
    {
        ReadOnlySpan<int> nodes = numbering.Nodes, values = numbering.Values;
        int[] sources = _sources, users = _userStarts;
        int end = 0;
        for (int value = 0; value < nodes.Length; value++)
        {
            int last = -1;
            foreach (int input in graph.InputsOf(nodes[value]))
            {
                int source = values[input];
                if (source < 0 || source == last)
                    continue;

                sources[end++] = last = source;
                users[source]++;
            }

            _sourceStarts[value + 1] = end;
        }
    }

    // From the number of each value's users to the lists of them. Backwards, so that each list fills from its end to its start.
    private void Transpose(int count)
    {
        int[] starts = _userStarts, users = _users;
        for (int value = 0, end = 0; value <= count; value++)
            starts[value] = end += starts[value];

        for (int value = count - 1; value >= 0; value--)
        {
            ReadOnlySpan<int> sources = SourcesOf(value);
            for (int i = sources.Length - 1; i >= 0; i--)
                users[--starts[sources[i]]] = value;
        }
    }

    private void Reserve(int values, int edges)
    {
        if (_userStarts.Length <= values)
        {
            int capacity = Math.Max(values + 1, 2 * _userStarts.Length);
            (_userStarts, _sourceStarts) = (new int[capacity], new int[capacity]);
        }

        if (_users.Length < edges)
        {
            int capacity = Math.Max(edges, 2 * _users.Length);
            (_users, _sources) = (new int[capacity], new int[capacity]);
        }

        Array.Clear(_userStarts, 0, values + 1);
    }
}
