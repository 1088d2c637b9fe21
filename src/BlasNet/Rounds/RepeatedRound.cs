using System.Runtime.InteropServices;
using BlasNet.Graphs;

namespace BlasNet.Rounds;

/// <summary>Finds out that a round is the one before it once more, over other data: then its graph and its plan are there already.</summary>
/// <remarks>What the examples have added since the round before is compared, node by node, with what they had added for that one, and where the values lie
/// that it reads. As everything about plans, the whole is compared, never a hash. A few nanoseconds a node.</remarks>
/// <param name="window">Through which the round reads data.</param>
/// <param name="known">Where values of earlier rounds lie.</param>
internal sealed class RepeatedRound(DataWindow window, KnownValues known)
{
    private readonly List<(int Node, int Pool, int Column)> _data = [];   // leaves of the round, and where they are in the window
    private readonly List<int> _wanted = [];
    private readonly Dictionary<int, int> _before = [];                   // leaves from before the round's nodes: what is now in their place
    private readonly List<(int Pool, int First)> _pools = [];             // by pool of the window: what it is now, and where its first column is
    private int _first, _count = -1;                                      // nodes that the examples had added for the round; −1 if it cannot come again

    /// <summary>From a node of the round that was found last to the one that is now in its place.</summary>
    public int Distance { get; private set; }

    /// <summary>Forgets the round.</summary>
    public void Forget()
    {
        _count = -1;
        _data.Clear();
    }

    /// <summary>Adds a leaf of the round that comes.</summary>
    /// <param name="node">Of the examples' graph.</param>
    /// <param name="place">In the window.</param>
    public void AddData(int node, long place)
    {
        if (DataPools.IsBorrowed(place, out int pool))
            _data.Add((node, pool, (int)place));
    }

    /// <summary>Takes a round that has been made, to find it again; unless it asks for what the examples had added before.</summary>
    /// <param name="first">The first node that the examples have added for it.</param>
    /// <param name="end">The node after the last.</param>
    /// <param name="wanted">What was asked for.</param>
    public void Take(int first, int end, ReadOnlySpan<int> wanted)
    {
        foreach (int node in wanted)
        {
            if (node < first)
                return;
        }

        (_first, _count) = (first, end - first);
        _wanted.Clear();
        _wanted.AddRange(wanted);
        _pools.Clear();
        foreach ((_, int pool, _) in _data)
            CollectionsMarshal.SetCount(_pools, Math.Max(_pools.Count, pool + 1));
    }

    /// <summary>Whether the round comes again; if so, the window is moved to its data.</summary>
    /// <param name="examples">The examples' graph.</param>
    /// <param name="first">The first node that they have added for it.</param>
    /// <param name="wanted">What is asked for.</param>
    public bool TryFind(Graph examples, int first, ReadOnlySpan<int> wanted)
    {
        if (examples.Count - first != _count || wanted.Length != _wanted.Count)
            return false;

        int distance = first - _first;
        for (int i = 0; i < wanted.Length; i++)
        {
            if (wanted[i] != _wanted[i] + distance)
                return false;
        }

        _before.Clear();
        if (!examples.HasAgain(_first, first, _count, _before) || !TryFindData(examples, distance))
            return false;

        for (int pool = 0; pool < _pools.Count; pool++)
            window.Move(pool, examples.Data, ((long)_pools[pool].Pool << 32) | (uint)_pools[pool].First);

        Distance = distance;
        return true;
    }

    // The leaves of a pool must lie as they did, counted from its first one on.
    private bool TryFindData(Graph examples, int distance)
    {
        CollectionsMarshal.AsSpan(_pools).Fill((-1, 0));
        foreach ((int was, int number, int column) in _data)
        {
            int node = was >= _first ? was + distance : _before.GetValueOrDefault(was, was);
            if (!known.TryFindData(node, out long place) || !IsLike(examples.TypeOf(was), examples.TypeOf(node)))
                return false;

            ref (int Pool, int First) pool = ref CollectionsMarshal.AsSpan(_pools)[number];
            if (pool.Pool < 0)
                pool = ((int)(place >> 32), (int)place - column);
            else if (pool.Pool != (int)(place >> 32) || pool.First != (int)place - column)
                return false;
        }

        return true;
    }

    private static bool IsLike(in NodeType was, in NodeType now) =>
        was.Shape == now.Shape && was.IsShared == now.IsShared && (was.InputCount > 0 ? now.InputCount > 0 : was.Operator == now.Operator);
}
