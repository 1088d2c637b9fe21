using System.Runtime.CompilerServices;
using BlasNet.Graphs;

namespace BlasNet.Passes;

/// <summary>Sorts the nodes of a graph into kinds: nodes of one kind can be computed as one stack.</summary>
/// <remarks>
/// One kind: the same operator and attribute, the same shapes of the operands that differ from example to example, and the very same
/// operands where they are shared. What is shared altogether is a kind only with its duplicates, and is computed once. Of a column-wise
/// operator, values with different numbers of columns are one kind. Kinds are compared by all of this; the hash only finds candidates.
/// </remarks>
internal sealed class Signatures
{
    private int[] _slots = new int[256];   // open addressing; kind + 1
    private int[] _representative = new int[64];
    private int[] _kinds = [];
    private bool[] _columnWise = [];
    private int[] _soleUser = [];
    private Merging[] _merging = [];   // of each node's operator: asked for often
    private Graph _graph = null!;

    /// <summary>Number of kinds.</summary>
    public int Count { get; private set; }

    /// <summary>The kind of each node.</summary>
    public ReadOnlySpan<int> Kinds => _kinds.AsSpan(0, _graph.Count);

    public int RepresentativeOf(int kind) => _representative[kind];

    public void Run(Graph graph)
    {
        _graph = graph;
        Count = 0;
        int count = graph.Count;
        if (_kinds.Length < count)
        {
            int capacity = graph.Capacity;
            (_kinds, _columnWise, _soleUser, _merging) = (new int[capacity], new bool[capacity], new int[capacity], new Merging[capacity]);
        }

        int slots = _slots.Length;
        while (slots < 2 * count && slots < 1 << 12)
            slots *= 2;

        if (slots != _slots.Length)
            _slots = new int[slots];
        else
            Array.Clear(_slots);

        bool sums = false;
        for (int node = 0; node < count; node++)
        {
            _merging[node] = graph.OperatorOf(node).Merging;
            sums |= _merging[node] == Merging.Sum;
        }

        if (sums)
            FindSoleUsers();

        for (int node = 0; node < count; node++)
        {
            _columnWise[node] = IsColumnWiseMatrix(node);
            _kinds[node] = Intern(node);
        }
    }

    // A node whose results add up may merge only with those that go into the same sum, and nowhere else.
    private void FindSoleUsers()
    {
        Array.Fill(_soleUser, -1, 0, _graph.Count);
        for (int node = 0; node < _graph.Count; node++)
        {
            foreach (int input in _graph.InputsOf(node))
                _soleUser[input] = _soleUser[input] == -1 && _merging[node] == Merging.Reduction ? node : -2;
        }
    }

    private int Intern(int node)
    {
        Operator op = _graph.OperatorOf(node);
        uint mask = (uint)_slots.Length - 1;
        uint slot = HashOf(node, op) & mask;
        for (; _slots[slot] != 0; slot = (slot + 1) & mask)
        {
            int kind = _slots[slot] - 1;
            if (AreAlike(node, _representative[kind], op))
                return kind;
        }

        if (Count == _representative.Length)
            Array.Resize(ref _representative, 2 * Count);

        _representative[Count] = node;
        _slots[slot] = ++Count;
        if (4 * Count > 3 * _slots.Length)
            GrowSlots();

        return Count - 1;
    }

    private void GrowSlots()
    {
        _slots = new int[2 * _slots.Length];
        uint mask = (uint)_slots.Length - 1;
        for (int kind = 0; kind < Count; kind++)
        {
            uint slot = HashOf(_representative[kind], _graph.OperatorOf(_representative[kind])) & mask;
            while (_slots[slot] != 0)
                slot = (slot + 1) & mask;

            _slots[slot] = kind + 1;
        }
    }

    private uint HashOf(int node, Operator op)
    {
        Merging merging = _merging[node];
        const ulong Prime = 0x9E3779B97F4A7C15;
        ulong hash = (uint)op.Id;
        Shape shape = MergedShape(node);
        hash = (hash ^ ((ulong)(uint)shape.Rows << 32 | (uint)shape.Columns)) * Prime;
        if (merging is not Merging.Data)
            hash = (hash ^ (ulong)_graph.AttributeOf(node)) * Prime;

        if (merging is Merging.Sum or Merging.Never)
            hash = (hash ^ (ulong)(merging is Merging.Sum ? _soleUser[node] : node)) * Prime;

        if (merging is not Merging.Reduction)
        {
            foreach (int input in _graph.InputsOf(node))
                hash = (hash ^ (hash >> 29) ^ TokenOf(node, input)) * Prime;
        }

        return (uint)(hash >> 32);
    }

    private bool AreAlike(int node, int other, Operator op)
    {
        Merging merging = _merging[node];
        if (op != _graph.OperatorOf(other) || merging == Merging.Never || _graph.IsShared(node) != _graph.IsShared(other) || MergedShape(node) != MergedShape(other))
            return false;

        if (merging == Merging.Data)
            return true;

        if (_graph.AttributeOf(node) != _graph.AttributeOf(other))
            return false;

        ReadOnlySpan<int> left = _graph.InputsOf(node), right = _graph.InputsOf(other);
        switch (merging)
        {
            case Merging.Reduction when !_graph.IsShared(node):
                return true;
            case Merging.Sum when _soleUser[node] < 0 || _soleUser[node] != _soleUser[other]:
                return false;
        }

        if (left.Length != right.Length)
            return false;

        for (int i = 0; i < left.Length; i++)
        {
            // One value for a whole stack is not in stack order.
            if (merging == Merging.Stack && !_graph.IsShared(left[i]) && _graph.CountOf(left[i]) != _graph.CountOf(node))
                return false;

            if (TokenOf(node, left[i]) != TokenOf(other, right[i]))
                return false;
        }

        return true;
    }

    // What must agree of an operand: which one, if it is shared; its shape, if it is stacked. Shapes have at least one row, so the two never collide.
    private ulong TokenOf(int node, int input)
    {
        if (_graph.IsShared(input))
            return (uint)_kinds[input];

        Shape shape = _graph.ShapeOf(input);
        return (ulong)(uint)shape.Rows << 32 | (_columnWise[node] ? 1 : (uint)shape.Columns);
    }

    private Shape MergedShape(int node)
    {
        Shape shape = _graph.ShapeOf(node);
        return _columnWise[node] && _merging[node] != Merging.Sum ? new Shape(shape.Rows) : shape;
    }

    [SkipLocalsInit]
    private bool IsColumnWiseMatrix(int node)
    {
        ReadOnlySpan<int> inputs = _graph.InputsOf(node);
        bool matrix = _graph.ShapeOf(node).Columns > 1;
        foreach (int input in inputs)
            matrix |= _graph.ShapeOf(input).Columns > 1 && !_graph.IsShared(input);

        if (!matrix || _graph.IsShared(node) || inputs.Length > 8)
            return false;

        Span<Shape> shapes = stackalloc Shape[8];
        Span<bool> shared = stackalloc bool[8];
        for (int i = 0; i < inputs.Length; i++)
            (shapes[i], shared[i]) = (_graph.ShapeOf(inputs[i]), _graph.IsShared(inputs[i]));

        return _graph.OperatorOf(node).IsColumnWise(shapes[..inputs.Length], shared[..inputs.Length]);
    }
}
