using BlasNet.Graphs;

namespace BlasNet.Batching;

/// <summary>Orders a graph's values into groups of one signature, each of which can run as one stack.</summary>
/// <remarks>
/// A signature can run now at no cost if every one of its values that does not wait for another one of the same signature is ready
/// (<see cref="LaunchBound"/>). Otherwise, or among several such signatures, the one whose values have the smallest mean depth runs. It runs with all its
/// ready values, in the order in which they became ready, which is the order in which what they read was computed.
/// A signature with a single value runs as soon as it is ready, because what waits for it can then become ready together.
/// Recurrences are the exception to the order, see <see cref="RunsLongestFirst"/>.
/// Time O(N + E + G·K) for N values, E edges, G groups and K ≤ 16 signatures, O(N + E + G log K) for more.
/// Sources: Neubig, Goldberg, Dyer, "On-the-fly Operation Batching in Dynamic Computation Graphs", NIPS 2017, arXiv:1705.07860 (mean depth);
/// Chen, Xie, Zhou, "ED-Batch", ICML 2023, arXiv:2302.03851 (the condition for running at no cost).
/// </remarks>
internal sealed partial class Scheduler
{
    // Instead of a mean depth.
    private const double RunsAtOnce = -1;

    private readonly Dependencies _dependencies = new();
    private readonly LaunchBound _levels = new();
    private readonly HeightSort _sort = new();
    private readonly PriorityQueue<int, (double Depth, int List)> _ready = new();
    private Entry[] _entries = [];
    private int[] _listOf = [];              // by signature: lists are numbered as their signatures are met; −1 before
    private ReadyList[] _lists = [];
    private int[] _order = [];
    private (int Start, int End)[] _groups = [];
    private int _listCount;
    private bool _usesLevels;

    // What is known of a value.
    private struct Entry
    {
        public int List;
        public int Waiting;   // for so many values
        public int Level;     // the most values of its signature on a path that leads to it
    }

    // The ready values of a signature: a part of the order, which they fill as they become ready.
    private struct ReadyList
    {
        public int Values;          // how many the signature has in all
        public int First, End;      // of those that wait to run
        public int LastHeight;      // of the last of them
        public bool IsSorted;       // by descending height
        public bool JoinsItself;    // one of its values reads two others
        public double MeanDepth;
    }

    /// <summary>Number of groups.</summary>
    public int GroupCount { get; private set; }

    /// <summary>The values of a group, in stack order.</summary>
    public ReadOnlySpan<int> Group(int group) => _order.AsSpan(_groups[group].Start.._groups[group].End);

    /// <summary>Finds the groups of a graph and their order.</summary>
    public void Run(Graph graph, ValueNumbering numbering, Signatures signatures)
    {
        Prepare(graph, numbering, signatures);
        ReadOnlySpan<int> heights = _dependencies.Heights;
        Span<Entry> entries = _entries.AsSpan(0, numbering.Count);
        for (int value = 0; value < entries.Length; value++)
        {
            if (entries[value].Waiting == 0)
                MakeReady(value, entries[value], heights[value]);
        }

        while (TryChoose(out int list))
        {
            foreach (int value in Take(list))
            {
                foreach (int user in _dependencies.UsersOf(value))
                {
                    ref Entry entry = ref entries[user];
                    if (--entry.Waiting == 0)
                        MakeReady(user, entry, heights[user]);
                }
            }
        }
    }

    private void MakeReady(int value, in Entry entry, int height)
    {
        ref ReadyList list = ref _lists[entry.List];
        if (_usesLevels)
            _levels.MakeReady(entry.List, entry.Level);
        else if (list.First == list.End)
            _ready.Enqueue(entry.List, (list.MeanDepth, entry.List));

        list.IsSorted &= height <= list.LastHeight;
        list.LastHeight = height;
        _order[list.End++] = value;
    }

    private bool TryChoose(out int list)
    {
        if (!_usesLevels)
            return _ready.TryDequeue(out list, out _);

        (list, double best) = (-1, 0);
        for (int candidate = 0; candidate < _listCount; candidate++)
        {
            if (_lists[candidate].First == _lists[candidate].End)
                continue;

            double share = _levels.ShareReady(candidate);
            bool isBetter = list < 0 || (share >= 1 && best >= 1 ? _lists[candidate].MeanDepth < _lists[list].MeanDepth : share > best);
            if (isBetter)
                (list, best) = (candidate, share);
        }

        return list >= 0;
    }

    // All ready values of a signature are the next group.
    private Span<int> Take(int number)
    {
        ref ReadyList list = ref _lists[number];
        _groups[GroupCount++] = (list.First, list.End);
        Span<int> group = _order.AsSpan(list.First..list.End);
        if (!list.IsSorted && RunsLongestFirst(number))
            _sort.Run(group, _dependencies.Heights);

        (list.First, list.LastHeight, list.IsSorted) = (list.End, int.MaxValue, true);
        if (_usesLevels)
            _levels.Advance(number);

        return group;
    }

    /// <summary>Whether a signature is that of a chain's steps, whose groups are sorted by how many steps follow.</summary>
    /// <remarks>The chains that go on are then the first of each stack, so the next step reads its operand without a copy. The steps of a chain lie on
    /// several levels (this is assumed where levels are not counted), and no step reads two others. In a tree, a node reads two values of its own signature,
    /// which come from different groups: no order helps it, and sorting would take the leaves out of the order of their data.</remarks>
    private bool RunsLongestFirst(int list) => !_lists[list].JoinsItself && (!_usesLevels || _levels.LevelsOf(list) > 1);
}
