using System.Runtime.Intrinsics;
using BlasNet.Graphs;

namespace BlasNet.Batching;

/// <content>What the schedule is decided by: mean depths and levels.</content>
internal sealed partial class Scheduler
{
    private void Prepare(Graph graph, ValueNumbering numbering, Signatures signatures)
    {
        Reserve(numbering.Count, signatures.Count);
        _dependencies.Run(graph, numbering);
        _levels.Begin(numbering.Count);
        (GroupCount, _listCount, _usesLevels) = (0, 0, true);
        Array.Fill(_listOf, -1, 0, signatures.Count);
        ReadOnlySpan<int> ofValues = signatures.OfValues, depths = _dependencies.Depths;
        for (int value = 0; value < ofValues.Length; value++)
        {
            int list = ListOf(ofValues[value]);
            Add(value, list, _dependencies.SourcesOf(value));
            _lists[list].MeanDepth += depths[value];   // the sum, for now
        }

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

    private void Add(int value, int list, ReadOnlySpan<int> sources)
    {
        Entry[] entries = _entries;
        Vector256<ushort> levels = default;
        int own = 0, level = 0;
        foreach (int source in sources)
            own += entries[source].List == list ? 1 : 0;

        if (_usesLevels)
        {
            foreach (int source in sources)
                levels = _levels.After(levels, source);

            level = _levels.Add(value, list, levels);
        }

        entries[value] = new Entry { List = list, Waiting = sources.Length, Level = level };
        ref ReadyList ready = ref _lists[list];
        ready.Values++;
        ready.JoinsItself |= own > 1;
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
            (_entries, _order, _groups) = (new Entry[capacity], new int[capacity], new (int, int)[capacity]);
        }

        if (_lists.Length < signatures)
        {
            int capacity = Math.Max(signatures, 2 * _lists.Length);
            (_lists, _listOf) = (new ReadyList[capacity], new int[capacity]);
        }
    }
}
