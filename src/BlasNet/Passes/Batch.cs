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
internal sealed class Batch
{
    private readonly Signatures _signatures = new();
    private readonly Agenda _agenda = new();
    private readonly OperandRuns _runs = new(), _memberRuns = new();
    private readonly List<int> _inputs = [];
    private readonly List<Run> _sorted = [];
    private int[] _node = [], _offset = [];   // of each source node: its stack in the target, and its first element there
    private Graph _source = null!;
    private readonly Graph _target;

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
        node = _signatures.Canonical[node];
        return (_node[node], _offset[node]);
    }

    /// <summary>Fills the target with the batched graph.</summary>
    public void Run(Graph source)
    {
        _source = source;
        _target.ClearFor(source);
        _runs.Begin(_target);
        _memberRuns.Begin(_target);
        if (_node.Length < source.Count)
            (_node, _offset) = (new int[source.Capacity], new int[source.Capacity]);

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
        if (name is not null && _node[first] >= 0)
            _target.SetName(_node[first], name);
    }

    // What is the same for all is computed once.
    private void MergeDuplicates(Operator op, ReadOnlySpan<int> members)
    {
        int first = members[0];
        _inputs.Clear();
        foreach (int input in _source.InputsOf(first))
        {
            var (stack, offset) = Locate(input);
            _runs.Clear();
            _runs.Add(stack, offset, _source.LengthOf(input));
            _inputs.Add(_runs.ToOperand(_source.ShapeOf(input), _source.CountOf(input), _source.IsShared(input)));
        }

        long attribute = _target.AttributeFrom(_source, first);
        int node = _target.AppendWithResults(op, attribute, Inputs, _source.ShapeOf(first), _source.CountOf(first), _source.IsShared(first));
        foreach (int member in members)
            Place(member, node, 0);
    }

    // A gather of what lies in order already is a place in a stack.
    private void MergeGather(int gather)
    {
        ReadOnlySpan<Run> runs = _source.RunsOf(gather);
        ReadOnlySpan<int> inputs = _source.InputsOf(gather);
        if (!InOrder(runs))
        {
            _sorted.Clear();
            _sorted.AddRange(runs);
            _sorted.Sort(static (a, b) => a.Target.CompareTo(b.Target));
            runs = CollectionsMarshal.AsSpan(_sorted);
        }

        _runs.Clear();
        foreach (Run run in runs)
        {
            var (stack, offset) = Locate(inputs[run.Input]);
            _runs.Add(stack, offset + run.Source, run.Length);
        }

        (_node[gather], _offset[gather]) = _runs.TryGetPlace(out int node, out int place)
            ? (node, place)
            : (_runs.ToOperand(_source.ShapeOf(gather), _source.CountOf(gather), _source.IsShared(gather)), 0);
    }

    private static bool InOrder(ReadOnlySpan<Run> runs)
    {
        for (int i = 1; i < runs.Length; i++)
        {
            if (runs[i].Target < runs[i - 1].Target)
                return false;
        }

        return true;
    }

    // A node's place in a stack, and those of its results, which are the nodes after it here as there.
    private void Place(int member, int stack, int index)
    {
        Operator op = _source.OperatorOf(member);
        (_node[member], _offset[member]) = (stack, checked(index * _source.ShapeOf(member).Size));
        for (int result = 1; op.ResultCount > 1 && result <= op.ResultCount; result++)
            (_node[member + result], _offset[member + result]) = (stack + result, checked(index * _source.ShapeOf(member + result).Size));
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
            (_node[member], _offset[member]) = (node, checked((int)(_source.AttributeOf(member) - first) * shape.Size));
    }

    private void MergeStack(Operator op, ReadOnlySpan<int> members)
    {
        int first = members[0];
        if (TryHoist(op, members))
            return;

        bool vectors = HasRaggedColumns(members);
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

            Shape operandShape = _source.ShapeOf(operand);
            int length = CollectOperand(members, slot);
            if (vectors)
                operandShape = new Shape(operandShape.Rows);

            _inputs.Add(_runs.ToOperand(operandShape, length / operandShape.Size, shared: false));
        }

        if (op.Merging == Merging.Sum)
        {
            int sum = _target.AppendStack(op, _source.AttributeOf(first), Inputs, shape, 1, shared: false);
            foreach (int member in members)
                (_node[member], _offset[member]) = (-1, 0);

            _node[first] = sum;
            return;
        }

        int total = 0;
        foreach (int member in members)
            total = checked(total + _source.LengthOf(member));

        if (vectors)
            shape = new Shape(shape.Rows);

        int node = _target.AppendWithResults(op, _source.AttributeOf(first), Inputs, shape, total / shape.Size, shared: false);
        int index = 0;
        foreach (int member in members)
        {
            if (vectors)
                (_node[member], _offset[member]) = (node, index * shape.Size);
            else
                Place(member, node, index);

            index += _source.LengthOf(member) / shape.Size;
        }
    }

    // Where one operand of the members lies, in their order, as runs; returns how many elements it has.
    private int CollectOperand(ReadOnlySpan<int> members, int slot)
    {
        _runs.Clear();
        int length = 0;
        foreach (int member in members)
        {
            int input = _source.InputsOf(member)[slot];
            var (stack, offset) = Locate(input);
            _runs.Add(stack, offset, _source.LengthOf(input));
            length = checked(length + _source.LengthOf(input));
        }

        return length;
    }

    // What the members read of one stack, some of it more than once, is computed on that stack: then each of its values counts once, and no
    // operand is copied. The input product of a recurrence is computed once for each word of the vocabulary that occurs.
    private bool TryHoist(Operator op, ReadOnlySpan<int> members)
    {
        int first = members[0], slot = -1;
        ReadOnlySpan<int> inputs = _source.InputsOf(first);
        if (op.Merging != Merging.Stack || op.ResultCount > 1 || !_source.ShapeOf(first).IsVector)
            return false;

        for (int i = 0; i < inputs.Length; i++)
        {
            if (_source.IsShared(inputs[i]))
                continue;

            if (slot >= 0 || !_source.ShapeOf(inputs[i]).IsVector)
                return false;

            slot = i;
        }

        if (slot < 0)
            return false;

        Shape shape = _source.ShapeOf(inputs[slot]);
        int length = CollectOperand(members, slot);
        int source = _runs.SingleSource(shape);
        if (source < 0 || _runs.TryGetPlace(out _, out _) || _target.LengthOf(source) > length)
            return false;

        _inputs.Clear();
        foreach (int input in inputs)
            _inputs.Add(_source.IsShared(input) ? Locate(input).Node : source);

        Shape result = _source.ShapeOf(first);
        int node = _target.AppendStack(op, _source.AttributeOf(first), Inputs, result, _target.CountOf(source), shared: false);
        foreach (int member in members)
            PlaceHoisted(member, slot, node, result.Rows, shape.Rows);

        return true;
    }

    private void PlaceHoisted(int member, int slot, int node, int rows, int inputRows)
    {
        int input = _source.InputsOf(member)[slot];
        var (stack, offset) = Locate(input);
        _memberRuns.Clear();
        _memberRuns.AddScaled(stack, offset, _source.LengthOf(input), node, rows, inputRows);
        (_node[member], _offset[member]) = _memberRuns.TryGetPlace(out int place, out int start)
            ? (place, start)
            : (_memberRuns.ToOperand(_source.ShapeOf(member), _source.CountOf(member), shared: false), 0);
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
            (_node[members[i]], _offset[members[i]]) = (node, checked(i * shape.Size));
    }

    private ReadOnlySpan<int> Inputs => CollectionsMarshal.AsSpan(_inputs);
}
