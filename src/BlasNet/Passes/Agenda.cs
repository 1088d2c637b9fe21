using BlasNet.Graphs;

namespace BlasNet.Passes;

/// <summary>Orders a graph's nodes into groups of one kind, each of which can run as one stack.</summary>
/// <remarks>
/// A kind whose ready nodes are all that could be ready, as far as nodes of its own kind are concerned, loses nothing by running now
/// (<see cref="KindLevels"/>); else, or among several such kinds, the one whose nodes have the smallest mean depth runs, with all its ready nodes.
/// Nodes become ready in the order in which what they wait for was computed, and where nodes of a kind follow each other, as in a recurrence,
/// those that most others still follow come first: then the ones that go on are always the first of a stack, and no operand has to be copied.
/// Time O(N + E + G·K) for N nodes, E edges, G groups and K ≤ 16 kinds, O(N + E + G log K) for more.
/// Sources: Neubig, Goldberg, Dyer, "On-the-fly Operation Batching in Dynamic Computation Graphs", NIPS 2017, arXiv:1705.07860 (mean depth);
/// Chen, Xie, Zhou, "ED-Batch", ICML 2023, arXiv:2302.03851 (the condition for losing nothing).
/// </remarks>
internal sealed class Agenda
{
    private int[] _depth = [], _height = [], _waiting = [], _firstUser = [], _users = [], _sources = [];   // by edge: who reads, and what is read
    private int[] _next = [];                       // of the ready nodes of one kind
    private int[] _head = [], _tail = [];           // by kind; −1 where none is ready
    private double[] _meanDepth = [];
    private int[] _members = [];                    // by kind, how many nodes it has in all
    private readonly KindLevels _levels = new();
    private readonly PriorityQueue<int, (double Depth, int Kind)> _ready = new();
    private int[] _order = [], _groups = [];
    private int[] _sorted = [], _places = [];
    private bool _usesLevels;
    private int _kindCount;

    /// <summary>Number of groups.</summary>
    public int GroupCount { get; private set; }

    /// <summary>The nodes of group <paramref name="group"/>, in stack order.</summary>
    public ReadOnlySpan<int> Group(int group) => _order.AsSpan(_groups[group].._groups[group + 1]);

    public void Run(Graph graph, Signatures signatures)
    {
        Prepare(graph, signatures);
        ReadOnlySpan<int> kinds = signatures.Kinds;
        for (int node = 0; node < graph.Count; node++)
        {
            if (kinds[node] >= 0 && _waiting[node] == 0)
                MakeReady(node, kinds[node]);
        }

        int done = 0;
        GroupCount = 0;
        while (TryChoose(out int kind))
        {
            _groups[GroupCount++] = done;
            int start = done;
            for (int node = _head[kind]; node >= 0; node = _next[node])
                _order[done++] = node;

            _head[kind] = _tail[kind] = -1;
            Span<int> group = _order.AsSpan(start, done - start);
            if (_usesLevels)
                _levels.Done(kind, group);

            SortByHeight(group);
            foreach (int node in group)
            {
                for (int edge = _firstUser[node]; edge < _firstUser[node + 1]; edge++)
                {
                    int user = _users[edge];
                    if (--_waiting[user] == 0)
                        MakeReady(user, kinds[user]);
                }
            }
        }

        _groups[GroupCount] = done;
    }

    private bool TryChoose(out int kind)
    {
        if (!_usesLevels)
            return _ready.TryDequeue(out kind, out _);

        (kind, bool lossless, double ratio) = (-1, false, 0);
        for (int candidate = 0; candidate < _kindCount; candidate++)
        {
            if (_head[candidate] < 0)
                continue;

            double share = _levels.ShareReady(candidate);
            bool better = kind < 0 || (share >= 1 && lossless ? _meanDepth[candidate] < _meanDepth[kind] : share > ratio);
            if (better)
                (kind, lossless, ratio) = (candidate, share >= 1, share);
        }

        return kind >= 0;
    }

    private void MakeReady(int node, int kind)
    {
        _next[node] = -1;
        if (_head[kind] < 0)
        {
            _head[kind] = node;
            if (!_usesLevels)
                _ready.Enqueue(kind, (_meanDepth[kind], kind));
        }
        else
        {
            _next[_tail[kind]] = node;
        }

        _tail[kind] = node;
        if (_usesLevels)
            _levels.MakeReady(node, kind);
    }

