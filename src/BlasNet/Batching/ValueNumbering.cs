using System.Runtime.InteropServices;
using BlasNet.Graphs;
using BlasNet.Memory;

namespace BlasNet.Batching;

/// <summary>Finds the nodes of a graph that compute the same value, so that it is computed once.</summary>
/// <remarks>
/// Nodes are equal if they apply the same operator and attribute to equal inputs. Two data nodes are equal if they hold equal integers, so a word that
/// occurs in many sentences is looked up, and multiplied with a weight, once; a plan that is kept relies on these <see cref="Integers"/>.
/// Terms of a sum stay apart, for each of them counts. Hashes only find candidates, which are then compared. Time O(N + E).
/// </remarks>
internal sealed class ValueNumbering
{
    private const int IntegerTag = int.MinValue;

    private readonly HashSlots _slots = new();
    private readonly List<LeafRange> _leaves = [];
    private readonly Dictionary<(int Operator, long Attribute, Shape Shape), int> _leafOf = [];
    private TypeFacts[] _types = [];
    private int[] _numbers = [];   // by node: the first node of the same value, or a tagged integer
    private int[] _values = [];    // by node
    private int[] _nodes = [];     // by value
    private Graph _graph = null!;

    private enum Role : byte
    {
        Unknown,
        Computed,
        Result,     // goes with the node that it is a result of
        Data,       // a leaf that differs from example to example
        Fixed,      // a leaf that is the same for all examples
    }

    // What the nodes of one type have in common.
    private struct TypeFacts
    {
        public Role Role;
        public bool MayBeEqual;   // to a node that comes before it
        public int Leaf;
        public ulong Seed;        // of hashes
        public nint Integers;     // address of the pool, for data that is compared; else 0
    }

    /// <summary>A parameter, a constant, or the part of a data pool that the graph's nodes hold.</summary>
    /// <param name="Node">The first node of the leaf.</param>
    /// <param name="First">For data: the lowest place in the pool, that of a column; else the attribute.</param>
    /// <param name="End">For data: the place behind the last one.</param>
    public readonly record struct LeafRange(int Node, long First, long End);

    /// <summary>Whether equal values of different examples are computed once.</summary>
    public bool ShareEqual { get; set; } = true;

    /// <summary>Which integers are equal and which are not, where it decides what is one value.</summary>
    public IntegerFacts Integers { get; init; } = new();

    /// <summary>Whether the graph has so many integers that they are compared.</summary>
    public bool ComparesIntegers { get; private set; }

    /// <summary>The distinct leaves, in order of appearance.</summary>
    public List<LeafRange> Leaves => _leaves;

    /// <summary>Number of distinct values that have to be computed; the results of a node are one value.</summary>
    public int Count { get; private set; }

    /// <summary>By value: the first node that computes it, in ascending order.</summary>
    public ReadOnlySpan<int> Nodes => _nodes.AsSpan(0, Count);

    /// <summary>By node: the value that it computes or is a result of; for a leaf, the complement (~) of its index among <see cref="Leaves"/>.</summary>
    public ReadOnlySpan<int> Values => _values.AsSpan(0, _graph.Count);

    /// <summary>The same number for equal nodes, and for no others.</summary>
    public int NumberOf(int node) => _numbers[node];

    /// <summary>Numbers the values of a graph.</summary>
    public void Run(Graph graph)
    {
        Begin(graph);
        for (int node = 0; node < graph.Count; node++)
        {
            ref TypeFacts type = ref _types[graph.TypeNumberOf(node)];
            if (type.Role == Role.Unknown)
                Learn(node, ref type);

            switch (type.Role)
            {
                case Role.Computed:
                    AddComputed(node, type);
                    break;

                case Role.Result:
                    int result = graph.TypeOf(node).Result, owner = node - result;
                    (_numbers[node], _values[node]) = (_numbers[owner] + result, _values[owner]);
                    break;

                case Role.Data:
                    AddData(node, type);
                    break;

                default:
                    (_numbers[node], _values[node]) = (_leaves[type.Leaf].Node, ~type.Leaf);
                    break;
            }
        }
    }

    /// <summary>Whether the values of such nodes add up over a stack instead of lying one after another.</summary>
    public static bool AddsUp(in NodeType type) => type.Operator.Merging is Merging.Sum || (type.Operator.Merging is Merging.Reduction && !type.IsShared);

    private void Begin(Graph graph)
    {
        _graph = graph;
        Count = 0;
        ComparesIntegers = Integers.Compares(graph.Data);
        _leaves.Clear();
        _leafOf.Clear();
        _slots.Clear(2 * graph.Count / 3);   // leaves and results have none
        if (_values.Length < graph.Count)
            (_numbers, _values, _nodes) = (new int[graph.Capacity], new int[graph.Capacity], new int[graph.Capacity]);

        if (_types.Length < graph.TypeCount)
            _types = new TypeFacts[2 * graph.TypeCount];

        Array.Clear(_types, 0, graph.TypeCount);
    }

