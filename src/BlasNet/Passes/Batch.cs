using System.Runtime.InteropServices;
using BlasNet.Graphs;
using BlasNet.Graphs.Structure;

namespace BlasNet.Passes;

/// <summary>Merges nodes that can run as one: from a minibatch graph to the batched graph.</summary>
/// <remarks>
/// A matrix times each of n vectors becomes a matrix times a stack of n: many GEMV become one GEMM. Operands are brought into stack order
/// by gathers, which are views where they lie in that order already. The result is an ordinary graph over the same data.
/// Time O(N + E) for N nodes and E edges, apart from the choice of the next kind (<see cref="Agenda"/>).
/// </remarks>
internal sealed partial class Batch
{
    private readonly Signatures _signatures = new();
    private readonly Agenda _agenda = new();
    private readonly OperandRuns _runs = new(), _ownRuns = new();
    private readonly List<int> _inputs = [];
    private Place[] _places = [];   // of each node of the source
    private Graph _source = null!;
    private readonly Graph _target;

    // Where a value lies in the target: in a stack, from an element on. Or, with a pattern, it is the vectors of that stack that a gather of the source
    // picks, counted from that element: it becomes a gather of its own where somebody needs it, so that the gathers along a chain are one. Where
    // something has been computed of the whole stack (Picked > 0), the gather picks its vectors as it picked those of this length.
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
    public (int Node, int Offset) Locate(int node)
    {
        ref Place place = ref _places[_signatures.Canonical[node]];
        if (place.Pattern >= 0)
        {
            _ownRuns.Clear();
            AddPicked(_ownRuns, place);
            place = new Place(_ownRuns.ToOperand(_source.ShapeOf(node), _source.CountOf(node), _source.IsShared(node)), 0);
        }

        return (place.Node, place.Offset);
    }

    /// <summary>Fills the target with the batched graph.</summary>
    public void Run(Graph source)
    {
        _source = source;
        _target.ClearFor(source);
        _runs.Begin(_target);
        _ownRuns.Begin(_target);
        if (_places.Length < source.Count)
            _places = new Place[source.Capacity];

        _signatures.Run(source);
        _agenda.Run(source, _signatures);
        for (int group = 0; group < _agenda.GroupCount; group++)
            Merge(_agenda.Group(group));
    }

    private void Merge(ReadOnlySpan<int> members)
    {
        int first = members[0];
        Operator op = _source.OperatorOf(first);
        if (op.Merging == Merging.Data)
            MergeData(op, members);
        else if (op.HasRuns && op.Storage == Storage.Runs)
            MergeGather(first);
        else if (op.Merging == Merging.Reduction && !_source.IsShared(first))
            MergeReductions(members);
        else if (_source.IsShared(first) || op.Merging == Merging.Never)
            MergeDuplicates(op, members);
        else
            MergeStack(op, members);

        string? name = _source.GivenNameOf(first);
        if (name is not null && _places[first] is { Node: >= 0 } place && (place.Pattern < 0 || !op.HasRuns))
            _target.SetName(place.Node, name);
    }

    // What is the same for all is computed once.
    private void MergeDuplicates(Operator op, ReadOnlySpan<int> members)
    {
        int first = members[0];
        _inputs.Clear();
        foreach (int input in _source.InputsOf(first))
        {
            _runs.Clear();
            Add(input);
            _inputs.Add(_runs.ToOperand(_source.ShapeOf(input), _source.CountOf(input), _source.IsShared(input)));
        }

        long attribute = _target.AttributeFrom(_source, first);
        int node = _target.AppendWithResults(op, attribute, Inputs, _source.ShapeOf(first), _source.CountOf(first), _source.IsShared(first));
        int results = op.ResultCount;
        foreach (int member in members)
            SetPlace(member, results, node, 0);
    }

    // A gather is a place in a stack, if what it fetches lies there in order; vectors of a stack, if it fetches from a single one.
    private void MergeGather(int gather)
    {
        ReadOnlySpan<Run> runs = _source.RunsOf(gather);
        ReadOnlySpan<int> inputs = _source.InputsOf(gather);
        Place first = _places[_signatures.Canonical[inputs[0]]];
        if (inputs.Length == 1 && first.Pattern < 0)
        {
            _places[gather] = runs is [var run] ? new Place(first.Node, first.Offset + run.Source) : new Place(first.Node, first.Offset, gather);
            return;
        }

        _runs.Clear();
        foreach (Run run in runs)
        {
            var (stack, offset) = Locate(inputs[run.Input]);
            _runs.Add(stack, offset + run.Source, run.Length);
        }

        _places[gather] = _runs.TryGetPlace(out int node, out int place)
            ? new Place(node, place)
            : new Place(_runs.ToOperand(_source.ShapeOf(gather), _source.CountOf(gather), _source.IsShared(gather)), 0);
    }

