using System.Runtime.InteropServices;
using BlasNet.Graphs;

namespace BlasNet.Rounds;

/// <summary>The part of the examples' graph that a round computes: what the values asked for need and earlier rounds have not computed.</summary>
/// <remarks>Values of earlier rounds are data. Time O(n log n) for n nodes of the round, however many the examples' graph has; O(n) where most of them were
/// added one after another.</remarks>
internal sealed class RoundGraph(Graph target, NodeNumbers known)
{
    private const int MostBetween = 16;   // nodes from one of the round to the next, on the average

    private readonly NodeCopies _copies = new();
    private readonly DataWindow _window = new(target.Precision);
    private readonly Stack<int> _toVisit = [];
    private readonly List<int> _leaves = [];                   // of the examples' graph: data, parameters and what is known
    private readonly List<int> _nodes = [];                    // of the examples' graph that are computed
    private readonly Dictionary<(long Place, Shape Shape), int> _leafAt = [];   // equal values are one leaf
    private readonly List<(int Node, int Copy)> _computed = [];
    private int[] _seen = [];   // by node: twice the last round that has visited it, and one more if that computes it
    private int _round;
    private Graph _examples = null!;

    /// <summary>The part as a graph of its own, over the same data.</summary>
    public Graph Target => target;

    /// <summary>The nodes that are computed: those of the examples' graph, and what they are here.</summary>
    public List<(int Node, int Copy)> Computed => _computed;

    /// <summary>Makes the part.</summary>
    /// <param name="examples">The examples' graph.</param>
    /// <param name="wanted">Nodes of it.</param>
    /// <param name="isAlone">Whether the part is computed at once and no tape needs to know which data it reads: then its places are counted from the part's
    /// first ones on.</param>
    public void Run(Graph examples, ReadOnlySpan<int> wanted, bool isAlone)
    {
        Begin(examples);
        foreach (int node in wanted)
            Visit(node);

        while (_toVisit.TryPop(out int node))
        {
            foreach (int input in examples.InputsOf(node))
                Visit(input);
        }

        AppendLeaves(isAlone);
        SortNodes();
        foreach (int node in _nodes)
        {
            ResultRange results = examples.ResultsOf(node), copies = target.ResultsOf(_copies.Copy(node));
            for (int i = 0; i < results.Count; i++)
                _computed.Add((results[i], copies[i]));
        }
    }

    /// <summary>What a node of the examples' graph is here; it must have been wanted.</summary>
    public Expr At(int node) => target.At(_copies[node]);

    private void Begin(Graph examples)
    {
        _examples = examples;
        _copies.Begin(examples, target);
        _leafAt.Clear();
        _leaves.Clear();
        _nodes.Clear();
        _computed.Clear();
        _round++;
        if (_seen.Length < examples.Count)
            Array.Resize(ref _seen, examples.Capacity);
    }

    private void Visit(int node)
    {
        if (_seen[node] >> 1 == _round)
            return;

        _seen[node] = 2 * _round;
        ref readonly NodeType type = ref _examples.TypeOf(node);
        if (type.InputCount == 0 || known.TryGet(node, out _))
        {
            _leaves.Add(node);
        }
        else
        {
            _toVisit.Push(node);
            if (type.Result > 0)
                return;

            _nodes.Add(node);
            _seen[node]++;
        }
    }

    // Going through all nodes from the first to the last is sooner than sorting, unless most of them are not of this round.
    private void SortNodes()
    {
        (int first, int last) = (int.MaxValue, 0);
        foreach (int node in _nodes)
            (first, last) = (Math.Min(first, node), Math.Max(last, node));

        if (last - first > MostBetween * _nodes.Count)
        {
            _nodes.Sort();
            return;
        }

        _nodes.Clear();
        for (int node = first; node <= last; node++)
        {
            if (_seen[node] == (2 * _round) + 1)
                _nodes.Add(node);
        }
    }

    private void AppendLeaves(bool isAlone)
    {
        if (isAlone)
        {
            _window.Clear();
            foreach (int node in _leaves)
            {
                if (TryFindData(node, out long place))
                    _window.Include(place);
            }

            target.TakeData(_window.Data);
        }

        foreach (int node in _leaves)
            _copies[node] = LeafOf(node, isAlone);
    }

    private int LeafOf(int node, bool isAlone)
    {
        if (!TryFindData(node, out long place))
            return _copies.Copy(node);

        long there = isAlone ? _window.PlaceOf(_examples.Data, place) : place;
        ref readonly NodeType type = ref _examples.TypeOf(node);
        if (type.InputCount == 0)
            return target.AppendDataLike(_examples, node, there);

        ref int leaf = ref CollectionsMarshal.GetValueRefOrAddDefault(_leafAt, (place, type.Shape), out bool exists);
        if (!exists)
            leaf = KnownAt(there, type);

        return leaf;
    }

    // Where the node's value is, if it is data of an example or has been computed. Numbers that are written in the program stay apart, see Graph.CopyLeaf.
    private bool TryFindData(int node, out long place)
    {
        ref readonly NodeType type = ref _examples.TypeOf(node);
        place = _examples.AttributeOf(node);
        return type.InputCount > 0 ? known.TryGet(node, out place)
            : type.Operator.Merging == Merging.Data || (type.Operator == ConstantOperator.Instance && !type.Shape.IsScalar);
    }

    // What is the same for every example stays so.
    private int KnownAt(long place, in NodeType type) => type.IsShared
        ? target.AppendStack(ConstantOperator.Instance, place, [], type.Shape, 1, shared: true)
        : target.AppendData(InputOperator.Instance, place, type.Shape);
}
