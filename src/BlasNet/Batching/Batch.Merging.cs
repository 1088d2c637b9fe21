using BlasNet.Graphs;
using BlasNet.Graphs.Functions;
using BlasNet.Operators.Intrinsics;

namespace BlasNet.Batching;

/// <content>A group becomes one node, by how its operator merges.</content>
internal sealed partial class Batch
{
    private void Merge(ReadOnlySpan<int> group)
    {
        int first = NodeOf(group[0]);
        Operator op = _source.OperatorOf(first);
        _hasNumbers = _signatures.HasNumbers(_signatures.OfValues[group[0]]);
        if (op.HasMoves && op.Storage == Storage.Moves)
            MergeGather(group[0]);
        else if (op.Traits.MovesColumns && !_source.IsShared(first))
            MergeColumnMoves(op, group);
        else if (op is RecurrenceOperator { Body: var recurrence })
            MergeRecurrences(recurrence, group);
        else if (op.Merging == Merging.Reduction && !_source.IsShared(first))
            MergeReductions(group);
        else if (_source.IsShared(first) || op.Merging == Merging.Never)
            MergeDuplicates(op, group);
        else if (op.Merging == Merging.Sum)
            MergeTerms(op, group);
        else
            MergeValues(op, group);

        if (!op.Traits.MovesColumns && op is not RecurrenceOperator && _places[group[0]] is { Stack: >= 0 } place && (place.IsSlice || !op.HasMoves))
            target.TakeName(place.Stack, _source, first);
    }

    // A gather from one stack is not made before something needs it as a node.
    private void MergeGather(int value)
    {
        int gather = NodeOf(value);
        ReadOnlySpan<int> inputs = _source.InputsOf(gather);
        if (inputs.Length == 1 && PlaceOf(inputs[0]).TryCompose(_source, gather, out LazyGather place))
        {
            _places[value] = place;
            return;
        }

        _operand.Clear();
        foreach (Move move in _source.MovesOf(gather))
        {
            var (stack, offset) = Locate(inputs[move.Input]);
            _operand.Add(stack, offset + move.Source, move.Length);
        }

        _places[value] = _operand.TryGetSlice(out LazyGather slice) ? slice : new LazyGather(ToOperand(gather), 0);
    }

    // What is the same for all examples, or never merges, is computed once.
    private void MergeDuplicates(Operator op, ReadOnlySpan<int> group)
    {
        int first = NodeOf(group[0]);
        _inputs.Clear();
        foreach (int input in _source.InputsOf(first))
        {
            _operand.Clear();
            AddToOperand(input);
            _inputs.Add(ToOperand(input));
        }

        long attribute = target.AttributeFrom(_source, first);
        int node = Rewriter.Append(target, _source, first, op, attribute, Inputs, _source.CountOf(first), _source.IsShared(first));
        foreach (int value in group)
            _places[value] = new LazyGather(node, 0);
    }

    // Terms of one sum that add up over a stack become one term: Σ dy·xᵀ over all values. The others have no value of their own.
    private void MergeTerms(Operator op, ReadOnlySpan<int> group)
    {
        int first = NodeOf(group[0]);
        if (AreRagged(group))
            CollectColumns(group);
        else
            CollectOperands(group);

        int sum = target.AppendStack(op, _source.AttributeOf(first), Inputs, _source.ShapeOf(first), 1, shared: false);
        foreach (int value in group)
        {
            _places[value] = new LazyGather(-1, 0);
            if (group.Length > 1)
                _merged.Add(value);
        }

        _places[group[0]] = new LazyGather(sum, 0);
    }

    private void MergeValues(Operator op, ReadOnlySpan<int> group)
    {
        bool isColumnWise = _signatures.IsColumnWise(_signatures.OfValues[group[0]]);
        if (isColumnWise && TryShareColumns(op, group))
            return;

        if (AreRagged(group))
        {
            if (isColumnWise)
                MergeColumns(op, group);
            else
                MergeSegments(op, group);
        }
        else if (!TryHoist(op, group))
        {
            MergeStack(op, group);
        }
    }

    private void MergeStack(Operator op, ReadOnlySpan<int> group)
    {
        int first = NodeOf(group[0]), count = 0;
        CollectOperands(group);
        Shape shape = _source.ShapeOf(first);
        int step = op.ResultCount > 1 ? 1 : shape.Size;
        foreach (int value in group)
        {
            _places[value] = new LazyGather(target.Count, checked(count * step));
            count = checked(count + _source.CountOf(NodeOf(value)));
        }

        target.AppendWithResults(op, _source.AttributeOf(first), Inputs, shape, count, shared: false);
    }

