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

    private struct TypeFacts
    {
        public bool IsKnown;
        public MergeRule Rule;
        public int Slot;   // the signature of all nodes of the type, + 1; 0 if it is not known yet or differs from node to node
    }

    private struct Entry
    {
        public int Node;         // the first one of the signature
        public MergeRule Rule;   // of all its nodes together
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
    public bool MayBeRagged(int signature) => (_entries[signature].Rule & MergeRule.AnyColumns) != 0;

    /// <summary>Whether each column of such values is a value of its own; else they need an operator over segments.</summary>
    public bool IsColumnWise(int signature) => (_entries[signature].Rule & MergeRule.ColumnWise) != 0;

    /// <summary>Whether values of a signature have many different constant numbers as operands: an operand that differs from example to example.</summary>
    public bool HasNumbers(int signature) => _entries[signature].Members > NumbersApart;

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
            _entries[_entries[signature].Family].Rule |= _entries[signature].Rule;

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
            (type.IsKnown, type.Rule) = (true, MergeRules.Of(_graph, _graph.TypeOf(node), _graph.InputsOf(node)));

        ref int slot = ref _slots.First(HashOf(node, type.Rule));
        while (slot != 0 && !AreAlike(node, type.Rule, _entries[slot - 1].Node))
            slot = ref _slots.Next(ref slot);

        if (slot == 0)
            slot = Add(node, type.Rule);

        int found = slot;
        _entries[found - 1].Rule |= type.Rule;
        if ((type.Rule & (MergeRule.Sum | MergeRule.Alone)) == 0)
            type.Slot = found;

        if (_slots.IsFull(Count))
            GrowSlots();

        return found;
    }

    private int Add(int node, MergeRule rule)
    {
        if (Count == _entries.Length)
            Array.Resize(ref _entries, 2 * Count);

        int family = (rule & MergeRule.Numbers) != 0 ? FindFamily(node, rule) : Count;
        _entries[Count] = new Entry { Node = node, Family = family };
        _hasLargeFamilies |= ++_entries[family].Members > NumbersApart;
        return ++Count;
    }

    // The first signature that differs in numbers alone; the next one to be added where there is none.
    private int FindFamily(int node, MergeRule rule)
    {
        ref int slot = ref _families.First(HashOf(node, rule | MergeRule.AnyNumber));
        while (slot != 0 && !AreAlike(node, rule | MergeRule.AnyNumber, _entries[slot - 1].Node, MergeRule.AnyNumber))
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
            ref int slot = ref _slots.First(HashOf(node, KnownRuleOf(node)));
            while (slot != 0)
                slot = ref _slots.Next(ref slot);

            slot = signature + 1;
        }
    }

    private MergeRule KnownRuleOf(int node) => _types[_graph.TypeNumberOf(node)].Rule;

    private ulong HashOf(int node, MergeRule rule)
    {
        ref readonly NodeType type = ref _graph.TypeOf(node);
        ulong hash = (uint)type.Operator.Id;
        hash = (hash ^ ResultToken(type, rule)) * Hashing.Multiplier;
        hash = (hash ^ (ulong)AttributeToken(type, rule)) * Hashing.Multiplier;
        if ((rule & (MergeRule.Sum | MergeRule.Alone)) != 0)
            hash = (hash ^ (ulong)((rule & MergeRule.Sum) != 0 ? _soleReaders.Of(node) : node)) * Hashing.Multiplier;

        if ((rule & (MergeRule.Reduction | MergeRule.Moves)) != 0)
            return hash;

        foreach (int input in _graph.InputsOf(node))
            hash = (hash ^ (hash >> 29) ^ OperandToken(input, rule)) * Hashing.Multiplier;

        return hash;
    }

    private bool AreAlike(int node, MergeRule rule, int other, MergeRule more = MergeRule.None)
    {
        MergeRule otherRule = KnownRuleOf(other) | more;
        ref readonly NodeType left = ref _graph.TypeOf(node);
        ref readonly NodeType right = ref _graph.TypeOf(other);
        if (left.Operator != right.Operator || AttributeToken(left, rule) != AttributeToken(right, otherRule) || left.IsShared != right.IsShared
            || (rule | MergeRule.ColumnWise) != (otherRule | MergeRule.ColumnWise) || ResultToken(left, rule) != ResultToken(right, otherRule))
            return false;

        if ((rule & (MergeRule.Reduction | MergeRule.Moves)) != 0)
            return true;

        if ((rule & MergeRule.Alone) != 0 || ((rule & MergeRule.Sum) != 0 && !_soleReaders.HaveOne(node, other)))
            return false;

        return HaveOperandsAlike(_graph.InputsOf(node), rule, _graph.InputsOf(other), otherRule);
    }

    private bool HaveOperandsAlike(ReadOnlySpan<int> left, MergeRule leftRule, ReadOnlySpan<int> right, MergeRule rightRule)
    {
        if (left.Length != right.Length)
            return false;

        for (int i = 0; i < left.Length; i++)
        {
            if (OperandToken(left[i], leftRule) != OperandToken(right[i], rightRule))
                return false;
        }

        return true;
    }

    private static ulong ResultToken(in NodeType type, MergeRule rule) =>
        Token(type.Shape, (rule & MergeRule.AnyColumns) != 0 && (rule & MergeRule.Sum) == 0);

    private static long AttributeToken(in NodeType type, MergeRule rule) => (rule & MergeRule.Moves) != 0 || type.Operator is RecurrenceOperator ? 0
        : (rule & MergeRule.AnyColumns) != 0 ? type.Operator.ColumnAttribute(type.Attribute)
        : type.Attribute;

    // A shared operand must be the same one, a stacked one must agree in shape. Shapes have at least one row, so the two never collide.
    private ulong OperandToken(int operand, MergeRule rule)
    {
        ref readonly NodeType type = ref _graph.TypeOf(operand);
        if ((rule & MergeRule.AnyNumber) != 0 && MergeRules.IsNumber(type))
            return AnyNumber;

        return type.IsShared ? (uint)_numbering.NumberOf(operand) : Token(type.Shape, (rule & MergeRule.AnyColumns) != 0);
    }

    private static ulong Token(Shape shape, bool asColumns) => (ulong)(uint)shape.Rows << 32 | (asColumns ? 1 : (uint)shape.Columns);
}
