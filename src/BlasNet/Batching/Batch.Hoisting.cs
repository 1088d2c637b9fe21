using BlasNet.Graphs;
using BlasNet.Memory;

namespace BlasNet.Batching;

/// <content>What is read of one stack, maybe more than once, is computed on that stack.</content>
internal sealed partial class Batch
{
    private bool[] _isRead = [];   // of a stack's vectors

    // What the members read of one stack, all of it and some more than once, is computed on that stack: then each of its values counts once, and no
    // operand is copied. The input product of a recurrence is computed once for each word of the vocabulary that occurs.
    private bool TryHoist(Operator op, ReadOnlySpan<int> units)
    {
        int first = NodeOf(units[0]), slot = -1;
        ReadOnlySpan<int> inputs = _source.InputsOf(first);
        Shape result = _source.ShapeOf(first);
        if (op.Merging != Merging.Stack || op.ResultCount > 1 || !result.IsVector)
            return false;

        for (int i = 0; i < inputs.Length; i++)
        {
            if (_source.IsShared(inputs[i]))
                continue;

            if (slot >= 0 || !_source.ShapeOf(inputs[i]).IsVector)
                return false;

            slot = i;
        }

        if (slot < 0 || !ReadsVectorsOfOneStack(units, slot, out int source))
            return false;

        int rows = _target.ShapeOf(source).Rows;
        _inputs.Clear();
        foreach (int input in inputs)
            _inputs.Add(_source.IsShared(input) ? Locate(input).Node : source);

        int node = _target.AppendStack(op, _source.AttributeOf(first), Inputs, result, _target.CountOf(source), shared: false);
        foreach (int unit in units)
        {
            Place place = PlaceOf(_source.InputsOf(NodeOf(unit))[slot]);
            _places[unit] = new Place(node, checked(place.Offset / rows * result.Rows), place.Pattern, place.Picked > 0 ? place.Picked : rows);
        }

        return true;
    }

    // Whole vectors, at least as many as the stack has, not simply one after another: then the operand would be a view.
    private bool ReadsVectorsOfOneStack(ReadOnlySpan<int> units, int slot, out int source)
    {
        int first = _source.InputsOf(NodeOf(units[0]))[slot];
        Shape shape = _source.ShapeOf(first);
        source = PlaceOf(first).Node;
        if (_target.ShapeOf(source) != shape)
            return false;

        var rows = new Divisor(shape.Rows);
        int length = 0, end = -1;
        bool isView = true;
        foreach (int unit in units)
        {
            int input = _source.InputsOf(NodeOf(unit))[slot];
            Place place = PlaceOf(input);
            if (place.Node != source || !rows.Divides(place.Offset) || !PicksVectors(place))
                return false;

            isView &= place.Pattern < 0 && (end < 0 || end == place.Offset);
            end = place.Offset + _source.LengthOf(input);
            length = checked(length + _source.LengthOf(input));
        }

        return !isView && _target.LengthOf(source) <= length && ReadsAll(units, slot, source);
    }

    // Nothing is computed that no example asks for: it might be the square root of 0, whose gradient is 0 · ∞, or a lookup by another table's index.
    private bool ReadsAll(ReadOnlySpan<int> units, int slot, int source)
    {
        int rows = _target.ShapeOf(source).Rows, count = _target.CountOf(source), read = 0;
        if (_isRead.Length < count)
            _isRead = new bool[Math.Max(count, 2 * _isRead.Length)];

        Array.Clear(_isRead, 0, count);
        foreach (int unit in units)
        {
            int input = _source.InputsOf(NodeOf(unit))[slot];
            Place place = PlaceOf(input);
            if (place.Pattern < 0)
            {
                read += MarkRead(place.Offset / rows, _source.LengthOf(input) / rows);
                continue;
            }

            var picked = new Divisor(place.Picked > 0 ? place.Picked : rows);
            foreach (ref readonly Move run in _source.MovesOf(place.Pattern))
                read += MarkRead(place.Offset / rows + picked.Divide(run.Source), picked.Divide(run.Length));
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

    private bool PicksVectors(Place place)
    {
        if (place.Pattern < 0 || place.Picked > 0)
            return true;

        Shape picked = _source.ShapeOf(place.Pattern);
        var rows = new Divisor(picked.Rows);
        foreach (Move run in _source.MovesOf(place.Pattern))
        {
            if (!run.MovesVectors(rows))
                return false;
        }

        return picked.IsVector;
    }
}
