using BlasNet.Graphs;

namespace BlasNet.Planning;

/// <summary>Assigns every value that is needed a place, and lists the nodes to compute.</summary>
/// <remarks>
/// Nodes that nothing asks for are left out. A reshape or a gather of one run is a view; other gathers, and slices, are left to their readers, if
/// these can find the vectors themselves. A sum's terms are written into the sum's own buffer where the operators can accumulate. Element-wise
/// operators overwrite an input that is not needed afterwards. A buffer is reused after the last reader of its value. Time O(N + E).
/// </remarks>
internal sealed partial class BufferPlanner
{
    private Plan _plan = null!;
    private readonly OffsetAllocator _arena = new();
    private Graph _graph = null!;
    private int[] _lastUse = [];       // by root: the last node that reads it
    private int[] _users = [];         // needed edges to a node
    private int[] _block = [];         // by root: its range of the arena, −1 before it has one and after it has been given back
    private int[] _firstDying = [], _nextDying = [];   // by node, the roots that it is the last to read
    private bool[] _needed = [];
    private bool[] _inOrder = [];      // somebody reads this node's value as a whole, one vector after another
    private bool[] _picked = [];       // nobody does, and its vectors can be found where they lie
    private bool[] _holds = [];        // other nodes' values lie in this node's buffer: views, and terms of sums

    /// <summary>Whether values may share memory over time and views replace copies; off only for comparison.</summary>
    public bool Reuse { get; set; } = true;

    /// <param name="plan">Receives the plan.</param>
    /// <param name="graph">N nodes, E edges.</param>
    /// <param name="outputs">Nodes whose values are wanted after the run.</param>
    /// <param name="gradients">Nodes to be written into the gradient buffer; each a total.</param>
    /// <param name="parameters">The parameter that each of these is the gradient of.</param>
    public void Run(Plan plan, Graph graph, ReadOnlySpan<int> outputs, ReadOnlySpan<int> gradients, ReadOnlySpan<Parameter> parameters)
    {
        (_plan, _graph) = (plan, graph);
        plan.Graph = graph;
        Reserve(graph.Count, graph.Capacity);
        MarkNeeded(outputs, gradients);
        Locate(gradients, parameters);
        FindSparse(gradients, parameters);
        FindLastUses(outputs);
        Allocate();
    }

    private void Reserve(int count, int capacity)
    {
        if (_firstDying.Length <= count)
        {
            (_lastUse, _users, _block) = (new int[capacity], new int[capacity], new int[capacity]);
            (_firstDying, _nextDying, _needed) = (new int[capacity + 1], new int[capacity], new bool[capacity]);
            (_holds, _inOrder, _picked) = (new bool[capacity], new bool[capacity], new bool[capacity]);
        }

        _plan.Begin(count, capacity);
        Array.Clear(_needed, 0, count);
        Array.Clear(_holds, 0, count);
        Array.Clear(_inOrder, 0, count);
        Array.Clear(_users, 0, count);
    }

    private void MarkNeeded(ReadOnlySpan<int> outputs, ReadOnlySpan<int> gradients)
    {
        // An output is used once more than its readers tell, so that no other node takes its buffer.
        foreach (int node in outputs)
            (_needed[node], _inOrder[node], _users[node]) = (true, true, _users[node] + 1);

        foreach (int node in gradients)
            (_needed[node], _inOrder[node], _users[node]) = (true, true, _users[node] + 1);

        for (int node = _graph.Count - 1; node >= 0; node--)
        {
            if (!_needed[node])
                continue;

            _picked[node] = Reuse && !_inOrder[node] && RowIndices.CanHave(_graph, node) && ReadsArena(node);
            Operator op = _graph.OperatorOf(node);
            ReadOnlySpan<int> inputs = _graph.InputsOf(node);
            for (int i = 0; i < inputs.Length; i++)
            {
                int input = inputs[i];
                (_needed[input], _users[input]) = (true, _users[input] + 1);
                _inOrder[input] |= !_picked[node] && !(op.ReadsIndirect(i) && (op.HasMoves || _graph.CountOf(input) == _graph.CountOf(node)));
            }
        }
    }

