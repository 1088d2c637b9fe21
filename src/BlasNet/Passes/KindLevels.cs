using System.Runtime.Intrinsics;
using BlasNet.Graphs;

namespace BlasNet.Passes;

/// <summary>For graphs of few kinds: how many nodes of each kind lie on the longest path to a node, itself included.</summary>
/// <remarks>
/// The nodes of one kind and level need at least one launch after those of the level before. If all of them are ready, launching them now
/// costs nothing; if not, those that come later will need a launch of their own. One vector of sixteen 16-bit numbers for each node.
/// Source: Chen, Xie, Zhou, "ED-Batch", ICML 2023, arXiv:2302.03851, section 3.
/// </remarks>
internal sealed class KindLevels
{
    private const int MaxKinds = 16;

    private ushort[] _levels = [];                     // by node, MaxKinds each; saturating
    private readonly List<int>[] _left = new List<int>[MaxKinds];   // by kind and level, the nodes not yet done
    private readonly int[] _current = new int[MaxKinds];            // by kind, the lowest level with nodes left
    private readonly int[] _readyHere = new int[MaxKinds];          // by kind, the ready nodes of that level

    /// <summary>Starts over; false where there are too many kinds.</summary>
    public bool Begin(Graph graph, int kinds)
    {
        if (kinds > MaxKinds)
            return false;

        long length = (long)MaxKinds * graph.Count;
        if (_levels.Length < length)
            _levels = new ushort[(long)MaxKinds * graph.Capacity];

        Array.Clear(_levels, 0, (int)length);
        for (int kind = 0; kind < MaxKinds; kind++)
        {
            (_left[kind] ??= []).Clear();
            (_current[kind], _readyHere[kind]) = (0, 0);
        }

        return true;
    }

    /// <summary>Notes that a node comes after another.</summary>
    public void Follow(int node, int input) =>
        Vector256.Max(Of(node), Of(input)).CopyTo(_levels, MaxKinds * node);

    /// <summary>Counts a node, all of whose inputs have been noted.</summary>
    public void Add(int node, int kind)
    {
        ref ushort level = ref _levels[MaxKinds * node + kind];
        if (level < ushort.MaxValue)
            level++;

        List<int> left = _left[kind];
        while (left.Count < level)
            left.Add(0);

        left[level - 1]++;
    }

    public void MakeReady(int node, int kind)
    {
        if (_levels[MaxKinds * node + kind] - 1 == _current[kind])
            _readyHere[kind]++;
    }

    /// <summary>Of the nodes of a kind that wait for no other of their kind, the share that waits for nothing else either.</summary>
    public double ShareReady(int kind) => _current[kind] < _left[kind].Count ? (double)_readyHere[kind] / _left[kind][_current[kind]] : 1;

    /// <summary>Notes that nodes of a kind, all that were ready, are done.</summary>
    public void Done(int kind, ReadOnlySpan<int> nodes)
    {
        List<int> left = _left[kind];
        foreach (int node in nodes)
            left[_levels[MaxKinds * node + kind] - 1]--;

        _readyHere[kind] = 0;
        while (_current[kind] < left.Count && left[_current[kind]] == 0)
            _current[kind]++;
    }

    private Vector256<ushort> Of(int node) => Vector256.Create(_levels.AsSpan(MaxKinds * node, MaxKinds));
}
