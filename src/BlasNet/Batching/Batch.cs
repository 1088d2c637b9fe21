using System.Runtime.InteropServices;
using BlasNet.Graphs;

namespace BlasNet.Batching;

/// <summary>Merges nodes that can run as one: from a minibatch graph to the batched graph.</summary>
/// <remarks>
/// A matrix times each of n vectors becomes a matrix times a stack of n: many GEMV become one GEMM. Operands are brought into stack order
/// by gathers, which are views where they lie in that order already. The result is an ordinary graph over the same data.
/// In: any graph. Out: a graph of the same values, and for each node of the source its place there. <see cref="ValueNumbering"/> finds what is computed
/// once, <see cref="Signatures"/> what can be merged, <see cref="Scheduler"/> the groups and their order; each group becomes one node here.
/// Verify checks that each input is a stack of the node's count or one value for all of it, and that a gather's moves cover its output once.
/// Time O(N + E) for N nodes and E edges, apart from the choice of the next group.
/// </remarks>
/// <param name="target">Receives the batched graph.</param>
/// <param name="integers">Receives the facts that it relies on, in addition to those that are there; null where nobody asks.</param>
internal sealed partial class Batch(Graph target, IntegerFacts? integers = null) : IRewrite
{
    private readonly ValueNumbering _numbering = new() { Integers = integers ?? new() };
    private readonly Signatures _signatures = new();
    private readonly Scheduler _scheduler = new();
    private readonly StackBuilder _operand = new(), _materialized = new();
    private readonly List<int> _inputs = [];
    private readonly List<int> _columns = [];   // lists of vectors of a stack, in the order of a value's columns
    private LazyGather[] _places = [];   // by value; of an operator with several results, an offset of n stands for the n-th value of each result's stack
    private readonly HashSet<int> _merged = [];   // values that are terms of merged sums
    private readonly List<int> _leaves = [];   // by leaf: its node in the target
    private Graph _source = null!;
    private bool _hasNumbers;   // of the group at hand: its constant numbers differ
    private int _numbers;       // their stack in the target; −1 before there is one

    /// <summary>The batched graph.</summary>
    public Graph Target => target;

    /// <summary>Whether equal values of different examples are computed once.</summary>
    public bool ShareEqual
    {
        get => _numbering.ShareEqual;
        set => _numbering.ShareEqual = value;
    }

    /// <inheritdoc cref="Signatures.NumbersApart"/>
    public int NumbersApart
    {
        get => _signatures.NumbersApart;
        set => _signatures.NumbersApart = value;
    }

    private ReadOnlySpan<int> Inputs => CollectionsMarshal.AsSpan(_inputs);

    private ReadOnlySpan<int> Columns => CollectionsMarshal.AsSpan(_columns);

    /// <summary>Fills the target with the batched graph.</summary>
    /// <param name="source">Any graph.</param>
    /// <param name="kept">Nodes that keep a value of their own, though they are terms of a sum; all others but such terms have one anyway.</param>
    public void Run(Graph source, ReadOnlySpan<int> kept = default)
    {
        _source = source;
        target.ClearFor(source);
        _operand.Begin(target);
        _materialized.Begin(target);
        _columns.Clear();
        _merged.Clear();
        _numbers = -1;
        _numbering.Run(source);
        _signatures.Run(source, _numbering, kept);
        if (_places.Length < _numbering.Count)
            _places = new LazyGather[Math.Max(_numbering.Count, 2 * _places.Length)];

        AddLeaves();
        _scheduler.Run(source, _numbering, _signatures);
        for (int group = 0; group < _scheduler.GroupCount; group++)
            Merge(_scheduler.Group(group));

        _hasNumbers = false;
    }

    /// <summary>Where a node of the source has gone: a node of the batched graph and the first element in its stack.</summary>
    /// <remarks>Terms that were merged have no values of their own: the first one's place is that of all together, the node of the others is −1.</remarks>
    public Location Locate(int node)
    {
        LazyGather place = PlaceOf(node);
        if (!place.IsSlice)
        {
            place = place.Materialize(_materialized, _source, node, Columns);
            if (_source.TypeOf(node).Result == 0)
                _places[_numbering.Values[node]] = place;
        }

        return new Location(place.Stack, place.Offset);
    }

    /// <summary>Whether a node is a term that was merged with others of its sum, and so has no value of its own.</summary>
    public bool IsMergedTerm(int node) => _merged.Contains(_numbering.Values[node]);

    /// <summary>Where a node of the source has gone, if its value lies in one piece; nothing is added to the batched graph.</summary>
    public bool TryLocate(int node, out Location location)
    {
        LazyGather place = PlaceOf(node);
        location = new Location(place.Stack, place.Offset);
        return place is { IsSlice: true, Stack: >= 0 } && !IsMergedTerm(node);
    }

    // Data lies in its pool in the order in which it was added, so the pool from its first column on is a stack.
    private void AddLeaves()
    {
        _leaves.Clear();
        foreach (var (node, first, end) in _numbering.Leaves)
        {
            ref readonly NodeType type = ref _source.TypeOf(node);
            bool isData = type.Operator.Merging == Merging.Data;
            int count = isData ? checked((int)(end - first)) : type.Count;
            int leaf = target.AppendStack(type.Operator, first, [], isData ? new Shape(type.Shape.Rows) : type.Shape, count, type.IsShared);
            _leaves.Add(leaf);
            target.TakeName(leaf, _source, node);
        }
    }

    // Whether all values of the group at hand read the same of this operand.
    private bool IsShared(int input) => _source.IsShared(input) && !IsStackedNumber(_source.TypeOf(input));

    private bool IsStackedNumber(in NodeType type) => _hasNumbers && MergeRules.IsNumber(type);

    // The pool of all constants of one row is a stack of numbers.
    private int Numbers()
    {
        if (_numbers < 0)
        {
            long pool = _source.AttributeOf(_numbering.Leaves.Find(leaf => MergeRules.IsNumber(_source.TypeOf(leaf.Node))).Node) & ~(long)uint.MaxValue;
            _numbers = target.AppendStack(
                InputOperator.Instance, pool, [], Shape.Scalar, _source.Data.CountOf(ConstantOperator.Instance, rows: 1), shared: false);
        }

        return _numbers;
    }

    private int NodeOf(int value) => _numbering.Nodes[value];

    private ReadOnlySpan<int> InputsOf(int value) => _source.InputsOf(NodeOf(value));

    private LazyGather PlaceOf(int node)
    {
        int value = _numbering.Values[node];
        ref readonly NodeType type = ref _source.TypeOf(node);
        if (value < 0)
        {
            if (IsStackedNumber(type))
                return new LazyGather(Numbers(), (int)_source.AttributeOf(node));

            int leaf = _leaves[~value];
            return new LazyGather(leaf, type.IsShared ? 0 : checked((int)(_source.AttributeOf(node) - target.AttributeOf(leaf)) * type.Shape.Rows));
        }

        return PlaceOfResult(_places[value], type);
    }

    // From the place of a value to that of a node that is it, or one of its results.
    private static LazyGather PlaceOfResult(in LazyGather place, in NodeType type) => type.Result == 0 ? place
        : place with { Stack = place.Stack + type.Result, Offset = checked(place.Offset * type.Shape.Size) };
}