    private void FindLastUses(ReadOnlySpan<int> outputs)
    {
        for (int node = 0; node < _graph.Count; node++)
        {
            _lastUse[node] = node;
            _firstDying[node] = -1;
            if (!_needed[node])
                continue;

            _lastUse[_plan.Roots[node]] = Math.Max(_lastUse[_plan.Roots[node]], node);
            foreach (int input in _graph.InputsOf(node))
                _lastUse[_plan.Roots[input]] = node;
        }

        // Who reads a value that nobody computes reads what it would be computed of.
        ReadOnlySpan<int> picked = _plan.RowIndices.Nodes;
        for (int i = picked.Length - 1; i >= 0; i--)
        {
            foreach (int input in _graph.InputsOf(picked[i]))
            {
                ref int last = ref _lastUse[_plan.Roots[input]];
                last = Math.Max(last, _lastUse[picked[i]]);
            }
        }

        foreach (int output in outputs)
            _lastUse[_plan.Roots[output]] = _graph.Count;

        _firstDying[_graph.Count] = -1;
        for (int node = 0; node < _graph.Count; node++)
        {
            if (!_needed[node] || _plan.Roots[node] != node || _plan.Regions[node] != Region.Arena)
                continue;

            _nextDying[node] = _firstDying[_lastUse[node]];
            _firstDying[_lastUse[node]] = node;
        }
    }

    private void Allocate()
    {
        _arena.Clear();
        int steps = 0;
        long copied = 0;
        Array.Fill(_block, -1, 0, _graph.Count);
        for (int node = 0; node < _graph.Count; node++)
        {
            if (_needed[node])
            {
                int results = _graph.OperatorOf(node).ResultCount;
                for (int result = node + 1; results > 1 && result <= node + results; result++)
                    AllocateResult(result);

                int root = _plan.Roots[node];
                if (_plan.Regions[root] == Region.Arena && _block[root] < 0 && (root == node || _plan.Absorbed[node] || _plan.Collected[node]))
                {
                    _block[root] = Reuse && root == node && InPlaceBlock(node) is >= 0 and var block ? block : _arena.Allocate(_graph.LengthOf(root));
                    _plan.Offsets[root] = _arena.OffsetOf(_block[root]);
                }

                if (IsStep(node))
                {
                    _plan.Steps[steps++] = node;
                    if (_graph.OperatorOf(node).Storage == Storage.Moves)
                        copied += (long)_graph.LengthOf(node) * _graph.Precision.ElementBytes();
                }
            }

            if (!Reuse)
                continue;

            for (int dying = _firstDying[node]; dying >= 0; dying = _nextDying[dying])
            {
                if (_block[dying] >= 0)
                    _arena.Free(_block[dying]);

                _block[dying] = -1;
            }
        }

        (_plan.StepCount, _plan.CopiedBytes, _plan.ArenaLength) = (steps, copied, _arena.Peak);
        _plan.RowIndices.Fill(_plan);
    }

    private void AllocateResult(int result)
    {
        int root = _plan.Roots[result];
        if (_needed[result] && _block[root] < 0)
        {
            _block[root] = _arena.Allocate(_graph.LengthOf(root));
            _plan.Offsets[root] = _arena.OffsetOf(_block[root]);
        }
    }

    private bool IsStep(int node)
    {
        if (_graph.OperatorOf(node).Storage is Storage.External or Storage.Result || _plan.RowIndices.Contains(node))
            return false;

        if (_plan.Roots[node] != node)
            return _plan.Absorbed[node] || _plan.Collected[node];

        if (_plan.Collected[node])
            return false;

        if (!_plan.Accumulates[node])
            return true;

        // A sum whose terms have all been written into it has nothing left to do.
        foreach (int input in _graph.InputsOf(node))
        {
            if (!_plan.Absorbed[input] || _plan.Roots[input] != node)
                return true;
        }

        return false;
    }

    // The buffer of an input that dies here, has this node's length, and is read element by element.
    private int InPlaceBlock(int node)
    {
        if (_graph.OperatorOf(node).Storage != Storage.InPlace)
            return -1;

        foreach (int input in _graph.InputsOf(node))
        {
            int root = _plan.Roots[input];
            if (_plan.Regions[root] == Region.Arena && _lastUse[root] == node && _block[root] >= 0
                && _graph.LengthOf(root) == _graph.LengthOf(node) && ReadsOnlyWhole(node, root))
            {
                int block = _block[root];
                _block[root] = -1;
                return block;
            }
        }

        return -1;
    }

    // Element i of the output may take the place of element i of the input, but of no other.
    private bool ReadsOnlyWhole(int node, int root)
    {
        foreach (int input in _graph.InputsOf(node))
        {
            if (_plan.Roots[input] == root && _graph.LengthOf(input) != _graph.LengthOf(node))
                return false;
        }

        return true;
    }
}