    // Stable: the nodes that most steps still follow come first.
    private void SortByHeight(Span<int> group)
    {
        int low = int.MaxValue, high = 0, previous = int.MaxValue;
        bool sorted = true;
        foreach (int node in group)
        {
            int height = _height[node];
            sorted &= height <= previous;
            (low, high, previous) = (Math.Min(low, height), Math.Max(high, height), height);
        }

        if (sorted)
            return;

        if (_sorted.Length < group.Length)
            _sorted = new int[_order.Length];

        // A counting sort: of each height, where its next node goes.
        int range = high - low + 1;
        if (_places.Length < range + 1)
            _places = new int[Math.Max(range + 1, 2 * _places.Length)];

        Array.Clear(_places, 0, range + 1);
        foreach (int node in group)
            _places[high - _height[node] + 1]++;

        for (int i = 1; i <= range; i++)
            _places[i] += _places[i - 1];

        foreach (int node in group)
            _sorted[_places[high - _height[node]]++] = node;

        _sorted.AsSpan(0, group.Length).CopyTo(group);
    }

    // Depths, heights, numbers of operands to wait for, and the users of each node. Results stand for their owner, equal values for the first.
    private void Prepare(Graph graph, Signatures signatures)
    {
        int count = graph.Count;
        _kindCount = signatures.Count;
        Reserve(graph);
        Array.Fill(_head, -1, 0, _kindCount);
        Array.Clear(_members, 0, _kindCount);
        Array.Clear(_meanDepth, 0, _kindCount);
        Array.Clear(_firstUser, 0, count + 2);
        Array.Clear(_height, 0, count);
        ReadOnlySpan<int> kinds = signatures.Kinds, canonical = signatures.Canonical;
        _usesLevels = _levels.Begin(graph, _kindCount);
        int edges = 0;
        for (int node = 0; node < count; node++)
        {
            int kind = kinds[node];
            if (kind < 0)
                continue;

            int depth = 0;
            ReadOnlySpan<int> inputs = graph.InputsOf(node);
            foreach (int input in inputs)
            {
                int source = canonical[input];
                if (kinds[source] < 0)
                    source = signatures.OwnerOf(source);

                _sources[edges++] = source;
                depth = Math.Max(depth, _depth[source] + 1);
                _firstUser[source + 2]++;
                if (_usesLevels)
                    _levels.Follow(node, source);
            }

            if (_usesLevels)
                _levels.Add(node, kind);

            _depth[node] = depth;
            _waiting[node] = inputs.Length;
            _meanDepth[kind] += depth;
            _members[kind]++;
        }

        for (int kind = 0; kind < _kindCount; kind++)
            _meanDepth[kind] /= _members[kind];

        FindUsers(graph, kinds);
        FindHeights(graph, kinds, edges);
    }

    private void FindUsers(Graph graph, ReadOnlySpan<int> kinds)
    {
        for (int node = 2; node <= graph.Count; node++)
            _firstUser[node] += _firstUser[node - 1];

        // _firstUser[n + 1] is where node n's users start; filling moves it to where they end, which is where node n + 1's start.
        for (int node = 0, edge = 0; node < graph.Count; node++)
        {
            for (int end = edge + (kinds[node] < 0 ? 0 : graph.InputsOf(node).Length); edge < end; edge++)
                _users[_firstUser[_sources[edge] + 1]++] = node;
        }
    }

    private void FindHeights(Graph graph, ReadOnlySpan<int> kinds, int edges)
    {
        for (int node = graph.Count - 1, edge = edges; node >= 0; node--)
        {
            int height = _height[node] + 1;
            for (int start = edge - (kinds[node] < 0 ? 0 : graph.InputsOf(node).Length); edge > start;)
            {
                ref int below = ref _height[_sources[--edge]];
                below = Math.Max(below, height);
            }
        }
    }

    private void Reserve(Graph graph)
    {
        if (_depth.Length < graph.Count)
        {
            int capacity = graph.Capacity;
            (_depth, _waiting, _next, _order) = (new int[capacity], new int[capacity], new int[capacity], new int[capacity]);
            (_firstUser, _groups, _height) = (new int[capacity + 2], new int[capacity + 1], new int[capacity]);
        }

        if (_users.Length < graph.EdgeCount)
            (_users, _sources) = (new int[Math.Max(graph.EdgeCount, 2 * _users.Length)], new int[Math.Max(graph.EdgeCount, 2 * _users.Length)]);

        if (_head.Length < _kindCount)
        {
            int capacity = Math.Max(_kindCount, 2 * _head.Length);
            (_head, _tail, _members, _meanDepth) = (new int[capacity], new int[capacity], new int[capacity], new double[capacity]);
        }
    }
}
