using System.Runtime.InteropServices;
using BlasNet.Graphs;
using BlasNet.Graphs.Functions;

namespace BlasNet.Batching;

/// <summary>The vertices of several recurrences in the order of their levels: for each place there its vertex, and the places of its predecessors.</summary>
/// <remarks>A counting sort. Where a vertex has one predecessor, recurrences of more levels come first, so that the vertices that go on are the first of each
/// level, and the next level reads their states where they lie. Time O(V + E), and O(n log n) for n recurrences.</remarks>
internal sealed class LevelOrder
{
    private readonly List<int> _lists = [];          // the recurrences' lists, one after another
    private readonly List<Recurrence> _recurrences = [];
    private int[] _places = [];                      // by vertex
    private Place[] _order = [];
    private int[] _starts = [];                      // by level: its first place
    private int[] _next = [], _sorted = [];
    private int[] _predecessors = [];                // by place: those of its vertex, as places; −1 for an empty slot
    private readonly Comparison<int> _compareDepths;
    private int _slots;

    public LevelOrder() => _compareDepths = CompareDepths;

    /// <summary>A vertex in its place.</summary>
    /// <param name="Recurrence">Which recurrence it belongs to.</param>
    /// <param name="Vertex">Its number there.</param>
    /// <param name="Level">Its level.</param>
    /// <param name="Column">The column of the inputs that is its own.</param>
    /// <param name="FirstEdge">The number of its first edge in its recurrence.</param>
    /// <param name="PredecessorCount">How many predecessors it has, or slots for them.</param>
    /// <param name="FirstPredecessor">Where they begin in the list of all.</param>
    public readonly record struct Place(int Recurrence, int Vertex, int Level, int Column, int FirstEdge, int PredecessorCount, int FirstPredecessor);

    private readonly record struct Recurrence(int List, int FirstVertex, int Depth);

    /// <summary>Number of levels.</summary>
    public int LevelCount { get; private set; }

    /// <summary>Number of vertices of all recurrences.</summary>
    public int Count { get; private set; }

    /// <summary>Number of recurrences.</summary>
    public int RecurrenceCount => _recurrences.Count;

    /// <summary>Starts over.</summary>
    public void Clear()
    {
        _lists.Clear();
        _recurrences.Clear();
        Count = 0;
    }

    /// <summary>Adds a recurrence.</summary>
    /// <param name="list">A <see cref="DagList"/>.</param>
    public void Add(ReadOnlySpan<int> list)
    {
        var dag = new DagList(list);
        _recurrences.Add(new Recurrence(_lists.Count, Count, dag.Depth));
        _lists.AddRange(list);
        Count = checked(Count + dag.Count);
    }

    /// <summary>The vertices of a level.</summary>
    public ReadOnlySpan<Place> Level(int level) => _order.AsSpan(_starts[level].._starts[level + 1]);

    /// <summary>The vertices of all levels but the first.</summary>
    public ReadOnlySpan<Place> Steps => _order.AsSpan(_starts[1]..Count);

    /// <summary>The first place of a level.</summary>
    public int StartOf(int level) => _starts[level];

    /// <summary>The level of a place.</summary>
    public int LevelOf(int place) => _order[place].Level;

    /// <summary>The predecessors of the vertex in a place, as places; −1 for an empty slot.</summary>
    public ReadOnlySpan<int> PredecessorsOf(in Place place) => _predecessors.AsSpan(place.FirstPredecessor, place.PredecessorCount);

    /// <summary>For each vertex of a recurrence its place.</summary>
    public ReadOnlySpan<int> PlacesOf(int recurrence) => _places.AsSpan(_recurrences[recurrence].FirstVertex, DagOf(recurrence).Count);

    /// <summary>Sorts what has been added.</summary>
    /// <param name="body">Its slots, and whether only starts have inputs.</param>
    public void Sort(RecurrenceBody body)
    {
        _slots = body.Slots;
        Reserve();
        CountLevels();
        int edges = 0;
        foreach (int recurrence in InOrder())
            edges += AddPlaces(recurrence, body.ReadsInput);

        if (_predecessors.Length < edges)
            _predecessors = new int[Math.Max(edges, 2 * _predecessors.Length)];

        int next = 0;
        for (int place = 0; place < Count; place++)
            next = AddPredecessors(ref _order[place], next);
    }

