namespace BlasNet.Graphs;

/// <summary>The vertices of a scan, level after level, as the list of integers that it has as its attribute.</summary>
/// <remarks>Vertices without predecessors are starts and no part of the scan. A predecessor is a place: below <see cref="Starts"/> a start, from there on
/// a vertex. Edge s · n + v leads to vertex v, of n, from its predecessor in slot s.</remarks>
/// <param name="list">Slots, starts, levels, vertices; for each level its end; for each vertex its predecessors, −1 for an empty slot; for each vertex the
/// end of its list of edges that lead from it, and these lists.</param>
internal readonly ref struct ScanList(ReadOnlySpan<int> list)
{
    private const int Header = 4;

    private readonly ReadOnlySpan<int> _list = list;

    /// <summary>Places for predecessors of a vertex.</summary>
    public int Slots => _list[0];

    /// <summary>Number of starts.</summary>
    public int Starts => _list[1];

    /// <summary>Number of levels.</summary>
    public int Levels => _list[2];

    /// <summary>Number of vertices.</summary>
    public int Count => _list[3];

    /// <summary>Vertices of the largest level.</summary>
    public int Width
    {
        get
        {
            int width = 0;
            for (int level = 0; level < Levels; level++)
                width = Math.Max(width, EndOf(level) - StartOf(level));

            return width;
        }
    }

    private int Predecessors => Header + Levels;

    private int Successors => Predecessors + (Slots * Count);

    /// <summary>The first vertex of a level.</summary>
    public int StartOf(int level) => level == 0 ? 0 : EndOf(level - 1);

    /// <summary>The vertex after the last one of a level.</summary>
    public int EndOf(int level) => _list[Header + level];

    /// <summary>The predecessors of a vertex, as places; −1 for an empty slot.</summary>
    public ReadOnlySpan<int> PredecessorsOf(int vertex) => _list.Slice(Predecessors + (vertex * Slots), Slots);

    /// <summary>How many vertices, from one on, have predecessors in a slot that lie one after another, or none.</summary>
    /// <param name="slot">Which slot.</param>
    /// <param name="first">A vertex.</param>
    /// <param name="end">Where to stop.</param>
    public int RunLength(int slot, int first, int end)
    {
        int place = PredecessorsOf(first)[slot], vertex = first + 1;
        for (; vertex < end; vertex++)
        {
            int expected = place < 0 ? -1 : place + vertex - first;
            if (PredecessorsOf(vertex)[slot] != expected || (place >= 0 && expected == Starts))
                break;
        }

        return vertex - first;
    }

    /// <summary>The edges that lead from a vertex.</summary>
    public ReadOnlySpan<int> EdgesFrom(int vertex)
    {
        ReadOnlySpan<int> ends = _list.Slice(Successors, Count);
        int start = vertex == 0 ? 0 : ends[vertex - 1];
        return _list[(Successors + Count + start)..(Successors + Count + ends[vertex])];
    }

    /// <summary>Integers of a list.</summary>
    /// <param name="slots">Places for predecessors.</param>
    /// <param name="levels">Number of levels.</param>
    /// <param name="count">Number of vertices.</param>
    /// <param name="edges">Edges from one vertex to another.</param>
    public static int LengthOf(int slots, int levels, int count, int edges) => checked(Header + levels + (slots * count) + count + edges);

    /// <summary>Fills what comes before the predecessors.</summary>
    /// <returns>Room for the predecessors.</returns>
    public static Span<int> Begin(Span<int> list, int slots, int starts, ReadOnlySpan<int> ends)
    {
        int count = ends[^1];
        (list[0], list[1], list[2], list[3]) = (slots, starts, ends.Length, count);
        ends.CopyTo(list[Header..]);
        return list.Slice(Header + ends.Length, slots * count);
    }

    /// <summary>Fills what comes after the predecessors: their edges, by the vertex that they lead from, in ascending order.</summary>
    public static void End(Span<int> list)
    {
        var scan = new ScanList(list);
        Span<int> ends = list.Slice(scan.Successors, scan.Count), edges = list[(scan.Successors + scan.Count)..];
        ends.Clear();
        for (int vertex = 0; vertex < scan.Count; vertex++)
        {
            foreach (int place in scan.PredecessorsOf(vertex))
            {
                if (place >= scan.Starts)
                    ends[place - scan.Starts]++;
            }
        }

        for (int vertex = 0, start = 0; vertex < scan.Count; vertex++)
            (ends[vertex], start) = (start, start + ends[vertex]);

        for (int slot = 0; slot < scan.Slots; slot++)
        {
            for (int vertex = 0; vertex < scan.Count; vertex++)
            {
                int place = scan.PredecessorsOf(vertex)[slot];
                if (place >= scan.Starts)
                    edges[ends[place - scan.Starts]++] = (slot * scan.Count) + vertex;
            }
        }
    }
}
