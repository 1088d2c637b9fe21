using BlasNet.Graphs;

namespace BlasNet.Rounds;

/// <summary>The part of the examples' graph that a round computes: what the values asked for need and earlier rounds have not computed.</summary>
/// <remarks>Values of earlier rounds are data. Time O(n log n) for n nodes of the round, however many the examples' graph has.</remarks>
internal sealed class RoundGraph(Graph target, NodeNumbers known)
{
    private readonly NodeCopies _copies = new();
    private readonly Stack<int> _toVisit = [];
    private readonly List<int> _nodes = [];                    // of the examples' graph that are computed
    private readonly Dictionary<(long Place, Shape Shape), int> _leafAt = [];   // equal values are one leaf
    private readonly List<(int Node, int Copy)> _computed = [];
    private int[] _seen = [];
    private int _round;
    private Graph _examples = null!;

    /// <summary>The part as a graph of its own, over the same data.</summary>
    public Graph Target => target;

    /// <summary>The nodes that are computed: those of the examples' graph, and what they are here.</summary>
    public List<(int Node, int Copy)> Computed => _computed;

    /// <summary>Makes the part.</summary>
    /// <param name="examples">The examples' graph.</param>
    /// <param name="wanted">Nodes of it.</param>
    public void Run(Graph examples, ReadOnlySpan<int> wanted)
    {
        Begin(examples);
        foreach (int node in wanted)
            Visit(node);

        while (_toVisit.TryPop(out int node))
        {
            foreach (int input in examples.InputsOf(node))
                Visit(input);
        }

        _nodes.Sort();
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
        _nodes.Clear();
        _computed.Clear();
        _round++;
        if (_seen.Length < examples.Count)
            Array.Resize(ref _seen, examples.Capacity);
    }

    private void Visit(int node)
    {
        if (_seen[node] == _round)
            return;

        _seen[node] = _round;
        ref readonly NodeType type = ref _examples.TypeOf(node);
        if (known.TryGet(node, out long place))
        {
            _copies[node] = LeafAt(place, type);
        }
        else if (type.InputCount == 0)
        {
            _copies.Copy(node);
        }
        else
        {
            _toVisit.Push(node);
            if (type.Result == 0)
                _nodes.Add(node);
        }
    }

    // What is the same for every example stays so.
    private int LeafAt(long place, in NodeType type)
    {
        if (!_leafAt.TryGetValue((place, type.Shape), out int leaf))
        {
            leaf = type.IsShared
                ? target.AppendStack(ConstantOperator.Instance, place, [], type.Shape, 1, shared: true)
                : target.AppendData(InputOperator.Instance, place, type.Shape);
            _leafAt.Add((place, type.Shape), leaf);
        }

        return leaf;
    }
}
