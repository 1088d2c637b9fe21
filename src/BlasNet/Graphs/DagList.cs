namespace BlasNet.Graphs;

/// <summary>A <see cref="Dag"/> as the list of integers that a recurrence has as its attribute.</summary>
/// <param name="list">Number of vertices, places for predecessors (0: any number), number of edges; each vertex's level; then either the predecessors, so many
/// for each vertex, or for each vertex the end of its list of predecessors, and the lists.</param>
internal readonly ref struct DagList(ReadOnlySpan<int> list)
{
    /// <summary>Numbers before the levels.</summary>
    public const int Header = 3;

    private readonly ReadOnlySpan<int> _list = list;

    /// <summary>Number of vertices.</summary>
    public int Count => _list[0];

    /// <summary>Places for predecessors; 0 for any number.</summary>
    public int Slots => _list[1];

    /// <summary>Number of predecessors of all vertices together.</summary>
    public int Edges => _list[2];

    /// <summary>For each vertex the number of vertices before it on the longest path that leads to it.</summary>
    public ReadOnlySpan<int> Levels => _list.Slice(Header, Count);

    /// <summary>Number of levels.</summary>
    public int Depth
    {
        get
        {
            int depth = 0;
            foreach (int level in Levels)
                depth = Math.Max(depth, level + 1);

            return depth;
        }
    }

    /// <summary>A vertex's predecessors; −1 for an empty place.</summary>
    public ReadOnlySpan<int> PredecessorsOf(int vertex)
    {
        int lists = Header + Count;
        if (Slots > 0)
            return _list.Slice(lists + (vertex * Slots), Slots);

        int start = vertex == 0 ? 0 : _list[lists + vertex - 1];
        return _list[(lists + Count + start)..(lists + Count + _list[lists + vertex])];
    }

    /// <summary>The first of a vertex's edges, which are numbered in the order of the lists.</summary>
    public int FirstEdgeOf(int vertex) => vertex == 0 ? 0 : _list[Header + Count + vertex - 1];

    /// <summary>Vertices of the longest chain whose list is an array.</summary>
    public static int LongestChain => (Array.MaxLength - Header) / 2;

    /// <summary>Numbers in the list of a chain.</summary>
    public static int LengthOfChain(int vertices) => checked(Header + (2 * vertices));

    /// <summary>Fills the list of a chain.</summary>
    public static void WriteChain(Span<int> list, bool reverse)
    {
        int count = (list.Length - Header) / 2;
        (list[0], list[1], list[2]) = (count, 1, count - 1);
        for (int vertex = 0; vertex < count; vertex++)
        {
            list[Header + vertex] = reverse ? count - 1 - vertex : vertex;
            list[Header + count + vertex] = !reverse ? vertex - 1 : vertex + 1 < count ? vertex + 1 : -1;
        }
    }

    /// <summary>Checks a list and fills in the edges and the levels.</summary>
    /// <exception cref="ArgumentException">A predecessor is no vertex, or there is a cycle.</exception>
    public static void Complete(Span<int> list)
    {
        var dag = new DagList(list);
        int count = dag.Count;
        var waiting = new int[count];          // predecessors whose level is not known yet
        var users = new List<int>[count];
        for (int vertex = 0; vertex < count; vertex++)
        {
            foreach (int predecessor in dag.PredecessorsOf(vertex))
            {
                if (predecessor == -1 && dag.Slots > 0)
                    continue;

                if ((uint)predecessor >= count)
                    throw new ArgumentException($"Vertex {vertex}: its predecessor {predecessor} is none of the vertices 0 … {count - 1}.");

                (users[predecessor] ??= []).Add(vertex);
                waiting[vertex]++;
                list[2]++;
            }
        }

        FindLevels(list.Slice(Header, count), waiting, users);
    }

    // Level by level; what then still waits is on a cycle or behind one. Source: Kahn, "Topological sorting of large networks", CACM 5(11), 1962.
    private static void FindLevels(Span<int> levels, int[] waiting, List<int>[] users)
    {
        var ready = new Queue<int>();
        for (int vertex = 0; vertex < waiting.Length; vertex++)
        {
            if (waiting[vertex] == 0)
                ready.Enqueue(vertex);
        }

        while (ready.TryDequeue(out int vertex))
        {
            foreach (int user in users[vertex] ?? [])
            {
                levels[user] = Math.Max(levels[user], levels[vertex] + 1);
                if (--waiting[user] == 0)
                    ready.Enqueue(user);
            }
        }

        int stuck = Array.FindIndex(waiting, count => count > 0);
        if (stuck >= 0)
            throw new ArgumentException($"Vertex {stuck} waits for a state that depends on its own: the predecessors form a cycle.");
    }
}
