using System.Runtime.CompilerServices;
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
    private const ulong NumberTag = 1UL << 63;

    private readonly HashSlots _kindSlots = new(), _valueSlots = new();
    private readonly int[] _recent = new int[64];      // by operator, roughly: the kind found last, + 1; most often the next one is the same
    private int[] _representative = new int[64];
    private bool[] _columnWise = new bool[64];         // by kind: there are matrices among its nodes that are as good as their columns
    private int[] _kinds = [], _canonical = [], _origins = [];
    private ulong[] _values = [];      // of each node, what makes it equal to another: the first one with its value, or a whole number
    private ulong[] _operands = [];    // of each node, what operands of one kind agree in: see OperandToken
    private Traits[] _traits = [];
    private int[] _soleUser = [];
    private bool _knowsSoleUsers;
    private readonly List<(long First, long Second)> _equalities = [];
    private Graph _graph = null!;

    // What a node's operator and operands say of how it merges.
    [Flags]
    private enum Traits : byte
    {
        None = 0,
        ColumnWise = 1,   // a matrix is as good as its columns
        Alone = 2,        // never merges
        Data = 4,
        Sum = 8,
        Reduction = 16,   // of values that differ from example to example
    }

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

    /// <summary>For each node the one that computes its value: the first one equal to it, or the owner of that result; −1 where nothing is computed,
    /// since the value is data, a parameter or a number.</summary>
    public ReadOnlySpan<int> Origins => _origins.AsSpan(0, _graph.Count);

    /// <summary>Whether the nodes of a node's kind may differ in their numbers of columns.</summary>
    public bool IsColumnWise(int node) => _columnWise[_kinds[node]];

    public int RepresentativeOf(int kind) => _representative[kind];

    public void Run(Graph graph)
    {
        _graph = graph;
        Count = 0;
        _equalities.Clear();
        Array.Clear(_recent);
        int count = graph.Count;
        if (_kinds.Length < count)
        {
            int capacity = graph.Capacity;
            (_kinds, _canonical, _soleUser, _traits) = (new int[capacity], new int[capacity], new int[capacity], new Traits[capacity]);
            (_values, _operands, _origins) = (new ulong[capacity], new ulong[capacity], new int[capacity]);
        }

        _kindSlots.Clear(Math.Min(count, 1 << 11));
        _valueSlots.Clear(count);
        _knowsSoleUsers = false;
        for (int node = 0; node < count; node++)
            Classify(node);
    }

    private void Classify(int node)
    {
        ref readonly Form found = ref _graph.FormOf(node);
        Merging merging = found.Operator.Merging;
        ReadOnlySpan<int> inputs = _graph.InputsOf(node);
        _kinds[node] = -1;
        if (merging == Merging.Result)
        {
            int owner = inputs[0];
            SetValue(node, found, _canonical[owner] + node - owner);
            _origins[node] = _origins[owner];
            return;
        }

        bool isSummed = merging is Merging.Sum or Merging.Reduction && !found.IsShared;
        bool mayEqual = (ShareEqual || found.IsShared) && !isSummed && merging is not (Merging.Never or Merging.Data);
        int canonical = mayEqual ? FindEqual(node, found, inputs) : node;
        SetValue(node, found, canonical);
        _origins[node] = inputs.IsEmpty ? -1 : canonical;
        if (canonical != node)
            return;

        Traits traits = merging switch
        {
            Merging.Never => Traits.Alone,
            Merging.Data => Traits.Data,
            Merging.Reduction when isSummed => Traits.Reduction,
            Merging.Sum when isSummed => Traits.Sum,
            _ => Traits.None,
        };
        if (!found.IsShared && traits is Traits.None or Traits.Sum)
            traits |= TraitsOf(found, inputs);

        if (traits == Traits.Data && found.Count == 1 && found.Operator.IsComparable)
            _values[node] = NumberTag | (ulong)_graph.Data.ElementAt(_graph.AttributeOf(node), 0);

        if ((traits & Traits.Sum) != 0 && !_knowsSoleUsers)
            FindSoleUsers();

        _traits[node] = traits;
        int kind = FindKind(node, found, inputs);
        _kinds[node] = kind;
        _columnWise[kind] |= (traits & Traits.ColumnWise) != 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void SetValue(int node, in Form found, int canonical)
    {
        _canonical[node] = canonical;
        _values[node] = (uint)canonical;
        _operands[node] = OperandToken(found, canonical);
    }

    // What must agree of an operand: which one, if it is shared; its shape, if it is stacked. Shapes have at least one row, so the two never collide.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong OperandToken(in Form operand, int canonical) =>
        operand.IsShared ? (uint)canonical : (ulong)(uint)operand.Shape.Rows << 32 | (uint)operand.Shape.Columns;

    // A node whose results add up may merge only with those that go into the same sum, and nowhere else.
    private void FindSoleUsers()
    {
        _knowsSoleUsers = true;
        Array.Fill(_soleUser, -1, 0, _graph.Count);
        for (int node = 0; node < _graph.Count; node++)
        {
            foreach (int input in _graph.InputsOf(node))
                _soleUser[input] = _soleUser[input] == -1 && _graph.OperatorOf(node).Merging == Merging.Reduction ? node : -2;
        }
    }

    // The first node with the same value. Data is compared only where it decides whether other values are equal. Terms of sums stay apart, for
    // each counts.
    private int FindEqual(int node, in Form found, ReadOnlySpan<int> inputs)
    {
        ulong hash = ((uint)found.Operator.Id * HashSlots.Prime ^ (ulong)found.Attribute) * HashSlots.Prime;
        foreach (int input in inputs)
            hash = (hash ^ (hash >> 29) ^ _values[input]) * HashSlots.Prime;

        ref int slot = ref _valueSlots.First(hash);
        for (; slot != 0; slot = ref _valueSlots.Next(ref slot))
        {
            if (AreEqual(found, inputs, slot - 1))
                return slot - 1;
        }

        slot = node + 1;
        return node;
    }

    private bool AreEqual(in Form node, ReadOnlySpan<int> left, int otherNode)
    {
        ref readonly Form other = ref _graph.FormOf(otherNode);
        if (node.Operator != other.Operator || node.Count != other.Count || node.InputCount != other.InputCount || node.Attribute != other.Attribute)
            return false;

        ReadOnlySpan<int> right = _graph.InputsOf(otherNode);
        for (int i = 0; i < left.Length; i++)
        {
            if (_values[left[i]] != _values[right[i]])
                return false;
        }

        for (int i = 0; i < left.Length; i++)
        {
            if (_canonical[left[i]] != _canonical[right[i]])
                _equalities.Add((_graph.AttributeOf(left[i]), _graph.AttributeOf(right[i])));
        }

        return true;
    }

    private int FindKind(int node, in Form found, ReadOnlySpan<int> inputs)
    {
        ref int recent = ref _recent[found.Operator.Id & (_recent.Length - 1)];
        if (recent != 0 && AreAlike(node, found, inputs, _representative[recent - 1]))
            return recent - 1;

        ref int slot = ref _kindSlots.First(HashOf(node, found, inputs));
        for (; slot != 0; slot = ref _kindSlots.Next(ref slot))
        {
            if (AreAlike(node, found, inputs, _representative[slot - 1]))
            {
                recent = slot;
                return slot - 1;
            }
        }

        if (Count == _representative.Length)
        {
            Array.Resize(ref _representative, 2 * Count);
            Array.Resize(ref _columnWise, 2 * Count);
        }

        (_representative[Count], _columnWise[Count]) = (node, false);
        recent = slot = ++Count;
        if (_kindSlots.IsFull(Count))
            GrowKindSlots();

        return Count - 1;
    }

    private void GrowKindSlots()
    {
        _kindSlots.Clear(2 * Count);
        for (int kind = 0; kind < Count; kind++)
        {
            int node = _representative[kind];
            ref int slot = ref _kindSlots.First(HashOf(node, _graph.FormOf(node), _graph.InputsOf(node)));
            while (slot != 0)
                slot = ref _kindSlots.Next(ref slot);

            slot = kind + 1;
        }
    }

    private ulong HashOf(int node, in Form found, ReadOnlySpan<int> inputs)
    {
        Traits traits = _traits[node];
        ulong hash = (uint)found.Operator.Id;
        hash = (hash ^ MergedShape(found, traits)) * HashSlots.Prime;
        if ((traits & Traits.Data) == 0)
            hash = (hash ^ (ulong)found.Attribute) * HashSlots.Prime;

        if ((traits & (Traits.Sum | Traits.Alone)) != 0)
            hash = (hash ^ (ulong)((traits & Traits.Sum) != 0 ? _soleUser[node] : node)) * HashSlots.Prime;

        if ((traits & Traits.Reduction) == 0)
        {
            foreach (int input in inputs)
                hash = (hash ^ (hash >> 29) ^ Token(_operands[input], traits)) * HashSlots.Prime;
        }

        return hash;
    }

    private bool AreAlike(int node, in Form found, ReadOnlySpan<int> inputs, int other)
    {
        ref readonly Form representative = ref _graph.FormOf(other);
        Traits traits = _traits[node], others = _traits[other];
        if (found.Operator != representative.Operator || (traits | Traits.ColumnWise) != (others | Traits.ColumnWise) || found.IsShared != representative.IsShared
            || MergedShape(found, traits) != MergedShape(representative, others))
            return false;

        if (traits == Traits.Data)
            return true;

        if (found.Attribute != representative.Attribute || (traits & Traits.Alone) != 0)
            return false;

        if (traits == Traits.Reduction)
            return true;

        if (found.InputCount != representative.InputCount || ((traits & Traits.Sum) != 0 && (_soleUser[node] < 0 || _soleUser[node] != _soleUser[other])))
            return false;

        ReadOnlySpan<int> right = _graph.InputsOf(other);
        for (int i = 0; i < inputs.Length; i++)
        {
            if (Token(_operands[inputs[i]], traits) != Token(_operands[right[i]], others))
                return false;
        }

        return true;
    }

    // What is taken column by column is like a single column.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Token(ulong operand, Traits traits) =>
        (traits & Traits.ColumnWise) != 0 && operand > uint.MaxValue ? (operand & ~(ulong)uint.MaxValue) | 1 : operand;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong MergedShape(in Form node, Traits traits) =>
        (ulong)(uint)node.Shape.Rows << 32 | ((traits & (Traits.ColumnWise | Traits.Sum)) == Traits.ColumnWise ? 1 : (uint)node.Shape.Columns);

    // Matrices may be as good as their columns. One value for a whole stack is not in stack order.
    private Traits TraitsOf(in Form node, ReadOnlySpan<int> inputs)
    {
        bool matrix = node.Shape.Columns > 1, mixed = false;
        foreach (int input in inputs)
        {
            ulong operand = _operands[input];
            if (operand <= uint.MaxValue)
                continue;

            matrix |= (uint)operand > 1;
            mixed |= _graph.CountOf(input) != node.Count;
        }

        Traits traits = mixed && node.Operator.Merging == Merging.Stack ? Traits.Alone : Traits.None;
        return matrix && inputs.Length <= 8 && IsColumnWise(node.Operator, inputs) ? traits | Traits.ColumnWise : traits;
    }

    [SkipLocalsInit]
    private bool IsColumnWise(Operator op, ReadOnlySpan<int> inputs)
    {
        Span<Shape> shapes = stackalloc Shape[8];
        Span<bool> shared = stackalloc bool[8];
        for (int i = 0; i < inputs.Length; i++)
            (shapes[i], shared[i]) = (_graph.ShapeOf(inputs[i]), _graph.IsShared(inputs[i]));

        return op.IsColumnWise(shapes[..inputs.Length], shared[..inputs.Length]);
    }
}
