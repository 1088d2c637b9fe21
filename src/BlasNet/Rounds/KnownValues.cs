using System.Runtime.InteropServices;
using BlasNet.Graphs;

namespace BlasNet.Rounds;

/// <summary>Where the values lie that rounds have computed: for each node of the examples' graph an attribute of data of it.</summary>
/// <remarks>The values of a repeated round lie in its memory as those of the round that it repeats lie in theirs. Most are never read again, so their places
/// are found when they are asked for.</remarks>
internal sealed class KnownValues(Graph examples)
{
    private readonly NodeNumbers _places = new();
    private readonly List<Repeat> _repeats = [];   // in the order of their nodes
    private readonly Dictionary<(int Repeat, int Pool), long> _pools = [];

    private readonly record struct Repeat(int First, int End, int Distance, nint Further);

    public void Clear()
    {
        _places.Clear();
        _repeats.Clear();
        _pools.Clear();
    }

    public void Set(int node, long place) => _places.Set(examples, node, place);

    /// <summary>Adds a round that repeats an earlier one; rounds come in the order of their nodes.</summary>
    /// <param name="first">Its first node.</param>
    /// <param name="end">The node after its last.</param>
    /// <param name="distance">How many nodes it is further than the round that it repeats,</param>
    /// <param name="further">and how many bytes its values.</param>
    public void AddRepeat(int first, int end, int distance, nint further) => _repeats.Add(new Repeat(first, end, distance, further));

    public bool TryGet(int node, out long place)
    {
        if (_places.TryGet(node, out place))
            return true;

        int number = FindRepeat(node);
        if (number < 0 || !_places.TryGet(node - _repeats[number].Distance, out long repeated))
            return false;

        place = PoolOf(number, repeated & ~(long)uint.MaxValue, examples.ShapeOf(node).Rows) + (uint)repeated;
        Set(node, place);
        return true;
    }

    /// <summary>Where a node's value is, if it is data of an example or known. Numbers that are written in the program stay apart, see
    /// <see cref="Graph.CopyLeaf"/>.</summary>
    public bool TryFindData(int node, out long place)
    {
        ref readonly NodeType type = ref examples.TypeOf(node);
        place = examples.AttributeOf(node);
        return type.InputCount > 0 ? TryGet(node, out place)
            : type.Operator.Merging == Merging.Data || (type.Operator == ConstantOperator.Instance && !type.Shape.IsScalar);
    }

    private int FindRepeat(int node)
    {
        (int low, int high) = (0, _repeats.Count);
        if (high == 0 || node >= _repeats[^1].End)
            return -1;

        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_repeats[middle].End <= node)
                low = middle + 1;
            else
                high = middle;
        }

        return node >= _repeats[low].First ? low : -1;
    }

    private long PoolOf(int number, long repeated, int rows)
    {
        ref long pool = ref CollectionsMarshal.GetValueRefOrAddDefault(_pools, (number, (int)(repeated >> 32)), out bool exists);
        if (!exists)
            pool = examples.Data.Borrow(examples.Data.AddressOf(repeated) + _repeats[number].Further, rows);

        return pool;
    }
}