    /// <summary>Adds to a graph the list of a scan over all levels but the first.</summary>
    /// <returns>Its attribute.</returns>
    public long AddScan(Graph graph)
    {
        int starts = _starts[1], edges = 0;
        ReadOnlySpan<int> predecessors = _predecessors.AsSpan(Steps[0].FirstPredecessor, Steps.Length * _slots);
        foreach (int place in predecessors)
            edges += place >= starts ? 1 : 0;

        Span<int> ends = _next.AsSpan(0, LevelCount - 1);
        for (int level = 0; level < ends.Length; level++)
            ends[level] = _starts[level + 2] - starts;

        Span<int> list = graph.ReserveList(ScanList.LengthOf(_slots, ends.Length, Steps.Length, edges), out long attribute);
        predecessors.CopyTo(ScanList.Begin(list, _slots, starts, ends));
        ScanList.End(list);
        return attribute;
    }

    private DagList DagOf(int recurrence) => new(CollectionsMarshal.AsSpan(_lists)[_recurrences[recurrence].List..]);

    private void Reserve()
    {
        LevelCount = 0;
        foreach (Recurrence recurrence in _recurrences)
            LevelCount = Math.Max(LevelCount, recurrence.Depth);

        if (_order.Length < Count)
        {
            int capacity = Math.Max(Count, 2 * _order.Length);
            (_order, _places) = (new Place[capacity], new int[capacity]);
        }

        if (_starts.Length <= LevelCount)
            (_starts, _next) = (new int[2 * LevelCount + 2], new int[2 * LevelCount + 2]);
    }

    private void CountLevels()
    {
        Span<int> ends = _starts.AsSpan(0, LevelCount + 1);
        ends.Clear();
        for (int recurrence = 0; recurrence < _recurrences.Count; recurrence++)
        {
            foreach (int level in DagOf(recurrence).Levels)
                ends[level + 1]++;
        }

        for (int level = 0; level < LevelCount; level++)
            ends[level + 1] += ends[level];

        ends.CopyTo(_next);
    }

    // Of one slot: those of more levels first.
    private ReadOnlySpan<int> InOrder()
    {
        if (_sorted.Length < _recurrences.Count)
            _sorted = new int[2 * _recurrences.Count];

        Span<int> order = _sorted.AsSpan(0, _recurrences.Count);
        for (int i = 0; i < order.Length; i++)
            order[i] = i;

        if (_slots == 1)
            order.Sort(_compareDepths);

        return order;
    }

    private int CompareDepths(int a, int b) =>
        _recurrences[a].Depth != _recurrences[b].Depth ? _recurrences[b].Depth.CompareTo(_recurrences[a].Depth) : a.CompareTo(b);

    /// <returns>Predecessors of all its vertices, or slots for them.</returns>
    private int AddPlaces(int recurrence, bool readsInput)
    {
        DagList dag = DagOf(recurrence);
        ReadOnlySpan<int> levels = dag.Levels;
        int first = _recurrences[recurrence].FirstVertex, starts = 0;
        for (int vertex = 0; vertex < levels.Length; vertex++)
        {
            int level = levels[vertex], place = _next[level]++;
            _places[first + vertex] = place;
            int firstEdge = _slots > 0 ? 0 : dag.FirstEdgeOf(vertex), predecessors = dag.PredecessorsOf(vertex).Length;
            _order[place] = new Place(recurrence, vertex, level, readsInput ? vertex : starts, firstEdge, predecessors, FirstPredecessor: 0);
            starts += level == 0 ? 1 : 0;
        }

        return _slots > 0 ? levels.Length * _slots : dag.Edges;
    }

    private int AddPredecessors(ref Place place, int next)
    {
        place = place with { FirstPredecessor = next };
        int first = _recurrences[place.Recurrence].FirstVertex;
        foreach (int predecessor in DagOf(place.Recurrence).PredecessorsOf(place.Vertex))
            _predecessors[next++] = predecessor < 0 ? -1 : _places[first + predecessor];

        return next;
    }
}
