using System.Runtime.Intrinsics;

namespace BlasNet.Batching;

/// <summary>For graphs of few kinds: how many nodes of each kind lie on the longest path to a node, itself included.</summary>
/// <remarks>
/// The nodes of one kind and level need at least one launch after those of the level before. If all of them are ready, launching them now
/// costs nothing; if not, those that come later will need a launch of their own. One vector of sixteen 16-bit numbers for each node.
/// Source: Chen, Xie, Zhou, "ED-Batch", ICML 2023, arXiv:2302.03851, section 3.
/// </remarks>
internal sealed class LaunchBound
{
    /// <summary>More kinds than that are too many.</summary>
    public const int MaxKinds = 16;

    private static readonly Vector256<ushort>[] Unit = [.. Enumerable.Range(0, MaxKinds).Select(kind => Vector256<ushort>.Zero.WithElement(kind, (ushort)1))];

    private Vector256<ushort>[] _levels = [];                       // by node; saturating
    private readonly int[][] _waiting = [.. Enumerable.Range(0, MaxKinds).Select(_ => new int[16])];   // by kind and level, the nodes not yet ready
    private readonly int[] _depth = new int[MaxKinds];              // by kind, the number of its levels
    private readonly int[] _current = new int[MaxKinds];            // by kind, the lowest level with nodes that have not run
    private readonly int[] _readyHere = new int[MaxKinds];          // by kind, the ready nodes of that level

    /// <summary>Starts over.</summary>
    /// <param name="nodes">Number of nodes to come.</param>
    public void Begin(int nodes)
    {
        if (_levels.Length < nodes)
            _levels = new Vector256<ushort>[Math.Max(nodes, 2 * _levels.Length)];

        for (int kind = 0; kind < MaxKinds; kind++)
        {
            Array.Clear(_waiting[kind], 0, _depth[kind]);
            (_current[kind], _readyHere[kind], _depth[kind]) = (0, 0, 0);
        }
    }

    /// <summary>The levels of what comes after two nodes: of one of them and of what came before it.</summary>
    public Vector256<ushort> After(Vector256<ushort> levels, int node) => Vector256.Max(levels, _levels[node]);

    /// <summary>Counts a node, given the levels of what it comes after.</summary>
    /// <returns>Its level among its kind, from 0.</returns>
    public int Add(int node, int kind, Vector256<ushort> before)
    {
        _levels[node] = Vector256.AddSaturate(before, Unit[kind]);
        int level = Math.Min((int)before.GetElement(kind), ushort.MaxValue - 1);
        if (level >= _depth[kind])
            AddLevel(kind, level);

        _waiting[kind][level]++;
        return level;
    }

    private void AddLevel(int kind, int level)
    {
        _depth[kind] = level + 1;
        if (level >= _waiting[kind].Length)
            Array.Resize(ref _waiting[kind], 2 * level);
    }

    public void MakeReady(int kind, int level)
    {
        _waiting[kind][level]--;
        if (level == _current[kind])
            _readyHere[kind]++;
    }

    /// <summary>Of the nodes of a kind that wait for no other of their kind, the share that waits for nothing else either.</summary>
    public double ShareReady(int kind)
    {
        int waiting = _current[kind] < _depth[kind] ? _waiting[kind][_current[kind]] : 0;
        return waiting == 0 ? 1 : (double)_readyHere[kind] / (_readyHere[kind] + waiting);
    }

    /// <summary>Notes that all nodes of a kind that were ready have run.</summary>
    public void Advance(int kind)
    {
        int[] waiting = _waiting[kind];
        _readyHere[kind] = 0;
        while (_current[kind] < _depth[kind] && waiting[_current[kind]] == 0)
            _current[kind]++;
    }
}
