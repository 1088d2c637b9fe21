using System.Runtime.InteropServices;
using BlasNet.Graphs;
using BlasNet.Memory;
using BlasNet.Operators.Intrinsics;

namespace BlasNet.Batching;

/// <summary>Merges nodes that can run as one: from a minibatch graph to the batched graph.</summary>
/// <remarks>
/// A matrix times each of n vectors becomes a matrix times a stack of n: many GEMV become one GEMM. Operands are brought into stack order
/// by gathers, which are views where they lie in that order already. The result is an ordinary graph over the same data.
/// Time O(N + E) for N nodes and E edges, apart from the choice of the next kind (<see cref="Scheduler"/>).
/// </remarks>
internal sealed partial class Batch : IRewrite
{
    private readonly Signatures _signatures = new();
    private readonly Scheduler _scheduler = new();
    private readonly StackBuilder _runs = new(), _ownRuns = new();
    private readonly List<int> _inputs = [];
    private Place[] _places = [];    // of each unit
    private int[] _leaves = [];      // of each kind of leaf, its node in the target
    private Graph _source = null!;
    private readonly Graph _target;

    // Where a value lies in the target: in a stack, from an element on; several results of a unit, from that position on in the stack of each. Or,
    // with a pattern, it is the vectors of that stack that a gather of the source picks, counted from that element: it becomes a gather of its own
    // where somebody needs it, so that the gathers along a chain are one. Where something has been computed of the whole stack (Picked > 0), the
    // gather picks its vectors as it picked those of this length.
    private readonly record struct Place(int Node, int Offset, int Pattern = -1, int Picked = 0);

    public Batch(Graph target) => _target = target;

    /// <summary>The batched graph.</summary>
    public Graph Target => _target;

    /// <summary>Whether equal values of different examples are computed once.</summary>
    public bool ShareEqual
    {
        get => _signatures.ShareEqual;
        set => _signatures.ShareEqual = value;
    }

    /// <summary>Places of whole numbers whose being equal the batched graph relies on.</summary>
    public IReadOnlyList<(long First, long Second)> Equalities => _signatures.Equalities;

    /// <summary>Where a node of the source has gone: a node of the batched graph and the first element in its stack.</summary>
    /// <remarks>A term of a merged sum has no value of its own any more; its node is −1.</remarks>
    public Location Locate(int node)
    {
        Place place = PlaceOf(node);
        if (place.Pattern >= 0)
        {
            _ownRuns.Clear();
            AddPicked(_ownRuns, place);
            place = new Place(_ownRuns.ToOperand(_source.ShapeOf(node), _source.CountOf(node), _source.IsShared(node)), 0);
            _places[_signatures.Origins[node]] = place;
        }

        return new Location(place.Node, place.Offset);
    }

    /// <summary>Fills the target with the batched graph.</summary>
    public void Run(Graph source, ReadOnlySpan<int> kept = default)
    {
        _source = source;
        _target.ClearFor(source);
        _runs.Begin(_target);
        _ownRuns.Begin(_target);
        _signatures.Run(source);
        if (_places.Length < _signatures.UnitCount)
            _places = new Place[Math.Max(_signatures.UnitCount, 2 * _places.Length)];

        if (_leaves.Length < _signatures.Count)
            _leaves = new int[Math.Max(_signatures.Count, 2 * _leaves.Length)];

        for (int kind = 0; kind < _signatures.Count; kind++)
        {
            if (_signatures.IsLeaf(kind))
                AddLeaf(kind);
        }

        _scheduler.Run(source, _signatures);
        for (int group = 0; group < _scheduler.GroupCount; group++)
            Merge(_scheduler.Group(group));
    }

    // Data lies in its pool in the order in which it was added, so the pool from its first value on is a stack.
    private void AddLeaf(int kind)
    {
        int leaf = _signatures.RepresentativeOf(kind);
        ref readonly NodeType form = ref _source.TypeOf(leaf);
        bool isData = form.Operator.Merging == Merging.Data;
        var (first, end) = isData ? _signatures.PlacesOf(kind) : (_source.AttributeOf(leaf), 0);
        _leaves[kind] = _target.AppendStack(form.Operator, first, [], form.Shape, isData ? checked((int)(end - first)) : form.Count, form.IsShared);
        CopyName(leaf, _leaves[kind]);
    }

