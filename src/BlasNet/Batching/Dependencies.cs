using BlasNet.Graphs;

namespace BlasNet.Batching;

/// <summary>For each value of a graph the values that it reads, the values that read it, and how long the paths before and after it are.</summary>
/// <remarks>
/// Two adjacency lists in compressed rows: row v is <c>entries[starts[v]..starts[v + 1]]</c>. If value 2 reads 0 and 1, and value 3 reads 2 and 0, then the
/// sources are [0 1 | 2 0] with starts [0 0 0 2 4], the users [2 3 | 2 | 3] with starts [0 2 3 4 4], the depths [0 0 1 2] and the heights [2 1 1 0]. Leaves
/// are no values; nothing waits for them. A value is listed once if several of its results are read one after another, and may be listed twice otherwise.
/// Time O(N + E).
/// </remarks>
internal sealed class Dependencies
{
    private int[] _sources = [], _sourceStarts = [];
    private int[] _users = [], _userStarts = [];
    private int[] _depths = [], _heights = [];

    /// <summary>By value: the length of the longest path that leads to it.</summary>
    public ReadOnlySpan<int> Depths => _depths;

    /// <summary>By value: the length of the longest path that leads on from it.</summary>
    public ReadOnlySpan<int> Heights => _heights;

    /// <summary>The values that a value reads.</summary>
    public ReadOnlySpan<int> SourcesOf(int value) => _sources.AsSpan(_sourceStarts[value], _sourceStarts[value + 1] - _sourceStarts[value]);

    /// <summary>The values that read a value.</summary>
    public ReadOnlySpan<int> UsersOf(int value) => _users.AsSpan(_userStarts[value], _userStarts[value + 1] - _userStarts[value]);

    /// <summary>Finds all of it.</summary>
    public void Run(Graph graph, ValueNumbering numbering)
    {
        Reserve(numbering.Count, graph.EdgeCount);
        FindSources(graph, numbering.Nodes, numbering.Values);
        FindUsers(numbering.Count);
    }

    // Forwards: a value's sources come before it, so their depths are known. For now, the entry where a list of users starts holds their number.
    private void FindSources(Graph graph, ReadOnlySpan<int> nodes, ReadOnlySpan<int> values)
    {
        Span<int> sources = _sources, starts = _sourceStarts.AsSpan(0, nodes.Length + 1), users = _userStarts, depths = _depths;
        int end = 0;
        for (int value = 0; value < nodes.Length; value++)
        {
            int last = -1, depth = 0;
            foreach (int input in graph.InputsOf(nodes[value]))
            {
                int source = values[input];
                if (source < 0 || source == last)
                    continue;

                sources[end++] = last = source;
                users[source]++;
                depth = Math.Max(depth, depths[source] + 1);
            }

            depths[value] = depth;
            starts[value + 1] = end;
        }
    }

    // Backwards: a value's users come after it, so their heights are known; and each list of users fills from its end to its start.
    private void FindUsers(int count)
    {
        Span<int> starts = _userStarts.AsSpan(0, count + 1), users = _users, heights = _heights;
        for (int value = 0, end = 0; value <= count; value++)
            starts[value] = end += starts[value];

        for (int value = count - 1; value >= 0; value--)
        {
            int height = heights[value] + 1;
            ReadOnlySpan<int> sources = SourcesOf(value);
            for (int i = sources.Length - 1; i >= 0; i--)
            {
                int source = sources[i];
                users[--starts[source]] = value;
                heights[source] = Math.Max(heights[source], height);
            }
        }
    }

    private void Reserve(int values, int edges)
    {
        if (_userStarts.Length <= values)
        {
            int capacity = Math.Max(values + 1, 2 * _userStarts.Length);
            (_userStarts, _sourceStarts, _depths, _heights) = (new int[capacity], new int[capacity], new int[capacity], new int[capacity]);
        }

        if (_users.Length < edges)
        {
            int capacity = Math.Max(edges, 2 * _users.Length);
            (_users, _sources) = (new int[capacity], new int[capacity]);
        }

        Array.Clear(_userStarts, 0, values + 1);
        Array.Clear(_heights, 0, values);
    }
}
