using System.Runtime.Intrinsics;
using BlasNet.Graphs;

namespace BlasNet.Batching;

/// <summary>Orders a graph's units into groups of one kind, each of which can run as one stack.</summary>
/// <remarks>
/// A kind whose ready nodes are all that could be ready, as far as nodes of its own kind are concerned, loses nothing by running now
/// (<see cref="LaunchBound"/>); else, or among several such kinds, the one whose nodes have the smallest mean depth runs, with all its ready nodes.
/// A kind with a single node loses nothing by running at once, and what waits for it can become ready together.
/// Nodes become ready in the order in which what they wait for was computed, and where nodes of a kind follow each other, as in a recurrence,
/// those that most others still follow come first: then the ones that go on are always the first of a stack, and no operand has to be copied.
/// Time O(N + E + G·K) for N nodes, E edges, G groups and K ≤ 16 kinds, O(N + E + G log K) for more.
/// Sources: Neubig, Goldberg, Dyer, "On-the-fly Operation Batching in Dynamic Computation Graphs", NIPS 2017, arXiv:1705.07860 (mean depth);
/// Chen, Xie, Zhou, "ED-Batch", ICML 2023, arXiv:2302.03851 (the condition for losing nothing).
/// </remarks>
internal sealed class Scheduler
{
    // In the place of a mean depth.
    private const double RunsAtOnce = -1;

    // What is known of a unit while it waits.
    private struct Entry
    {
        public int Slot;        // its kind's
        public int Waiting;     // units that have to run before it
        public int FirstUser;   // where the list of the units that wait for it starts
        public int Depth;       // the longest path that leads to it
        public int Height;      // the longest path that leads on from it
        public int Level;       // the most units of its kind on a path that leads to it
    }

    // What is known of a kind. Its units have a part of the order to themselves, which they fill as they become ready.
    private struct ReadyList
    {
        public int Units;            // how many it has in all
        public int First, End;       // the ready ones that wait to run
        public int LastHeight;       // of the last of them
        public bool IsSorted;        // those that most steps still follow come first
        public double MeanDepth;
    }

    private Entry[] _entries = [];
    private int[] _users = [], _sources = [];       // by edge: who reads, and what is read
    private int[] _listOf = [];                     // by kind: kinds are numbered as they are met; −1 before
    private ReadyList[] _lists = [];
    private readonly LaunchBound _levels = new();
    private readonly PriorityQueue<int, (double Depth, int Slot)> _ready = new();
    private int[] _order = [];
    private (int Start, int End)[] _groups = [];
    private int[] _sorted = [], _places = [];
    private bool _usesLevels;
    private int _listCount;

    /// <summary>Number of groups.</summary>
    public int GroupCount { get; private set; }

    /// <summary>The units of group <paramref name="group"/>, in stack order.</summary>
    public ReadOnlySpan<int> Group(int group) => _order.AsSpan(_groups[group].Start.._groups[group].End);

    public void Run(Graph graph, Signatures signatures)
    {
        Prepare(graph, signatures);
        GroupCount = 0;
        for (int unit = 0; unit < signatures.UnitCount; unit++)
        {
            if (_entries[unit].Waiting == 0)
                MakeReady(unit, ref _entries[unit]);
        }

        while (TryChoose(out int slot))
        {
            Span<int> group = Take(ref _lists[slot]);
            if (_usesLevels)
                _levels.Advance(slot);

            Entry[] entries = _entries;
            int[] users = _users;
            foreach (int unit in group)
            {
                int last = entries[unit + 1].FirstUser;
                for (int edge = entries[unit].FirstUser; edge < last; edge++)
                {
                    ref Entry user = ref entries[users[edge]];
                    if (--user.Waiting == 0)
                        MakeReady(users[edge], ref user);
                }
            }
        }
    }

    // All ready units of a kind are the next group.
    private Span<int> Take(ref ReadyList slot)
    {
        _groups[GroupCount++] = (slot.First, slot.End);
        Span<int> group = _order.AsSpan(slot.First..slot.End);
        if (!slot.IsSorted)
            SortByHeight(group);

        (slot.First, slot.LastHeight, slot.IsSorted) = (slot.End, int.MaxValue, true);
        return group;
    }

    private bool TryChoose(out int slot)
    {
        if (!_usesLevels)
            return _ready.TryDequeue(out slot, out _);

        (slot, bool lossless, double ratio) = (-1, false, 0);
        for (int candidate = 0; candidate < _listCount; candidate++)
        {
            if (_lists[candidate].First == _lists[candidate].End)
                continue;

            double share = _levels.ShareReady(candidate);
            bool better = slot < 0 || (share >= 1 && lossless ? _lists[candidate].MeanDepth < _lists[slot].MeanDepth : share > ratio);
            if (better)
                (slot, lossless, ratio) = (candidate, share >= 1, share);
        }

        return slot >= 0;
    }