    // N-ary sums of any number of terms: one is a total of whole stacks, several are a scatter-add.
    private void MergeReductions(ReadOnlySpan<int> group)
    {
        Shape shape = _source.ShapeOf(NodeOf(group[0]));
        int node = group.Length == 1 ? Total(group[0], shape) : ScatterAdd(group, shape);
        for (int i = 0; i < group.Length; i++)
            _places[group[i]] = new LazyGather(node, checked(i * shape.Size));
    }

    private int Total(int value, Shape shape)
    {
        _operand.Clear();
        foreach (int term in InputsOf(value))
        {
            var (stack, offset) = Locate(term);
            if (stack >= 0)
                _operand.AddAt(_operand.Length, stack, offset, _source.LengthOf(term));
        }

        _operand.ToTerms(shape, _inputs);
        return target.AppendStack(TotalOperator.Instance, 0, Inputs, shape, 1, shared: false);
    }

    private int ScatterAdd(ReadOnlySpan<int> group, Shape shape)
    {
        _operand.Clear();
        for (int i = 0; i < group.Length; i++)
        {
            foreach (int term in InputsOf(group[i]))
            {
                var (stack, offset) = Locate(term);
                for (int n = 0; stack >= 0 && n < _source.CountOf(term); n++)
                    _operand.AddAt(checked(i * shape.Size), stack, offset + n * shape.Size, shape.Size);
            }
        }

        long attribute = _operand.ToScatter(_inputs);
        return target.AppendStack(ScatterAddOperator.Instance, attribute, Inputs, shape, group.Length, shared: false);
    }

    // The inputs of the merged node: of each operand that differs from example to example, the stack of all.
    private void CollectOperands(ReadOnlySpan<int> group)
    {
        ReadOnlySpan<int> first = InputsOf(group[0]);
        _inputs.Clear();
        for (int slot = 0; slot < first.Length; slot++)
        {
            if (IsShared(first[slot]))
            {
                _inputs.Add(Locate(first[slot]).Node);
                continue;
            }

            _operand.Clear();
            if (IsStackedNumber(_source.TypeOf(first[slot])))
                CollectNumbers(group, slot);
            else
                CollectOperand(group, slot);

            Shape shape = _source.ShapeOf(first[slot]);
            _inputs.Add(_operand.ToOperand(shape, _operand.Length / shape.Size, shared: false));
        }
    }

    private void CollectNumbers(ReadOnlySpan<int> group, int slot)
    {
        foreach (int value in group)
            AddNumber(InputsOf(value)[slot], _source.CountOf(NodeOf(value)));
    }

    // What AddToOperand does for one input, for 64 at a time, and each look-up for all of them before the next: a group's values lie far apart in a large
    // graph, and so the processor waits for many of them at once.
    private void CollectOperand(ReadOnlySpan<int> group, int slot)
    {
        const int Chunk = 64;
        Span<int> inputs = stackalloc int[Chunk], values = stackalloc int[Chunk];
        ReadOnlySpan<int> nodes = _numbering.Nodes, valueOf = _numbering.Values;
        for (; !group.IsEmpty; group = group[Math.Min(Chunk, group.Length)..])
        {
            int count = Math.Min(Chunk, group.Length);
            for (int i = 0; i < count; i++)
                inputs[i] = nodes[group[i]];

            for (int i = 0; i < count; i++)
                inputs[i] = _source.InputsOf(inputs[i])[slot];

            for (int i = 0; i < count; i++)
                values[i] = valueOf[inputs[i]];

            AddToOperand(inputs[..count], values);
        }
    }

    private void AddToOperand(ReadOnlySpan<int> inputs, ReadOnlySpan<int> values)
    {
        (int lastType, int length) = (-1, 0);
        NodeType type = default!;
        for (int i = 0; i < inputs.Length; i++)
        {
            int typeNumber = _source.TypeNumberOf(inputs[i]);
            if (typeNumber != lastType)
            {
                type = _source.TypeAt(typeNumber);
                (lastType, length) = (typeNumber, type.Length);
            }

            if (values[i] < 0 || !_places[values[i]].IsSlice)
            {
                AddToOperand(inputs[i]);
                continue;
            }

            LazyGather place = PlaceOfResult(_places[values[i]], type);
            _operand.Add(place.Stack, place.Offset, length);
        }
    }

    private void AddToOperand(int node) => PlaceOf(node).AddTo(_operand, _source, _source.LengthOf(node), Columns);

    private void AddNumber(int input, int times)
    {
        var (stack, offset) = Locate(input);
        for (int i = 0; i < times; i++)
            _operand.Add(stack, offset, 1);
    }

    private int ToOperand(int node) => _operand.ToOperand(_source.ShapeOf(node), _source.CountOf(node), _source.IsShared(node));
}
