using System.Runtime.CompilerServices;
using BlasNet.Graphs;
using BlasNet.Graphs.Functions;
using BlasNet.Memory;

namespace BlasNet.Batching;

/// <summary>Finds which values of a graph can be computed as one stack: those of one signature.</summary>
/// <remarks>
/// A signature is the operator and its attribute, the shapes of the operands that differ from example to example, and the very operands that all
/// examples share. Of a column-wise operator, and of one that runs over ragged stacks, values with different numbers of columns have one signature: a
/// matrix is then a stack of columns. Of an element-wise operator, values with different numbers as operands have one signature too: <c>x * s</c>.
/// What is shared altogether, or never merges, has a signature of its own. Values of one node type mostly have one signature, which is found once;
/// signatures are compared in full, hashes only find candidates. Time O(N + E).
/// </remarks>
internal sealed class Signatures
{
    public const int DefaultNumbersApart = 4;

    private const ulong AnyNumber = ulong.MaxValue;

    private readonly HashSlots _slots = new(), _families = new();
    private readonly SoleReaders _soleReaders = new();
    private TypeFacts[] _types = [];
    private Entry[] _entries = new Entry[64];
    private int[] _ofValue = [];
    private ValueNumbering _numbering = null!;
    private Graph _graph = null!;
    private bool _hasLargeFamilies;

    // How the nodes of a type merge.
    [Flags]
    private enum Traits : short
    {
        None = 0,
        ColumnWise = 1,   // a matrix is a stack of columns
        Alone = 2,        // with nothing
        Sum = 4,          // with terms of the same sum
        Reduction = 8,    // with any sums of the same shape, of any number of terms
        Segments = 16,    // with matrices of any number of columns, given the list of these
        Moves = 32,       // with any matrices of the same number of rows: only columns move
        Recurrence = 64,  // with recurrences of the same functions over any graphs
        Numbers = 128,    // has constant numbers as operands
        AnyNumber = 256,  // with values that have other ones
        AnyColumns = ColumnWise | Segments | Moves | Recurrence,
    }

    private struct TypeFacts
    {
        public bool IsKnown;
        public Traits Traits;
        public int Slot;   // the signature of all nodes of the type, + 1; 0 if it is not known yet or differs from node to node
    }

    private struct Entry
    {
        public int Node;         // the first one of the signature
        public Traits Traits;    // of all its nodes together
        public int Family;       // the first of the signatures that differ from this one in numbers alone
        public int Members;      // of the family, if this is its first
    }

    /// <summary>How many different constant numbers values may have at one place, and still have a signature for each number, which is then shared.</summary>
    /// <remarks>A number that a model is written with is one of a few. Those that examples bring are many, and a launch for each would cost more than a
    /// stack of them. At least 1.</remarks>
    public int NumbersApart { get; set; } = DefaultNumbersApart;

    /// <summary>Number of signatures.</summary>
    public int Count { get; private set; }

    /// <summary>By value: its signature.</summary>
    public ReadOnlySpan<int> OfValues => _ofValue.AsSpan(0, _numbering.Count);

    /// <summary>Whether values of a signature may differ in their numbers of columns.</summary>
    public bool MayBeRagged(int signature) => (_entries[signature].Traits & Traits.AnyColumns) != 0;

    /// <summary>Whether each column of such values is a value of its own; else they need an operator over segments.</summary>
    public bool IsColumnWise(int signature) => (_entries[signature].Traits & Traits.ColumnWise) != 0;

    /// <summary>Whether values of a signature have many different constant numbers as operands: an operand that differs from example to example.</summary>
    public bool HasNumbers(int signature) => _entries[signature].Members > NumbersApart;

    /// <summary>Whether a leaf is a constant number that the program has written, in the pool of all of them; not one that an earlier round has
    /// computed.</summary>
    public static bool IsNumber(in NodeType type) =>
        type.Operator == ConstantOperator.Instance && type.Shape.IsScalar && !DataPools.IsBorrowed(type.Attribute, out _);

    /// <summary>The first node of a signature.</summary>
    public int NodeOf(int signature) => _entries[signature].Node;

    /// <summary>Finds the signature of each value.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="numbering">Of its values.</param>
    /// <param name="kept">Nodes whose own values are wanted, whatever sum they go into.</param>
    public void Run(Graph graph, ValueNumbering numbering, ReadOnlySpan<int> kept = default)
    {
        Begin(graph, numbering);
        _soleReaders.Begin(graph, kept);
        ReadOnlySpan<int> nodes = numbering.Nodes;
        for (int value = 0; value < nodes.Length; value++)
        {
            ref TypeFacts type = ref _types[graph.TypeNumberOf(nodes[value])];
            _ofValue[value] = (type.Slot != 0 ? type.Slot : Find(nodes[value], ref type)) - 1;
        }

        if (_hasLargeFamilies)
            UniteFamilies();
    }

