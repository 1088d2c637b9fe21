using BlasNet.Graphs;

namespace BlasNet.Fusion;

/// <summary>The connected regions of element-wise operators in a function's body.</summary>
internal sealed class Regions
{
    // A single node gains nothing. Slices are places, not work, and do not count.
    private const int LeastMembers = 2;

    private readonly Graph _graph;
    private readonly bool[] _inside, _needed;
    private readonly int[] _level, _region;
    private readonly Dictionary<int, List<int>> _members = [], _results = [];

    public Regions(Graph graph, int[] outputs)
    {
        _graph = graph;
        (_inside, _level, _region) = (new bool[graph.Count], new int[graph.Count], new int[graph.Count]);
        _needed = FindNeeded(outputs);
        for (int node = 0; node < graph.Count; node++)
            _inside[node] = _needed[node] && IsElementwise(node);

        Connect();
        if (TakeOutBiases())
            Connect();

        FindResults(outputs);

        // Within a level what is not element-wise comes first: it depends on lower levels alone.
        Order = [.. Enumerable.Range(0, graph.Count).Where(node => _needed[node]).OrderBy(node => (_level[node], _inside[node], node))];
    }

    /// <summary>All nodes that an output depends on, inputs before their users; a region's place is that of its first node.</summary>
    public IReadOnlyList<int> Order { get; }

    /// <summary>The first node of the region that a node is part of; −1 outside.</summary>
    public int RegionOf(int node) => _region[node];

    public IReadOnlyList<int> MembersOf(int region) => _members[region];

    /// <summary>The nodes of a region that something outside reads.</summary>
    public IReadOnlyList<int> ResultsOf(int region) => _results[region];

    /// <summary>A number that is the same for every example.</summary>
    public static bool IsNumber(Graph graph, int node) => graph.OperatorOf(node) == ConstantOperator.Instance && graph.ShapeOf(node).IsScalar;

    // Element-wise operators on vectors and scalar constants, and slices of vectors.
    private bool IsElementwise(int node)
    {
        Operator op = _graph.OperatorOf(node);
        Shape shape = _graph.ShapeOf(node);
        ReadOnlySpan<int> inputs = _graph.InputsOf(node);
        if (!shape.IsVector || inputs.IsEmpty || inputs.Length > FusedProgram.MaxOperands || _graph.IsShared(node))
            return false;

        if (op.Traits.RowShift == RowShift.Selects)
            return _graph.ShapeOf(inputs[0]).IsVector;

        if (!op.Traits.IsElementwise)
            return false;

        foreach (int input in inputs)
        {
            if (_graph.ShapeOf(input) != shape && !IsNumber(_graph, input))
                return false;
        }

        return true;
    }

    // A product starts from its bias at no cost, if the region is still one without it.
    private bool TakeOutBiases()
    {
        bool found = false;
        foreach (List<int> members in _members.Values)
        {
            int[] biases = [.. members.Where(node => Bias.TryFind(_graph, node, out _, out _))];
            if (biases.Length == 0 || WorkOf(members) - biases.Length < LeastMembers)
                continue;

            found = true;
            foreach (int bias in biases)
                _inside[bias] = false;
        }

        return found;
    }

    private void Connect()
    {
        FindLevels();
        for (int node = 0; node < _graph.Count; node++)
        {
            _region[node] = _inside[node] ? node : -1;
            foreach (int input in _graph.InputsOf(node))
            {
                if (_inside[node] && _inside[input] && _level[input] == _level[node])
                    Join(node, input);
            }
        }

        ListMembers();
        foreach ((int region, List<int> members) in _members.ToArray())
        {
            if (WorkOf(members) >= LeastMembers)
                continue;

            foreach (int node in members)
                (_region[node], _inside[node]) = (-1, false);

            _members.Remove(region);
        }
    }

    // How many nodes that are not in regions lie on the longest path to a node.
    private void FindLevels()
    {
        for (int node = 0; node < _graph.Count; node++)
        {
            _level[node] = 0;
            foreach (int input in _graph.InputsOf(node))
                _level[node] = Math.Max(_level[node], _level[input] + (_inside[node] ? 0 : 1));
        }
    }

    private void ListMembers()
    {
        _members.Clear();
        for (int node = 0; node < _graph.Count; node++)
        {
            if (!_inside[node])
                continue;

            int region = _region[node] = Root(node);
            if (!_members.TryGetValue(region, out List<int>? members))
                _members.Add(region, members = []);

            members.Add(node);
        }
    }

    private int WorkOf(List<int> members) => members.Count(node => _graph.OperatorOf(node).Traits.RowShift == RowShift.None);

    private void FindResults(int[] outputs)
    {
        var read = new bool[_graph.Count];
        foreach (int output in outputs)
            read[output] = true;

        for (int node = 0; node < _graph.Count; node++)
        {
            foreach (int input in _graph.InputsOf(node))
                read[input] |= _needed[node] && _region[input] != _region[node];
        }

        foreach ((int region, List<int> members) in _members)
            _results.Add(region, [.. members.Where(node => read[node])]);
    }

    private bool[] FindNeeded(int[] outputs)
    {
        var needed = new bool[_graph.Count];
        foreach (int output in outputs)
            needed[output] = true;

        for (int node = _graph.Count - 1; node >= 0; node--)
        {
            foreach (int input in _graph.InputsOf(node))
                needed[input] |= needed[node];
        }

        return needed;
    }

    private void Join(int node, int other)
    {
        (node, other) = (Root(node), Root(other));
        _region[Math.Max(node, other)] = Math.Min(node, other);
    }

    private int Root(int node)
    {
        while (_region[node] != node)
            node = _region[node];

        return node;
    }
}