    private void Merge(ReadOnlySpan<int> units)
    {
        int first = NodeOf(units[0]);
        Operator op = _source.OperatorOf(first);
        if (op.HasMoves && op.Storage == Storage.Moves)
            MergeGather(units[0]);
        else if (op.Merging == Merging.Reduction && !_source.IsShared(first))
            MergeReductions(units);
        else if (_source.IsShared(first) || op.Merging == Merging.Never)
            MergeDuplicates(op, units);
        else
            MergeStack(op, units);

        if (_places[units[0]] is { Node: >= 0 } place && (place.Pattern < 0 || !op.HasMoves))
            CopyName(first, place.Node);
    }

    private void CopyName(int source, int target)
    {
        if (_source.GivenNameOf(source) is string name)
            _target.SetName(target, name);
    }

    private int NodeOf(int unit) => _signatures.Units[unit];

    private Place PlaceOf(int value)
    {
        int origin = _signatures.Origins[value];
        ref readonly NodeType form = ref _source.TypeOf(value);
        if (origin < 0)
        {
            int leaf = _leaves[~origin];
            return new Place(leaf, form.IsShared ? 0 : checked((int)(_source.AttributeOf(value) - _target.AttributeOf(leaf)) * form.Shape.Size));
        }

        Place place = _places[origin];
        return form.Result == 0 ? place : new Place(place.Node + form.Result, checked(place.Offset * form.Shape.Size));
    }

    // What is the same for all is computed once.
    private void MergeDuplicates(Operator op, ReadOnlySpan<int> units)
    {
        int first = NodeOf(units[0]);
        _inputs.Clear();
        foreach (int input in _source.InputsOf(first))
        {
            _runs.Clear();
            Add(input);
            _inputs.Add(_runs.ToOperand(_source.ShapeOf(input), _source.CountOf(input), _source.IsShared(input)));
        }

        long attribute = _target.AttributeFrom(_source, first);
        int node = _target.AppendWithResults(op, attribute, Inputs, _source.ShapeOf(first), _source.CountOf(first), _source.IsShared(first));
        foreach (int unit in units)
            _places[unit] = new Place(node, 0);
    }

    // A gather is a place in a stack, if what it fetches lies there in order; vectors of a stack, if it fetches from a single one.
    private void MergeGather(int unit)
    {
        int gather = NodeOf(unit);
        ReadOnlySpan<Move> runs = _source.MovesOf(gather);
        ReadOnlySpan<int> inputs = _source.InputsOf(gather);
        Place first = PlaceOf(inputs[0]);
        if (inputs.Length == 1 && first.Pattern < 0)
        {
            _places[unit] = runs is [var run] ? new Place(first.Node, first.Offset + run.Source) : new Place(first.Node, first.Offset, gather);
            return;
        }

        _runs.Clear();
        foreach (Move run in runs)
        {
            var (stack, offset) = Locate(inputs[run.Input]);
            _runs.Add(stack, offset + run.Source, run.Length);
        }

        _places[unit] = _runs.TryGetPlace(out int node, out int place)
            ? new Place(node, place)
            : new Place(_runs.ToOperand(_source.ShapeOf(gather), _source.CountOf(gather), _source.IsShared(gather)), 0);
    }

