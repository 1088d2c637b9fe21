using System.Runtime.Intrinsics;
using BlasNet.Graphs;

namespace BlasNet.Batching;

/// <content>What the schedule is decided by: depths, heights, levels.</content>
internal sealed partial class Scheduler
{
    private void Prepare(Graph graph, ValueNumbering numbering, Signatures signatures)
    {
        Reserve(numbering.Count, signatures.Count);
        _dependencies.Run(graph, numbering);
        _levels.Begin(numbering.Count);
        (GroupCount, _listCount, _usesLevels) = (0, 0, true);
        Array.Fill(_listOf, -1, 0, signatures.Count);
        ReadOnlySpan<int> ofValues = signatures.OfValues;
        for (int value = 0; value < ofValues.Length; value++)
            Add(value, ListOf(ofValues[value]));

        FindHeights(numbering.Count);
        DivideOrder();
    }

    private int ListOf(int signature)
    {
        ref int list = ref _listOf[signature];
        if (list < 0)
        {
            list = _listCount++;
            _lists[list] = new ReadyList { IsSorted = true, LastHeight = int.MaxValue };
            _usesLevels &= _listCount <= LaunchBound.MaxSignatures;
        }

        return list;
    }

    private void Add(int value, int list)
    {
        ReadOnlySpan<int> sources = _dependencies.SourcesOf(value);
        Vector256<ushort> levels = default;
        int depth = 0, own = 0;
        foreach (int source in sources)
        {
            ref readonly Entry before = ref _entries[source];
            depth = Math.Max(depth, before.Depth + 1);
            own += before.List == list ? 1 : 0;
            if (_usesLevels)
                levels = _levels.After(levels, source);
        }

        int level = _usesLevels ? _levels.Add(value, list, levels) : 0;
        _entries[value] = new Entry { List = list, Waiting = sources.Length, Depth = depth, Level = level };
        ref ReadyList ready = ref _lists[list];
        ready.Values++;
        ready.MeanDepth += depth;   // the sum, for now
        ready.JoinsItself |= own > 1;
    }

    // Backwards, so that every user of a value has its height before the value.
    private void FindHeights(int count)
    {
        Array.Clear(_heights, 0, count);
        for (int value = count - 1; value >= 0; value--)
        {
            int height = _heights[value] + 1;
            foreach (int source in _dependencies.SourcesOf(value))
                _heights[source] = Math.Max(_heights[source], height);
        }
    }

    // Each list has a part of the order to itself.
    private void DivideOrder()
    {
        int start = 0;
        foreach (ref ReadyList list in _lists.AsSpan(0, _listCount))
        {
            list.MeanDepth = list.Values == 1 ? RunsAtOnce : list.MeanDepth / list.Values;
            list.First = list.End = start;
            start += list.Values;
        }
    }

    private void Reserve(int values, int signatures)
    {
        if (_entries.Length < values)
        {
            int capacity = Math.Max(values, 2 * _entries.Length);
            (_entries, _heights, _order, _groups) = (new Entry[capacity], new int[capacity], new int[capacity], new (int, int)[capacity]);
        }

        if (_lists.Length < signatures)
        {
            int capacity = Math.Max(signatures, 2 * _lists.Length);
            (_lists, _listOf) = (new ReadyList[capacity], new int[capacity]);
        }
    }
}
