using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using BlasNet.Graphs;

namespace BlasNet.Passes;

/// <summary>Finds the nodes of a graph that are the same value, and sorts the others into kinds: nodes of one kind can be computed as one stack.</summary>
/// <remarks>
/// The same value: the same operator and attribute of the same inputs, or of whole numbers that are equal; so a word that occurs in many
/// sentences is looked up, and multiplied with a weight, once. One kind: the same operator and attribute, the same shapes of the operands that
/// differ from example to example, and the very same operands where they are shared. What is shared altogether is a kind only with its
/// duplicates, and is computed once. Of a column-wise operator, values with different numbers of columns are one kind. Everything is compared
/// by all of this; hashes only find candidates. Time O(N + E).
/// </remarks>
internal sealed class Signatures
{
    private readonly HashSlots _kindSlots = new(), _valueSlots = new();
    private int[] _representative = new int[64];
    private int[] _kinds = [], _canonical = [];
    private bool[] _columnWise = [];
    private int[] _soleUser = [];
    private readonly List<(long First, long Second)> _equalities = [];
    private Merging[] _merging = [];   // of each node's operator: asked for often
    private Graph _graph = null!;

    /// <summary>Whether equal values of different examples are computed once.</summary>
    public bool ShareEqual { get; set; } = true;

    /// <summary>Places of whole numbers that were found equal, by which values were found to be the same.</summary>
    public List<(long First, long Second)> Equalities => _equalities;

    /// <summary>Number of kinds.</summary>
    public int Count { get; private set; }

    /// <summary>The kind of each node; −1 for results, which go with their owner, and for nodes that stand for an earlier one.</summary>
    public ReadOnlySpan<int> Kinds => _kinds.AsSpan(0, _graph.Count);

    /// <summary>For each node the first one with the same value; usually itself.</summary>
    public ReadOnlySpan<int> Canonical => _canonical.AsSpan(0, _graph.Count);

    /// <summary>The node that a result belongs to.</summary>
    public int OwnerOf(int result) => _canonical[_graph.InputsOf(result)[0]];

    public int RepresentativeOf(int kind) => _representative[kind];

    public void Run(Graph graph)
    {
        _graph = graph;
        Count = 0;
        _equalities.Clear();
        int count = graph.Count;
        if (_kinds.Length < count)
        {
            int capacity = graph.Capacity;
            (_kinds, _canonical, _columnWise) = (new int[capacity], new int[capacity], new bool[capacity]);
            (_soleUser, _merging) = (new int[capacity], new Merging[capacity]);
        }

        _kindSlots.Clear(Math.Min(count, 1 << 11));
        _valueSlots.Clear(count);
        bool sums = false;
        for (int node = 0; node < count; node++)
        {
            _merging[node] = graph.OperatorOf(node).Merging;
            sums |= _merging[node] == Merging.Sum;
        }

        if (sums)
            FindSoleUsers();

        for (int node = 0; node < count; node++)
            Classify(node);
    }

    private void Classify(int node)
    {
        _kinds[node] = -1;
        _columnWise[node] = false;
        if (_merging[node] == Merging.Result)
        {
            int owner = _graph.InputsOf(node)[0];
            _canonical[node] = _canonical[owner] + node - owner;
            return;
        }

        Operator op = _graph.OperatorOf(node);
        _canonical[node] = ShareEqual || _graph.IsShared(node) ? FindEqual(node, op) : node;
        if (_canonical[node] != node)
            return;

        _columnWise[node] = IsColumnWiseMatrix(node);
        _kinds[node] = FindKind(node, op);
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

    // The first node with the same value. Data is compared only where it decides whether other values are equal. Terms of sums stay apart, for
    // each counts.
    private int FindEqual(int node, Operator op)
    {
        Merging merging = _merging[node];
        if (merging is Merging.Never or Merging.Data || (merging is Merging.Sum or Merging.Reduction && !_graph.IsShared(node)))
            return node;

        ulong hash = ((uint)op.Id * HashSlots.Prime ^ (ulong)_graph.AttributeOf(node)) * HashSlots.Prime;
        foreach (int input in _graph.InputsOf(node))
            hash = (hash ^ (hash >> 29) ^ (IsNumber(input) ? (ulong)NumberOf(input) : (uint)_canonical[input])) * HashSlots.Prime;

        ref int slot = ref _valueSlots.First(hash);
        for (; slot != 0; slot = ref _valueSlots.Next(ref slot))
        {
            if (AreEqual(node, slot - 1, op))
                return slot - 1;
        }

        slot = node + 1;
        return node;
    }

    private bool AreEqual(int node, int other, Operator op)
    {
        ReadOnlySpan<int> left = _graph.InputsOf(node), right = _graph.InputsOf(other);
        if (op != _graph.OperatorOf(other) || _graph.CountOf(node) != _graph.CountOf(other) || left.Length != right.Length
            || _graph.AttributeOf(node) != _graph.AttributeOf(other))
            return false;

        int known = _equalities.Count;
        for (int i = 0; i < left.Length; i++)
        {
            if (_canonical[left[i]] == _canonical[right[i]])
                continue;

            if (!IsNumber(left[i]) || !IsNumber(right[i]) || NumberOf(left[i]) != NumberOf(right[i]))
            {
                CollectionsMarshal.SetCount(_equalities, known);
                return false;
            }

            _equalities.Add((_graph.AttributeOf(left[i]), _graph.AttributeOf(right[i])));
        }

        return true;
    }

    private bool IsNumber(int node) => _merging[node] == Merging.Data && _graph.OperatorOf(node).IsComparable && _graph.CountOf(node) == 1;

    private double NumberOf(int node) => _graph.Data.ElementAt(_graph.AttributeOf(node), 0);

    private int FindKind(int node, Operator op)
    {
        ref int slot = ref _kindSlots.First(HashOf(node, op));
        for (; slot != 0; slot = ref _kindSlots.Next(ref slot))
        {
            int kind = slot - 1;
            if (AreAlike(node, _representative[kind], op))
                return kind;
        }

        if (Count == _representative.Length)
            Array.Resize(ref _representative, 2 * Count);

        _representative[Count] = node;
        slot = ++Count;
        if (_kindSlots.IsFull(Count))
            GrowKindSlots();

        return Count - 1;
    }

    private void GrowKindSlots()
    {
        _kindSlots.Clear(2 * Count);
        for (int kind = 0; kind < Count; kind++)
        {
            ref int slot = ref _kindSlots.First(HashOf(_representative[kind], _graph.OperatorOf(_representative[kind])));
            while (slot != 0)
                slot = ref _kindSlots.Next(ref slot);

            slot = kind + 1;
        }
    }

    private ulong HashOf(int node, Operator op)
    {
        Merging merging = _merging[node];
        ulong hash = (uint)op.Id;
        Shape shape = MergedShape(node);
        hash = (hash ^ ((ulong)(uint)shape.Rows << 32 | (uint)shape.Columns)) * HashSlots.Prime;
        if (merging is not Merging.Data)
            hash = (hash ^ (ulong)_graph.AttributeOf(node)) * HashSlots.Prime;

        if (merging is Merging.Sum or Merging.Never)
            hash = (hash ^ (ulong)(merging is Merging.Sum ? _soleUser[node] : node)) * HashSlots.Prime;

        if (merging is not Merging.Reduction)
        {
            foreach (int input in _graph.InputsOf(node))
                hash = (hash ^ (hash >> 29) ^ TokenOf(node, input)) * HashSlots.Prime;
        }

        return hash;
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
            return (uint)_canonical[input];

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
