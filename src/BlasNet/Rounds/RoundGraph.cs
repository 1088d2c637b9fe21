using System.Runtime.InteropServices;
using BlasNet.Graphs;

namespace BlasNet.Rounds;

/// <summary>The part of the examples' graph that a round computes: what the values asked for need and earlier rounds have not computed.</summary>
/// <remarks>Values of earlier rounds are data. Time O(n log n) for n nodes of the round, however many the examples' graph has; O(n) where most of them were
/// added one after another.</remarks>
internal sealed class RoundGraph
{
    private const int MostBetween = 16;   // nodes from one of the round to the next, on the average

    private readonly KnownValues _known;
    private readonly NodeCopies _copies = new();
    private readonly DataWindow _window;
    private readonly RepeatedRound _repeated;
    private readonly Stack<int> _toVisit = [];
    private readonly List<int> _leaves = [];                   // of the examples' graph: data, parameters and what is known
    private readonly List<int> _nodes = [];                    // of the examples' graph that are computed
    private readonly Dictionary<(long Place, Shape Shape), int> _leafAt = [];   // equal values are one leaf
    private readonly List<(int Node, int Copy)> _computed = [];
    private int[] _seen = [];   // by node: twice the last round that has visited it, and one more if that computes it
    private int _round, _generation, _first, _end;   // nodes of the examples' graph that have come since the round before
    private Graph _examples = null!;

    /// <param name="target">Receives the part.</param>
    /// <param name="known">Where values of earlier rounds lie.</param>
    public RoundGraph(Graph target, KnownValues known)
    {
        (Target, _known, _window) = (target, known, new DataWindow(target.Precision));
        _repeated = new RepeatedRound(_window, known);
    }

    /// <summary>The part as a graph of its own, over the same data.</summary>
    public Graph Target { get; }

    /// <summary>The nodes that are computed: those of the examples' graph when the part was made, and what they are here.</summary>
    public List<(int Node, int Copy)> Computed => _computed;

    /// <summary>The first node that the examples have added since the round before.</summary>
    public int First => _first;

    /// <summary>The node after the last of them.</summary>
    public int End => _end;

    /// <summary>How much further a node of the examples' graph is than the one in its place when the part was made.</summary>
    public int Distance => _repeated.Distance;

    /// <summary>Whether the part of the round before is that of the round at hand, once more over other data; which is then put in place.</summary>
    /// <param name="examples">The examples' graph.</param>
    /// <param name="wanted">Nodes of it.</param>
    public bool TryRepeat(Graph examples, ReadOnlySpan<int> wanted)
    {
        Advance(examples);
        return _repeated.TryFind(examples, _first, wanted);
    }

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
            ResultRange results = examples.ResultsOf(node), copies = Target.ResultsOf(_copies.Copy(node));
            for (int i = 0; i < results.Count; i++)
                _computed.Add((results[i], copies[i]));
        }

        if (isAlone && _nodes.Count > 0 && _nodes[0] >= _first)
            _repeated.Take(_first, _end, wanted);
    }

    /// <summary>What a node of the examples' graph is here; it must have been wanted.</summary>
    public Expr At(int node) => Target.At(_copies[node]);

    private void Advance(Graph examples)
    {
        if (examples.Generation != _generation)
        {
            (_generation, _first, _end) = (examples.Generation, 0, 0);
            _repeated.Forget();
        }

        if (examples.Count != _end)
            (_first, _end) = (_end, examples.Count);
    }

    private void Begin(Graph examples)
    {
        Advance(examples);
        _repeated.Forget();
        _examples = examples;
        _copies.Begin(examples, Target);
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
        if (type.InputCount == 0 || _known.TryGet(node, out _))
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
                if (_known.TryFindData(node, out long place))
                    _window.Include(place);
            }

            Target.TakeData(_window.Data);
        }

        foreach (int node in _leaves)
            _copies[node] = LeafOf(node, isAlone);
    }

    private int LeafOf(int node, bool isAlone)
    {
        if (!_known.TryFindData(node, out long place))
            return _copies.Copy(node);

        long there = isAlone ? _window.PlaceOf(_examples.Data, place) : place;
        if (isAlone)
            _repeated.AddData(node, there);

        ref readonly NodeType type = ref _examples.TypeOf(node);
        if (type.InputCount == 0)
            return Target.AppendDataLike(_examples, node, there);

        ref int leaf = ref CollectionsMarshal.GetValueRefOrAddDefault(_leafAt, (place, type.Shape), out bool exists);
        if (!exists)
            leaf = KnownAt(there, type);

        return leaf;
    }

    // What is the same for every example stays so.
    private int KnownAt(long place, in NodeType type) => type.IsShared
        ? Target.AppendStack(ConstantOperator.Instance, place, [], type.Shape, 1, shared: true)
        : Target.AppendData(InputOperator.Instance, place, type.Shape);
}