    private void MakeReady(int unit, ref Entry entry)
    {
        ref ReadyList slot = ref _lists[entry.Slot];
        if (_usesLevels)
            _levels.MakeReady(entry.Slot, entry.Level);
        else if (slot.First == slot.End)
            _ready.Enqueue(entry.Slot, (slot.MeanDepth, entry.Slot));

        slot.IsSorted &= entry.Height <= slot.LastHeight;
        slot.LastHeight = entry.Height;
        _order[slot.End++] = unit;
    }

    // Stable: the units that most steps still follow come first.
    private void SortByHeight(Span<int> group)
    {
        int low = int.MaxValue, high = 0;
        foreach (int unit in group)
        {
            int height = _entries[unit].Height;
            (low, high) = (Math.Min(low, height), Math.Max(high, height));
        }

        if (_sorted.Length < group.Length)
            _sorted = new int[_order.Length];

        // A counting sort: of each height, where its next unit goes.
        int range = high - low + 1;
        if (_places.Length < range + 1)
            _places = new int[Math.Max(range + 1, 2 * _places.Length)];

        Array.Clear(_places, 0, range + 1);
        foreach (int unit in group)
            _places[high - _entries[unit].Height + 1]++;

        for (int i = 1; i <= range; i++)
            _places[i] += _places[i - 1];

        foreach (int unit in group)
            _sorted[_places[high - _entries[unit].Height]++] = unit;

        _sorted.AsSpan(0, group.Length).CopyTo(group);
    }

    // Depths, heights, what waits for what. Leaves have no part in it: nothing has to wait for them.
    private void Prepare(Graph graph, Signatures signatures)
    {
        Reserve(graph, signatures);
        Array.Fill(_listOf, -1, 0, signatures.Count);
        _listCount = 0;
        ReadOnlySpan<int> units = signatures.Units, kinds = signatures.UnitKinds, origins = signatures.Origins;
        _usesLevels = true;
        _levels.Begin(units.Length);
        int edges = 0;
        for (int unit = 0; unit < units.Length; unit++)
        {
            ref Entry entry = ref _entries[unit];
            entry = default;
            entry.Slot = ReadyListOf(kinds[unit]);
            edges = AddUnit(graph.InputsOf(units[unit]), unit, ref entry, origins, edges);
        }

        int start = 0;
        foreach (ref ReadyList slot in _lists.AsSpan(0, _listCount))
        {
            slot.MeanDepth = slot.Units == 1 ? RunsAtOnce : slot.MeanDepth / slot.Units;
            slot.First = slot.End = start;
            start += slot.Units;
        }

        FindUsers(units.Length, edges);
    }

    private int ReadyListOf(int kind)
    {
        ref int slot = ref _listOf[kind];
        if (slot < 0)
        {
            slot = _listCount++;
            _lists[slot] = new ReadyList { IsSorted = true, LastHeight = int.MaxValue };
            _usesLevels &= _listCount <= LaunchBound.MaxKinds;
        }

        return slot;
    }

    // Waits once for a unit of which it reads several results.
    private int AddUnit(ReadOnlySpan<int> inputs, int unit, ref Entry entry, ReadOnlySpan<int> origins, int edges)
    {
        int depth = 0, last = -1, first = edges;
        Vector256<ushort> levels = default;
        Entry[] entries = _entries;
        int[] sources = _sources;
        foreach (int input in inputs)
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
            entry.Level = _levels.Add(unit, entry.Slot, levels);

        (entry.Waiting, entry.Depth) = (edges - first, depth);
        ref ReadyList slot = ref _lists[entry.Slot];
        slot.MeanDepth += depth;
        slot.Units++;
        return edges;
    }

    // From the number of each unit's users to the list of them, and its height. Backwards: all users of a unit come after it, so that they know
    // their heights; and each list fills from its end to its start, which is then where it starts.
    private void FindUsers(int count, int edges)
    {
        for (int unit = 0, end = 0; unit < count; unit++)
            _entries[unit].FirstUser = end += _entries[unit].FirstUser;

        _entries[count].FirstUser = edges;
        Entry[] entries = _entries;
        int[] sources = _sources, users = _users;
        for (int unit = count - 1, edge = edges; unit >= 0; unit--)
        {
            int height = entries[unit].Height + 1;
            for (int first = edge - entries[unit].Waiting; edge > first;)
            {
                ref Entry source = ref entries[sources[--edge]];
                source.Height = Math.Max(source.Height, height);
                users[--source.FirstUser] = unit;
            }
        }
    }

    private void Reserve(Graph graph, Signatures signatures)
    {
        if (_entries.Length <= signatures.UnitCount)
        {
            int capacity = Math.Max(signatures.UnitCount, 2 * _order.Length);
            (_entries, _order, _groups) = (new Entry[capacity + 1], new int[capacity], new (int, int)[capacity]);
        }

        if (_users.Length < graph.EdgeCount)
        {
            int capacity = Math.Max(graph.EdgeCount, 2 * _users.Length);
            (_users, _sources) = (new int[capacity], new int[capacity]);
        }

        if (_lists.Length < signatures.Count)
        {
            int capacity = Math.Max(signatures.Count, 2 * _lists.Length);
            (_lists, _listOf) = (new ReadyList[capacity], new int[capacity]);
        }
    }
}