    private void Learn(int node, ref TypeFacts facts)
    {
        ref readonly NodeType type = ref _graph.TypeOf(node);
        Merging merging = type.Operator.Merging;
        facts.Role = merging switch
        {
            Merging.Result => Role.Result,
            Merging.Data => Role.Data,
            _ => type.InputCount == 0 ? Role.Fixed : Role.Computed,
        };
        facts.MayBeEqual = (ShareEqual || type.IsShared) && !AddsUp(type) && merging != Merging.Never;
        facts.Seed = ((uint)type.Operator.Id * Hashing.Multiplier ^ (ulong)type.Attribute) * Hashing.Multiplier;
        if (facts.Role is Role.Data or Role.Fixed)
            facts.Leaf = FindLeaf(node, type);

        if (ComparesIntegers && facts.Role == Role.Data && type is { Count: 1, Shape.IsScalar: true, Operator: LeafOperator { IsComparable: true } })
            facts.Integers = _graph.Data.AddressOf(type.Attribute & ~(long)uint.MaxValue);
    }

    // A graph may have several types for the data of one pool, which is one stack of columns.
    private int FindLeaf(int node, in NodeType type)
    {
        bool isData = type.Operator.Merging == Merging.Data;
        long attribute = _graph.AttributeOf(node);
        var key = (type.Operator.Id, isData ? attribute >> 32 : attribute, isData ? new Shape(type.Shape.Rows) : type.Shape);
        if (!_leafOf.TryGetValue(key, out int leaf))
        {
            leaf = _leaves.Count;
            _leafOf.Add(key, leaf);
            _leaves.Add(new LeafRange(node, attribute, attribute));
        }

        return leaf;
    }

    // Data is compared only where it decides whether other values are equal.
    private void AddData(int node, in TypeFacts type)
    {
        ref LeafRange leaf = ref CollectionsMarshal.AsSpan(_leaves)[type.Leaf];
        long place = _graph.AttributeOf(node), end = place + _graph.ColumnsOf(node);
        if (place < leaf.First || end > leaf.End)
            leaf = leaf with { First = Math.Min(leaf.First, place), End = Math.Max(leaf.End, end) };

        _numbers[node] = type.Integers == 0 ? node : IntegerTag | _graph.Data.WholeNumberAt(type.Integers, (int)place);
        _values[node] = ~type.Leaf;
    }

    private void AddComputed(int node, in TypeFacts type)
    {
        int first = type.MayBeEqual ? FindEqual(node, type.Seed) : node;
        _numbers[node] = first;
        if (first != node)
        {
            _values[node] = _values[first];
            return;
        }

        _values[node] = Count;
        _nodes[Count++] = node;
    }

    /// <returns>The first node of the same value, maybe the node itself.</returns>
    private int FindEqual(int node, ulong hash)
    {
        ReadOnlySpan<int> inputs = _graph.InputsOf(node);
        int[] numbers = _numbers;
        foreach (int input in inputs)
            hash = (hash ^ (hash >> 29) ^ (uint)numbers[input]) * Hashing.Multiplier;

        ref int slot = ref _slots.First(hash);
        for (; slot != 0; slot = ref _slots.Next(ref slot))
        {
            if (HaveOneOperator(node, slot - 1) && HaveEqualInputs(inputs, _graph.InputsOf(slot - 1)))
                return slot - 1;
        }

        slot = node + 1;
        if (Integers.NotesDifferences)
            NoteReader(node, inputs);

        return node;
    }

    private void NoteReader(int node, ReadOnlySpan<int> inputs)
    {
        Integers.BeginReader();
        foreach (int input in inputs)
        {
            if (_numbers[input] < 0)
                Integers.AddInteger(_graph.AttributeOf(input));
            else
                Integers.AddOther(_numbers[input]);
        }

        ref readonly NodeType type = ref _graph.TypeOf(node);
        Integers.EndReader(type.Operator.Id, type.Attribute);
    }

    private bool HaveOneOperator(int node, int other)
    {
        if (_graph.TypeNumberOf(node) == _graph.TypeNumberOf(other))
            return true;

        ref readonly NodeType left = ref _graph.TypeOf(node);
        ref readonly NodeType right = ref _graph.TypeOf(other);
        return left.Operator == right.Operator && left.Attribute == right.Attribute && left.Count == right.Count && left.InputCount == right.InputCount;
    }

    private bool HaveEqualInputs(ReadOnlySpan<int> left, ReadOnlySpan<int> right)
    {
        int[] numbers = _numbers;
        for (int i = 0; i < left.Length; i++)
        {
            if (numbers[left[i]] != numbers[right[i]])
                return false;
        }

        for (int i = 0; i < left.Length; i++)
        {
            if (numbers[left[i]] < 0 && left[i] != right[i])
                Integers.AddEqual(_graph.AttributeOf(left[i]), _graph.AttributeOf(right[i]));
        }

        return true;
    }
}
