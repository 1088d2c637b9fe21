using System.Runtime.Intrinsics;
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
    // What is known of a node while it waits.
    private struct Entry
    {
        public int Slot;        // its kind's
        public int Waiting;     // nodes that have to run before it
        public int FirstUser;   // where the list of the nodes that wait for it starts
        public int Depth;       // the longest path that leads to it
        public int Height;      // the longest path that leads on from it
        public int Next;        // of the ready nodes of its kind
        public int Level;       // the most nodes of its kind on a path that leads to it
    }

    private Entry[] _entries = [];
    private int[] _users = [], _sources = [];       // by edge: who reads, and what is read
    private int[] _slotOf = [];                     // by kind: kinds are numbered as they are met, those of leaves from the last number down; −1 before
    private int[] _head = [], _tail = [];           // by slot, the ready nodes; −1 where there are none
    private double[] _meanDepth = [];
    private int[] _members = [];                    // by slot, how many nodes it has in all
    private readonly KindLevels _levels = new();
    private readonly PriorityQueue<int, (double Depth, int Slot)> _ready = new();
    private int[] _order = [], _groups = [];
    private int[] _sorted = [], _places = [];
    private bool _usesLevels;
    private int _slotCount, _firstLeafSlot;

    /// <summary>Number of groups.</summary>
    public int GroupCount { get; private set; }

    /// <summary>The nodes of group <paramref name="group"/>, in stack order.</summary>
    public ReadOnlySpan<int> Group(int group) => _order.AsSpan(_groups[group].._groups[group + 1]);

    public void Run(Graph graph, Signatures signatures)
    {
        Prepare(graph, signatures);
        int done = 0;
        GroupCount = 0;
        for (int slot = signatures.Count - 1; slot >= _firstLeafSlot; slot--)
            Take(slot, ref done);

        for (int node = 0; node < graph.Count; node++)
        {
            if (_entries[node] is { Slot: >= 0, Waiting: 0 } && signatures.Origins[node] >= 0)
                MakeReady(node, ref _entries[node]);
        }

        while (TryChoose(out int slot))
        {
            Span<int> group = Take(slot, ref done);
            SortByHeight(group);
            Entry[] entries = _entries;
            int[] users = _users;
            for (int i = 0; _usesLevels && i < group.Length; i++)
                _levels.Done(slot, entries[group[i]].Level);

            if (_usesLevels)
                _levels.Advance(slot);

            foreach (int node in group)
            {
                int last = entries[node + 1].FirstUser;
                for (int edge = entries[node].FirstUser; edge < last; edge++)
                {
                    ref Entry user = ref entries[users[edge]];
                    if (--user.Waiting == 0)
                        MakeReady(users[edge], ref user);
                }
            }
        }

        _groups[GroupCount] = done;
    }

    // All ready nodes of a kind are the next group.
    private Span<int> Take(int slot, ref int done)
    {
        int start = done;
        _groups[GroupCount++] = start;
        for (int node = _head[slot]; node >= 0; node = _entries[node].Next)
            _order[done++] = node;

        _head[slot] = -1;
        return _order.AsSpan(start, done - start);
    }

    private bool TryChoose(out int slot)
    {
        if (!_usesLevels)
            return _ready.TryDequeue(out slot, out _);

        (slot, bool lossless, double ratio) = (-1, false, 0);
        for (int candidate = 0; candidate < _slotCount; candidate++)
        {
            if (_head[candidate] < 0)
                continue;

            double share = _levels.ShareReady(candidate);
            bool better = slot < 0 || (share >= 1 && lossless ? _meanDepth[candidate] < _meanDepth[slot] : share > ratio);
            if (better)
                (slot, lossless, ratio) = (candidate, share >= 1, share);
        }

        return slot >= 0;
    }

    private void MakeReady(int node, ref Entry entry)
    {
        int slot = entry.Slot;
        if (Enqueue(node, ref entry) && !_usesLevels)
            _ready.Enqueue(slot, (_meanDepth[slot], slot));

        if (_usesLevels)
            _levels.MakeReady(slot, entry.Level);
    }

    // True for the first one of its kind.
    private bool Enqueue(int node, ref Entry entry)
    {
        int slot = entry.Slot;
        bool isFirst = _head[slot] < 0;
        if (isFirst)
            _head[slot] = node;
        else
            _entries[_tail[slot]].Next = node;

        entry.Next = -1;
        _tail[slot] = node;
        return isFirst;
    }

    // Stable: the nodes that most steps still follow come first.
    private void SortByHeight(Span<int> group)
    {
        int low = int.MaxValue, high = 0, previous = int.MaxValue;
        bool sorted = true;
        foreach (int node in group)
        {
            int height = _entries[node].Height;
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
            _places[high - _entries[node].Height + 1]++;

        for (int i = 1; i <= range; i++)
            _places[i] += _places[i - 1];

        foreach (int node in group)
            _sorted[_places[high - _entries[node].Height]++] = node;

        _sorted.AsSpan(0, group.Length).CopyTo(group);
    }

    // Depths, heights, what waits for what. Leaves have no part in it: nothing has to wait for them.
    private void Prepare(Graph graph, Signatures signatures)
    {
        Reserve(graph, signatures.Count);
        Array.Fill(_slotOf, -1, 0, signatures.Count);
        (_slotCount, _firstLeafSlot) = (0, signatures.Count);
        ReadOnlySpan<int> kinds = signatures.Kinds, origins = signatures.Origins;
        _usesLevels = true;
        _levels.Begin(graph);
        int edges = 0;
        for (int node = 0; node < kinds.Length; node++)
        {
            ref Entry entry = ref _entries[node];
            entry = default;
            entry.Slot = kinds[node] < 0 ? -1 : SlotOf(kinds[node], isLeaf: origins[node] < 0);
            if (entry.Slot < 0)
                continue;

            if (origins[node] < 0)
                Enqueue(node, ref entry);
            else
                edges = AddNode(graph, node, ref entry, origins, edges);
        }

        for (int slot = 0; slot < _slotCount; slot++)
            _meanDepth[slot] /= _members[slot];

        FindUsers(graph.Count, edges);
    }

    private int SlotOf(int kind, bool isLeaf)
    {
        ref int slot = ref _slotOf[kind];
        if (slot < 0)
        {
            slot = isLeaf ? --_firstLeafSlot : _slotCount++;
            (_head[slot], _members[slot], _meanDepth[slot]) = (-1, 0, 0);
            _usesLevels &= _slotCount <= KindLevels.MaxKinds;
        }

        return slot;
    }

    // Waits once for a node of which it reads several results.
    private int AddNode(Graph graph, int node, ref Entry entry, ReadOnlySpan<int> origins, int edges)
    {
        int depth = 0, last = -1, first = edges;
        Vector256<ushort> levels = default;
        Entry[] entries = _entries;
        int[] sources = _sources;
        foreach (int input in graph.InputsOf(node))
        {
            int source = origins[input];
            if (source < 0 || source == last)
                continue;

            last = source;
            sources[edges++] = source;
            ref Entry before = ref entries[source];
            depth = Math.Max(depth, before.Depth + 1);
            before.FirstUser++;   // for now, how many there are
            if (_usesLevels)
                levels = _levels.After(levels, source);
        }

        if (_usesLevels)
            entry.Level = _levels.Add(node, entry.Slot, levels);

        (entry.Waiting, entry.Depth) = (edges - first, depth);
        _meanDepth[entry.Slot] += depth;
        _members[entry.Slot]++;
        return edges;
    }

    // From the number of each node's users to the list of them, and its height. Backwards: all users of a node come after it, so that they know
    // their heights; and each list fills from its end to its start, which is then where it starts.
    private void FindUsers(int count, int edges)
    {
        for (int node = 0, end = 0; node < count; node++)
            _entries[node].FirstUser = end += _entries[node].FirstUser;

        _entries[count].FirstUser = edges;
        Entry[] entries = _entries;
        int[] sources = _sources, users = _users;
        for (int node = count - 1, edge = edges; node >= 0; node--)
        {
            int height = entries[node].Height + 1;
            for (int first = edge - entries[node].Waiting; edge > first;)
            {
                ref Entry source = ref entries[sources[--edge]];
                source.Height = Math.Max(source.Height, height);
                users[--source.FirstUser] = node;
            }
        }
    }

    private void Reserve(Graph graph, int kinds)
    {
        if (_order.Length < graph.Count)
        {
            int capacity = graph.Capacity;
            (_entries, _order, _groups) = (new Entry[capacity + 1], new int[capacity], new int[capacity + 1]);
        }

        if (_users.Length < graph.EdgeCount)
            (_users, _sources) = (new int[Math.Max(graph.EdgeCount, 2 * _users.Length)], new int[Math.Max(graph.EdgeCount, 2 * _users.Length)]);

        if (_head.Length < kinds)
        {
            int capacity = Math.Max(kinds, 2 * _head.Length);
            (_head, _tail, _members, _meanDepth, _slotOf) = (new int[capacity], new int[capacity], new int[capacity], new double[capacity], new int[capacity]);
        }
    }
}
