namespace BlasNet.Graphs;

/// <summary>Copies nodes of a source graph into a target and knows where each has gone.</summary>
/// <remarks>Inputs are copied before their users. Leaves are shared, moves are copied, names and results go with their node.</remarks>
internal sealed class Rewriter(Graph target)
{
    private Graph _source = null!;
    private int[] _map = [];
    private int[] _inputs = new int[16];

    /// <summary>Receives the copies.</summary>
    public Graph Target { get; private set; } = target;

    /// <summary>Whether the target is to have the source's moves and lists, and copies keep their place there; else they are copied.</summary>
    public bool TakesLists { get; set; }

    /// <summary>Where a node of the source has gone; −1 where it has no value of its own any more. Results go with the node that has them.</summary>
    public int this[int node]
    {
        get => _map[node];
        set
        {
            _map[node] = value;
            int results = _source.TypeOf(node).ResultNodes;
            for (int i = 0; i < results; i++)
                _map[node + 1 + i] = value < 0 ? -1 : Target.ResultsOf(value)[i];
        }
    }

    /// <summary>Starts a copy of a graph: the target is emptied and takes the source's numbers as its own.</summary>
    public void Begin(Graph source)
    {
        Target.ClearFor(source);
        Continue(source);
    }

    /// <summary>Starts to copy from another graph; the target keeps the nodes that it has.</summary>
    public void Continue(Graph source)
    {
        _source = source;
        if (_map.Length < source.Count)
            _map = new int[source.Capacity];
    }

    /// <summary>Marks all nodes as not copied: −1.</summary>
    public void ForgetPlaces() => Array.Fill(_map, -1, 0, _source.Count);

    /// <summary>Whether a node is one of several results, which are placed with the node that has them.</summary>
    public bool IsResult(int node) => _source.TypeOf(node).Result > 0;

    /// <summary>Where a node's inputs have gone, and room for more of them; valid until asked again.</summary>
    public Span<int> InputsOf(int node, int more = 0)
    {
        ReadOnlySpan<int> inputs = _source.InputsOf(node);
        if (_inputs.Length < inputs.Length + more)
            _inputs = new int[2 * (inputs.Length + more)];

        for (int i = 0; i < inputs.Length; i++)
            _inputs[i] = _map[inputs[i]];

        return _inputs.AsSpan(0, inputs.Length + more);
    }

    /// <summary>Copies a node as it is, with its results.</summary>
    public void Copy(int node)
    {
        ref readonly NodeType type = ref _source.TypeOf(node);
        if (type.Result == 0)
            this[node] = type.InputCount == 0 ? Target.CopyLeaf(_source, node) : Append(node, type.Operator, InputsOf(node), type.Count, type.IsShared);
    }

    /// <summary>Appends to the target a node like one of the source: of its attribute, shape, count and name.</summary>
    public int Append(int node, Operator op, ReadOnlySpan<int> inputs) => Append(node, op, inputs, _source.CountOf(node), _source.IsShared(node));

    /// <summary>Appends to the target a node like one of the source, but for a stack of another count.</summary>
    public int Append(int node, Operator op, ReadOnlySpan<int> inputs, int count, bool shared)
    {
        long attribute = TakesLists ? _source.AttributeOf(node) : Target.AttributeFrom(_source, node);
        return Append(Target, _source, node, op, attribute, inputs, count, shared);
    }

    /// <summary>Appends to a graph a node like one of another graph: of its shape and name, with as many results.</summary>
    public static int Append(Graph target, Graph source, int node, Operator op, long attribute, ReadOnlySpan<int> inputs, int count, bool shared)
    {
        int copy = target.AppendWithResults(op, attribute, inputs, source.ShapeOf(node), count, shared);
        target.TakeName(copy, source, node);
        return copy;
    }

    /// <summary>The moves of a copy. During the rewrite they may still be the source's.</summary>
    public ReadOnlySpan<Move> MovesOf(int copy) => (TakesLists ? _source : Target).Moves(Target.AttributeOf(copy));

    /// <summary>The list of a copy. During the rewrite it may still be the source's.</summary>
    public ReadOnlySpan<int> ListOf(int copy) => (TakesLists ? _source : Target).List(Target.AttributeOf(copy));

    /// <summary>Gives the target away, if it is the graph meant, and works on another one from then on.</summary>
    public bool TryExchange(Graph graph, Graph other)
    {
        if (!ReferenceEquals(Target, graph))
            return false;

        other.ReserveLike(Target);
        Target = other;
        return true;
    }
}
