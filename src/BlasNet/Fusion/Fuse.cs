using System.Runtime.InteropServices;
using BlasNet.Graphs;

namespace BlasNet.Fusion;

/// <summary>Copies a graph, merging element-wise nodes that only one other element-wise node reads into that node.</summary>
/// <remarks>Runs on what is to be planned, after differentiation. A value that is computed and read within one chunk never travels to memory.
/// Single values are left alone: there is nothing to cut into chunks. A graph without chains stays itself. Time O(N + E).</remarks>
internal sealed class Fuse(Graph target) : IRewrite
{
    private const int LongestChain = 12;

    private readonly List<FusedOperator> _known = [];   // equal chains are one operator, so that steps seen before allocate nothing
    private readonly List<FusedStep> _steps = [];
    private readonly List<FusedOperand> _operands = [];
    private readonly List<FusedBuffer> _buffers = [];
    private readonly List<int> _inputs = [];
    private Graph? _unchanged;
    private int _root;
    private int[] _map = [], _users = [], _reader = [], _length = [];

    public Graph Target => _unchanged ?? target;

    public int Locate(int node) => _unchanged is null ? _map[node] : node;

    public void Run(Graph source, ReadOnlySpan<int> kept)
    {
        _unchanged = FindReaders(source, kept) ? null : source;
        if (_unchanged is not null)
            return;

        target.ClearFor(source);
        for (int node = 0; node < source.Count; node++)
        {
            if (_reader[node] >= 0)
            {
                _map[node] = -1;
                continue;
            }

            if (source.OperatorOf(node).Storage == Storage.Result)
            {
                int owner = source.InputsOf(node)[0];
                _map[node] = _map[owner] + node - owner;
                continue;
            }

            _steps.Clear();
            _operands.Clear();
            _buffers.Clear();
            _inputs.Clear();
            if (_length[node] > 1)
            {
                _root = node;
                Collect(source, node);
                _map[node] = target.AppendStack(Interned(source.ShapeOf(node)), 0, CollectionsMarshal.AsSpan(_inputs), source.ShapeOf(node), source.CountOf(node), source.IsShared(node));
            }
            else
            {
                _map[node] = Copy(source, node);
            }

            if (source.GivenNameOf(node) is string name)
                target.SetName(_map[node], name);
        }
    }

    // Each node's only reader, if the two can be one; chains grow from their first node on. False where there are none.
    private bool FindReaders(Graph source, ReadOnlySpan<int> kept)
    {
        int count = source.Count;
        if (_map.Length < count)
            (_map, _users, _reader, _length) = (new int[source.Capacity], new int[source.Capacity], new int[source.Capacity], new int[source.Capacity]);

        Array.Clear(_users, 0, count);
        Array.Fill(_reader, -1, 0, count);
        foreach (int node in kept)
        {
            if (node >= 0)
                _users[node] = 2;
        }

        for (int node = 0; node < count; node++)
        {
            foreach (int input in source.InputsOf(node))
                _users[input]++;
        }

        bool found = false;
        for (int node = 0; node < count; node++)
        {
            _length[node] = 1;
            if (!IsFusible(source, node))
                continue;

            foreach (int input in source.InputsOf(node))
            {
                if (_users[input] != 1 || source.CountOf(input) != source.CountOf(node) || !IsFusible(source, input)
                    || _length[node] + _length[input] > LongestChain)
                    continue;

                _reader[input] = node;
                _length[node] += _length[input];
                found = true;
            }
        }

        return found;
    }

    private static bool IsFusible(Graph source, int node) =>
        source.CountOf(node) > 1 && source.OperatorOf(node).IsFusible && source.InputsOf(node).Length <= FusedProgram.MaxOperands;

    // Appends the steps of a node and of all that is merged into it, operands first; returns the node's step.
    private int Collect(Graph source, int node)
    {
        ReadOnlySpan<int> inputs = source.InputsOf(node);
        Span<FusedOperand> operands = stackalloc FusedOperand[FusedProgram.MaxOperands];
        for (int i = 0; i < inputs.Length; i++)
        {
            operands[i] = _reader[inputs[i]] == node
                ? new FusedOperand(FusedSource.Buffer, Collect(source, inputs[i]), 0, source.ShapeOf(inputs[i]))
                : new FusedOperand(FusedSource.Input, InputOf(_map[inputs[i]]), 0, source.ShapeOf(inputs[i]));
        }

        int step = _steps.Count;
        _steps.Add(new FusedStep(source.OperatorOf(node), source.AttributeOf(node), _operands.Count, inputs.Length, step, 0, source.ShapeOf(node)));
        _buffers.Add(new FusedBuffer(source.ShapeOf(node), step == _length[_root] - 1 ? 0 : -1, false));
        _operands.AddRange(operands[..inputs.Length]);
        return step;
    }

    private int InputOf(int node)
    {
        int index = _inputs.IndexOf(node);
        if (index < 0)
        {
            index = _inputs.Count;
            _inputs.Add(node);
        }

        return index;
    }

    private FusedOperator Interned(Shape shape)
    {
        Span<FusedStep> steps = CollectionsMarshal.AsSpan(_steps);
        Span<FusedOperand> operands = CollectionsMarshal.AsSpan(_operands);
        Span<FusedBuffer> buffers = CollectionsMarshal.AsSpan(_buffers);
        foreach (FusedOperator known in _known)
        {
            if (known.Program.Is(steps, operands, buffers, []))
                return known;
        }

        var made = new FusedOperator(new FusedProgram(steps, operands, buffers, []), [shape], rule: null);
        _known.Add(made);
        return made;
    }

    private int Copy(Graph source, int node)
    {
        foreach (int input in source.InputsOf(node))
            _inputs.Add(_map[input]);

        Operator op = source.OperatorOf(node);
        long attribute = target.AttributeFrom(source, node);
        return target.AppendWithResults(op, attribute, CollectionsMarshal.AsSpan(_inputs), source.ShapeOf(node), source.CountOf(node), source.IsShared(node));
    }
}