    // A node's place in a stack, and those of its results, which are the nodes after it here as there.
    private void SetPlace(int member, int results, int stack, int index)
    {
        _places[member] = new Place(stack, checked(index * _source.ShapeOf(member).Size));
        for (int result = 1; results > 1 && result <= results; result++)
            _places[member + result] = new Place(stack + result, checked(index * _source.ShapeOf(member + result).Size));
    }

    // Data lies in its pool in the order in which it was added, so the pool from its first value on is a stack.
    private void MergeData(Operator op, ReadOnlySpan<int> members)
    {
        Shape shape = _source.ShapeOf(members[0]);
        long first = long.MaxValue, end = 0;
        foreach (int member in members)
        {
            long place = _source.AttributeOf(member);
            (first, end) = (Math.Min(first, place), Math.Max(end, place + _source.CountOf(member)));
        }

        int node = _target.AppendStack(op, first, [], shape, checked((int)(end - first)), shared: false);
        foreach (int member in members)
            _places[member] = new Place(node, checked((int)(_source.AttributeOf(member) - first) * shape.Size));
    }

    private void MergeStack(Operator op, ReadOnlySpan<int> members)
    {
        int first = members[0];
        if (TryHoist(op, members))
            return;

        bool vectors = _signatures.IsColumnWise(first) && HasRaggedColumns(members);
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
            foreach (int member in members)
                Add(_source.InputsOf(member)[slot]);

            _inputs.Add(_runs.ToOperand(operandShape, _runs.Length / operandShape.Size, shared: false));
        }

        if (op.Merging == Merging.Sum)
        {
            int sum = _target.AppendStack(op, _source.AttributeOf(first), Inputs, shape, 1, shared: false);
            foreach (int member in members)
                _places[member] = new Place(-1, 0);

            _places[first] = new Place(sum, 0);
            return;
        }

        int count = 0;
        foreach (int member in members)
            count = checked(count + (vectors ? _source.CountOf(member) * _source.ShapeOf(member).Columns : _source.CountOf(member)));

        if (vectors)
            shape = new Shape(shape.Rows);

        int node = _target.AppendWithResults(op, _source.AttributeOf(first), Inputs, shape, count, shared: false);
        int results = op.ResultCount, index = 0;
        foreach (int member in members)
        {
            if (vectors)
                _places[member] = new Place(node, checked(index * shape.Size));
            else
                SetPlace(member, results, node, index);

            index += vectors ? _source.LengthOf(member) / shape.Size : _source.CountOf(member);
        }
    }

    // The next values of an operand.
    private void Add(int value)
    {
        Place place = _places[_signatures.Canonical[value]];
        if (place.Pattern < 0)
            _runs.Add(place.Node, place.Offset, _source.LengthOf(value));
        else
            AddPicked(_runs, place);
    }

    private void AddPicked(OperandRuns operand, Place place)
    {
        int rows = _target.ShapeOf(place.Node).Rows, picked = place.Picked > 0 ? place.Picked : rows;
        foreach (Run run in _source.RunsOf(place.Pattern))
        {
            if (rows == picked)
                operand.Add(place.Node, place.Offset + run.Source, run.Length);
            else
                operand.Add(place.Node, place.Offset + run.Source / picked * rows, run.Length / picked * rows);
        }
    }

    // Values with different numbers of columns are taken column by column; where all agree, they keep their shape.
    private bool HasRaggedColumns(ReadOnlySpan<int> members)
    {
        int first = members[0], slot = 0;
        ReadOnlySpan<int> inputs = _source.InputsOf(first);
        while (slot < inputs.Length && _source.IsShared(inputs[slot]))
            slot++;

        if (slot == inputs.Length)
            return false;

        int columns = _source.ShapeOf(inputs[slot]).Columns;
        foreach (int member in members)
        {
            if (_source.ShapeOf(_source.InputsOf(member)[slot]).Columns != columns)
                return true;
        }

        return false;
    }

    // Sums with any number of terms: one is a total of whole stacks, several are a scatter-add.
    private void MergeReductions(ReadOnlySpan<int> members)
    {
        Shape shape = _source.ShapeOf(members[0]);
        int node;
        _runs.Clear();
        if (members.Length == 1)
        {
            foreach (int term in _source.InputsOf(members[0]))
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
            for (int i = 0; i < members.Length; i++)
            {
                foreach (int term in _source.InputsOf(members[i]))
                {
                    var (stack, offset) = Locate(term);
                    for (int value = 0; stack >= 0 && value < _source.CountOf(term); value++)
                        _runs.Add(stack, offset + value * shape.Size, shape.Size, checked(i * shape.Size));
                }
            }

            long attribute = _runs.ToScatter(_inputs);
            node = _target.AppendStack(ScatterAddOperator.Instance, attribute, Inputs, shape, members.Length, shared: false);
        }

        for (int i = 0; i < members.Length; i++)
            _places[members[i]] = new Place(node, checked(i * shape.Size));
    }

    private ReadOnlySpan<int> Inputs => CollectionsMarshal.AsSpan(_inputs);
}