    private void UniteFamilies()
    {
        for (int signature = 0; signature < Count; signature++)
            _entries[_entries[signature].Family].Traits |= _entries[signature].Traits;

        foreach (ref int signature in _ofValue.AsSpan(0, _numbering.Count))
        {
            int family = _entries[signature].Family;
            signature = HasNumbers(family) ? family : signature;
        }
    }

    private void Begin(Graph graph, ValueNumbering numbering)
    {
        (_graph, _numbering) = (graph, numbering);
        Count = 0;
        _hasLargeFamilies = false;
        _slots.Clear(Math.Min(numbering.Count, 1 << 11));
        _families.Clear(1 << 10);
        if (_ofValue.Length < numbering.Count)
            _ofValue = new int[graph.Capacity];

        if (_types.Length < graph.TypeCount)
            _types = new TypeFacts[2 * graph.TypeCount];

        Array.Clear(_types, 0, graph.TypeCount);
    }

    /// <returns>The signature of a node, + 1.</returns>
    private int Find(int node, ref TypeFacts type)
    {
        if (!type.IsKnown)
            (type.IsKnown, type.Traits) = (true, TraitsOf(_graph.TypeOf(node), _graph.InputsOf(node)));

        ref int slot = ref _slots.First(HashOf(node, type.Traits));
        while (slot != 0 && !AreAlike(node, type.Traits, _entries[slot - 1].Node))
            slot = ref _slots.Next(ref slot);

        if (slot == 0)
            slot = Add(node, type.Traits);

        int found = slot;
        _entries[found - 1].Traits |= type.Traits;
        if ((type.Traits & (Traits.Sum | Traits.Alone)) == 0)
            type.Slot = found;

        if (_slots.IsFull(Count))
            GrowSlots();

        return found;
    }

    private int Add(int node, Traits traits)
    {
        if (Count == _entries.Length)
            Array.Resize(ref _entries, 2 * Count);

        int family = (traits & Traits.Numbers) != 0 ? FindFamily(node, traits) : Count;
        _entries[Count] = new Entry { Node = node, Family = family };
        _hasLargeFamilies |= ++_entries[family].Members > NumbersApart;
        return ++Count;
    }

    // The first signature that differs in numbers alone; the next one to be added where there is none.
    private int FindFamily(int node, Traits traits)
    {
        ref int slot = ref _families.First(HashOf(node, traits | Traits.AnyNumber));
        while (slot != 0 && !AreAlike(node, traits | Traits.AnyNumber, _entries[slot - 1].Node, Traits.AnyNumber))
            slot = ref _families.Next(ref slot);

        if (slot == 0 && !_families.IsFull(Count))
            slot = Count + 1;

        return slot == 0 ? Count : slot - 1;
    }

    private void GrowSlots()
    {
        _slots.Clear(2 * Count);
        for (int signature = 0; signature < Count; signature++)
        {
            int node = _entries[signature].Node;
            ref int slot = ref _slots.First(HashOf(node, KnownTraitsOf(node)));
            while (slot != 0)
                slot = ref _slots.Next(ref slot);

            slot = signature + 1;
        }
    }

    private Traits KnownTraitsOf(int node) => _types[_graph.TypeNumberOf(node)].Traits;

    private Traits TraitsOf(in NodeType type, ReadOnlySpan<int> inputs)
    {
        Merging merging = type.Operator.Merging;
        if (merging == Merging.Never)
            return Traits.Alone;

        if (merging == Merging.Reduction && !type.IsShared)
            return Traits.Reduction;

        Traits traits = merging == Merging.Sum ? Traits.Sum : Traits.None;
        return type.IsShared ? traits : traits | StackTraitsOf(type, inputs);
    }

    private Traits StackTraitsOf(in NodeType type, ReadOnlySpan<int> inputs)
    {
        if (type.Operator.Traits.MovesColumns)
            return Traits.Moves;

        if (type.Operator is RecurrenceOperator)
            return Traits.Recurrence;

        bool hasMatrix = type.Shape.Columns > 1 || type.Operator.Traits.IsNeverColumnWise, isMixed = false, hasNumber = false;
        foreach (int input in inputs)
        {
            ref readonly NodeType operand = ref _graph.TypeOf(input);
            hasNumber |= IsNumber(operand);
            hasMatrix |= !operand.IsShared && operand.Shape.Columns > 1;
            isMixed |= !operand.IsShared && operand.Count != type.Count;
        }

        // One value for a whole stack is not in stack order.
        Traits traits = isMixed && type.Operator.Merging == Merging.Stack ? Traits.Alone
            : hasNumber && type.Operator.Traits.IsElementwise ? Traits.Numbers
            : Traits.None;
        return hasMatrix && inputs.Length <= 8 ? traits | ColumnTraitsOf(type.Operator, inputs) : traits;
    }