    private void MergeStack(Operator op, ReadOnlySpan<int> units)
    {
        int first = NodeOf(units[0]);
        if (TryHoist(op, units))
            return;

        bool vectors = _signatures.IsColumnWise(_signatures.UnitKinds[units[0]]) && HasRaggedColumns(units);
        Shape shape = _source.ShapeOf(first);
        int operands = _source.InputsOf(first).Length;
        _inputs.Clear();
        for (int slot = 0; slot < operands; slot++)
        {
            int operand = _source.InputsOf(first)[slot];
            if (_source.IsShared(operand))
            {
                _inputs.Add(Locate(operand).Node);
                continue;
            }

            Shape operandShape = vectors ? new Shape(_source.ShapeOf(operand).Rows) : _source.ShapeOf(operand);
            _runs.Clear();
            foreach (int unit in units)
                Add(_source.InputsOf(NodeOf(unit))[slot]);

            _inputs.Add(_runs.ToOperand(operandShape, _runs.Length / operandShape.Size, shared: false));
        }

        if (op.Merging == Merging.Sum)
        {
            int sum = _target.AppendStack(op, _source.AttributeOf(first), Inputs, shape, 1, shared: false);
            foreach (int unit in units)
                _places[unit] = new Place(-1, 0);

            _places[units[0]] = new Place(sum, 0);
            return;
        }

        if (vectors)
            shape = new Shape(shape.Rows);

        int count = 0, step = op.ResultCount > 1 ? 1 : shape.Size;
        foreach (int unit in units)
        {
            ref readonly NodeType form = ref _source.TypeOf(NodeOf(unit));
            _places[unit] = new Place(_target.Count, checked(count * step));
            count = checked(count + (vectors ? form.Count * form.Shape.Columns : form.Count));
        }

        _target.AppendWithResults(op, _source.AttributeOf(first), Inputs, shape, count, shared: false);
    }

    // The next values of an operand.
    private void Add(int value)
    {
        Place place = PlaceOf(value);
        if (place.Pattern < 0)
            _runs.Add(place.Node, place.Offset, _source.LengthOf(value));
        else
            AddPicked(_runs, place);
    }

    private void AddPicked(StackBuilder operand, Place place)
    {
        int rows = _target.ShapeOf(place.Node).Rows, picked = place.Picked > 0 ? place.Picked : rows;
        var divisor = new Divisor(picked);
        foreach (ref readonly Move run in _source.MovesOf(place.Pattern))
        {
            if (rows == picked)
                operand.Add(place.Node, place.Offset + run.Source, run.Length);
            else
                operand.Add(place.Node, place.Offset + divisor.Divide(run.Source) * rows, divisor.Divide(run.Length) * rows);
        }
    }

    // Values with different numbers of columns are taken column by column; where all agree, they keep their shape.
    private bool HasRaggedColumns(ReadOnlySpan<int> units)
    {
        int first = NodeOf(units[0]), slot = 0;
        ReadOnlySpan<int> inputs = _source.InputsOf(first);
        while (slot < inputs.Length && _source.IsShared(inputs[slot]))
            slot++;

        if (slot == inputs.Length)
            return false;

        int columns = _source.ShapeOf(inputs[slot]).Columns;
        foreach (int unit in units)
        {
            if (_source.ShapeOf(_source.InputsOf(NodeOf(unit))[slot]).Columns != columns)
                return true;
        }

        return false;
    }

    // Sums with any number of terms: one is a total of whole stacks, several are a scatter-add.
    private void MergeReductions(ReadOnlySpan<int> units)
    {
        Shape shape = _source.ShapeOf(NodeOf(units[0]));
        int node;
        _runs.Clear();
        if (units.Length == 1)
        {
            foreach (int term in _source.InputsOf(NodeOf(units[0])))
            {
                var (stack, offset) = Locate(term);
                if (stack >= 0)
                    _runs.Add(stack, offset, _source.LengthOf(term));
            }

            _runs.ToTerms(shape, _inputs);
            node = _target.AppendStack(TotalOperator.Instance, 0, Inputs, shape, 1, shared: false);
        }
        else
        {
            for (int i = 0; i < units.Length; i++)
            {
                foreach (int term in _source.InputsOf(NodeOf(units[i])))
                {
                    var (stack, offset) = Locate(term);
                    for (int value = 0; stack >= 0 && value < _source.CountOf(term); value++)
                        _runs.Add(stack, offset + value * shape.Size, shape.Size, checked(i * shape.Size));
                }
            }

            long attribute = _runs.ToScatter(_inputs);
            node = _target.AppendStack(ScatterAddOperator.Instance, attribute, Inputs, shape, units.Length, shared: false);
        }

        for (int i = 0; i < units.Length; i++)
            _places[units[i]] = new Place(node, checked(i * shape.Size));
    }

    private ReadOnlySpan<int> Inputs => CollectionsMarshal.AsSpan(_inputs);
}
