using BlasNet.Graphs;
using BlasNet.Memory;

namespace BlasNet.Batching;

/// <content>Hoisting: a group that reads all vectors of one stack, some of them more than once, is computed on the stack itself.</content>
internal sealed partial class Batch
{
    private bool[] _isRead = [];   // by vector of a stack

    // Each vector of the stack then counts once, and no operand is copied: the input product of a recurrence is computed once for each distinct word.
    private bool TryHoist(Operator op, ReadOnlySpan<int> group)
    {
        int first = NodeOf(group[0]), slot = SlotOfOnlyVector(op, first);
        if (slot < 0 || !ReadsAllOfOneStack(group, slot, out int stack))
            return false;

        int rows = target.ShapeOf(stack).Rows;
        Shape result = _source.ShapeOf(first);
        _inputs.Clear();
        foreach (int input in _source.InputsOf(first))
            _inputs.Add(_source.IsShared(input) ? Locate(input).Node : stack);

        int node = target.AppendStack(op, _source.AttributeOf(first), Inputs, result, target.CountOf(stack), shared: false);
        foreach (int value in group)
            _places[value] = PlaceOf(InputsOf(value)[slot]).Over(node, rows, result.Rows);

        return true;
    }

    // The operand that differs from example to example; −1 unless there is a single one, a vector, and the result is one vector too.
    private int SlotOfOnlyVector(Operator op, int node)
    {
        if (op.ResultCount > 1 || !_source.ShapeOf(node).IsVector)
            return -1;

        int slot = SlotOfOnlyOwn(node);
        return slot >= 0 && _source.ShapeOf(_source.InputsOf(node)[slot]).IsVector ? slot : -1;
    }

    // The operand that differs from example to example; −1 unless there is a single one.
    private int SlotOfOnlyOwn(int node)
    {
        int slot = -1;
        ReadOnlySpan<int> inputs = _source.InputsOf(node);
        for (int i = 0; i < inputs.Length; i++)
        {
            if (IsShared(inputs[i]))
                continue;

            if (slot >= 0)
                return -1;

            slot = i;
        }

        return slot;
    }

    // A vector that several values read is computed once for them: not where examples are told apart, for it may be zeros that all have.
    private bool ReadsAllOfOneStack(ReadOnlySpan<int> group, int slot, out int stack)
    {
        int first = InputsOf(group[0])[slot];
        stack = PlaceOf(first).Stack;
        return !target.IsShared(stack) && target.ShapeOf(stack) == _source.ShapeOf(first) && AreIn(stack, group, slot, out bool isView, out int length)
            && !isView && length >= target.LengthOf(stack) && (ShareEqual || length == target.LengthOf(stack))
            && AreVectorsOf(stack, group, slot) && AreAllRead(stack, group, slot);
    }

    /// <param name="stack">The stack to read from.</param>
    /// <param name="group">What reads.</param>
    /// <param name="slot">Of which operand.</param>
    /// <param name="isView">Whether what is read lies one after another, so that the operand needs no copy anyway.</param>
    /// <param name="length">Elements that are read in all.</param>
    private bool AreIn(int stack, ReadOnlySpan<int> group, int slot, out bool isView, out int length)
    {
        int end = -1;
        (isView, length) = (true, 0);
        foreach (int value in group)
        {
            int input = InputsOf(value)[slot], own = _source.LengthOf(input);
            LazyGather place = PlaceOf(input);
            if (place.Stack != stack)
                return false;

            isView &= place.IsSlice && (end < 0 || end == place.Offset);
            end = place.Offset + own;
            length = checked(length + own);
        }

        return true;
    }

    private bool AreVectorsOf(int stack, ReadOnlySpan<int> group, int slot)
    {
        var rows = new Divisor(target.ShapeOf(stack).Rows);
        foreach (int value in group)
        {
            LazyGather place = PlaceOf(InputsOf(value)[slot]);
            if (!rows.Divides(place.Offset) || !FetchesVectors(place))
                return false;
        }

        return true;
    }

    // A pattern that counts in vectors of another stack was checked when it was moved to this one.
    private bool FetchesVectors(LazyGather place)
    {
        if (place.Pattern < 0 || place.PatternRows > 0)
            return true;

        Shape shape = _source.ShapeOf(place.Pattern);
        var rows = new Divisor(shape.Rows);
        foreach (ref readonly Move move in _source.MovesOf(place.Pattern))
        {
            if (!move.MovesVectors(rows))
                return false;
        }

        return shape.IsVector;
    }

    // Nothing is computed that no example asks for: it might be √0, whose gradient is 0 · ∞, or the lookup of another table's index.
    private bool AreAllRead(int stack, ReadOnlySpan<int> group, int slot)
    {
        int rows = target.ShapeOf(stack).Rows, count = target.CountOf(stack), read = 0;
        if (_isRead.Length < count)
            _isRead = new bool[Math.Max(count, 2 * _isRead.Length)];

        Array.Clear(_isRead, 0, count);
        foreach (int value in group)
        {
            int input = InputsOf(value)[slot];
            foreach (var (offset, length) in PlaceOf(input).RangesOf(_source, rows, _source.LengthOf(input), Columns))
                read += MarkRead(offset / rows, length / rows);
        }

        return read == count;
    }

    /// <returns>How many of the vectors had not been read before.</returns>
    private int MarkRead(int first, int count)
    {
        int read = 0;
        foreach (ref bool isRead in _isRead.AsSpan(first, count))
        {
            read += isRead ? 0 : 1;
            isRead = true;
        }

        return read;
    }
}