    [SkipLocalsInit]
    private Traits ColumnTraitsOf(Operator op, ReadOnlySpan<int> inputs)
    {
        Span<Shape> shapes = stackalloc Shape[8];
        Span<bool> shared = stackalloc bool[8];
        for (int i = 0; i < inputs.Length; i++)
            (shapes[i], shared[i]) = (_graph.ShapeOf(inputs[i]), _graph.IsShared(inputs[i]));

        return op.IsColumnWise(shapes[..inputs.Length], shared[..inputs.Length]) ? Traits.ColumnWise
            : op.Traits.OverSegments is null ? Traits.None
            : Traits.Segments;
    }

    private ulong HashOf(int node, Traits traits)
    {
        ref readonly NodeType type = ref _graph.TypeOf(node);
        ulong hash = (uint)type.Operator.Id;
        hash = (hash ^ ResultToken(type, traits)) * Hashing.Multiplier;
        hash = (hash ^ (ulong)AttributeToken(type, traits)) * Hashing.Multiplier;
        if ((traits & (Traits.Sum | Traits.Alone)) != 0)
            hash = (hash ^ (ulong)((traits & Traits.Sum) != 0 ? _soleReaders.Of(node) : node)) * Hashing.Multiplier;

        if ((traits & (Traits.Reduction | Traits.Moves)) != 0)
            return hash;

        foreach (int input in _graph.InputsOf(node))
            hash = (hash ^ (hash >> 29) ^ OperandToken(input, traits)) * Hashing.Multiplier;

        return hash;
    }

    private bool AreAlike(int node, Traits traits, int other, Traits more = Traits.None)
    {
        Traits otherTraits = KnownTraitsOf(other) | more;
        ref readonly NodeType left = ref _graph.TypeOf(node);
        ref readonly NodeType right = ref _graph.TypeOf(other);
        if (left.Operator != right.Operator || AttributeToken(left, traits) != AttributeToken(right, otherTraits) || left.IsShared != right.IsShared
            || (traits | Traits.ColumnWise) != (otherTraits | Traits.ColumnWise) || ResultToken(left, traits) != ResultToken(right, otherTraits))
            return false;

        if ((traits & (Traits.Reduction | Traits.Moves)) != 0)
            return true;

        if ((traits & Traits.Alone) != 0 || ((traits & Traits.Sum) != 0 && !_soleReaders.HaveOne(node, other)))
            return false;

        return HaveOperandsAlike(_graph.InputsOf(node), traits, _graph.InputsOf(other), otherTraits);
    }

    private bool HaveOperandsAlike(ReadOnlySpan<int> left, Traits leftTraits, ReadOnlySpan<int> right, Traits rightTraits)
    {
        if (left.Length != right.Length)
            return false;

        for (int i = 0; i < left.Length; i++)
        {
            if (OperandToken(left[i], leftTraits) != OperandToken(right[i], rightTraits))
                return false;
        }

        return true;
    }

    private static ulong ResultToken(in NodeType type, Traits traits) =>
        Token(type.Shape, (traits & Traits.AnyColumns) != 0 && (traits & Traits.Sum) == 0);

    private static long AttributeToken(in NodeType type, Traits traits) => (traits & Traits.Moves) != 0 || type.Operator is RecurrenceOperator ? 0
        : (traits & Traits.AnyColumns) != 0 ? type.Operator.ColumnAttribute(type.Attribute)
        : type.Attribute;

    // A shared operand must be the same one, a stacked one must agree in shape. Shapes have at least one row, so the two never collide.
    private ulong OperandToken(int operand, Traits traits)
    {
        ref readonly NodeType type = ref _graph.TypeOf(operand);
        if ((traits & Traits.AnyNumber) != 0 && IsNumber(type))
            return AnyNumber;

        return type.IsShared ? (uint)_numbering.NumberOf(operand) : Token(type.Shape, (traits & Traits.AnyColumns) != 0);
    }

    private static ulong Token(Shape shape, bool asColumns) => (ulong)(uint)shape.Rows << 32 | (asColumns ? 1 : (uint)shape.Columns);
}
