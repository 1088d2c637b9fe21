using System.Runtime.InteropServices;
using BlasNet.Graphs;

namespace BlasNet.Batching;

/// <content>Ragged groups: values of one number of rows, but of different numbers of columns.</content>
/// <remarks>They become a stack of all their columns. A column-wise operator runs on it as on any stack of vectors; for another one there may be an
/// operator over segments, which is given the list of the values' numbers of columns. Columns that only move become no node, or one gather.</remarks>
internal sealed partial class Batch
{
    private readonly List<int> _lengths = [];

    private bool AreRagged(ReadOnlySpan<int> group)
    {
        if (!_signatures.MayBeRagged(_signatures.OfValues[group[0]]))
            return false;

        int first = NodeOf(group[0]);
        foreach (int value in group[1..])
        {
            int node = NodeOf(value);
            if (_source.ShapeOf(node).Columns != _source.ShapeOf(first).Columns || _source.AttributeOf(node) != _source.AttributeOf(first)
                || !HaveColumnsAlike(_source.InputsOf(first), _source.InputsOf(node)))
                return true;
        }

        return false;
    }

    private bool HaveColumnsAlike(ReadOnlySpan<int> left, ReadOnlySpan<int> right)
    {
        for (int i = 0; i < left.Length; i++)
        {
            if (_source.ShapeOf(left[i]).Columns != _source.ShapeOf(right[i]).Columns)
                return false;
        }

        return true;
    }

    // A column-wise operator on the stack of all columns.
    private void MergeColumns(Operator op, ReadOnlySpan<int> group)
    {
        int first = NodeOf(group[0]);
        CollectColumns(group);
        int count = PlaceColumns(group, target.Count);
        target.AppendStack(op, op.ColumnAttribute(_source.AttributeOf(first)), Inputs, new Shape(_source.ShapeOf(first).Rows), count, shared: false);
    }

    // An operator that must know which value a column belongs to gets a list of the values' numbers of columns.
    private void MergeSegments(Operator op, ReadOnlySpan<int> group)
    {
        int first = NodeOf(group[0]);
        CollectColumns(group, repeats: false);
        _lengths.Clear();
        foreach (int value in group)
            AddSegments(op, NodeOf(value));

        long list = target.AddList(CollectionsMarshal.AsSpan(_lengths));
        int count = PlaceColumns(group, target.Count);
        target.AppendStack(op.Traits.OverSegments!, list, Inputs, new Shape(_source.ShapeOf(first).Rows), count, shared: false);
    }

    private void AddSegments(Operator op, int node)
    {
        ReadOnlySpan<int> inputs = _source.InputsOf(node);
        Span<Shape> shapes = stackalloc Shape[inputs.Length];
        for (int i = 0; i < inputs.Length; i++)
            shapes[i] = _source.ShapeOf(inputs[i]);

        for (int i = 0; i < _source.CountOf(node); i++)
            op.AddSegments(shapes, _source.ShapeOf(node), _source.AttributeOf(node), _lengths);
    }

    /// <returns>Columns of all values.</returns>
    private int PlaceColumns(ReadOnlySpan<int> group, int stack)
    {
        int rows = _source.ShapeOf(NodeOf(group[0])).Rows, count = 0;
        foreach (int value in group)
        {
            _places[value] = new LazyGather(stack, checked(count * rows));
            count = checked(count + _source.ColumnsOf(NodeOf(value)));
        }

        return count;
    }

    // Each operand that differs from example to example, as the stack of all columns. Where one has a single column for all of a value's, it is repeated.
    private void CollectColumns(ReadOnlySpan<int> group, bool repeats = true)
    {
        int inputs = InputsOf(group[0]).Length;
        _inputs.Clear();
        for (int slot = 0; slot < inputs; slot++)
        {
            int first = InputsOf(group[0])[slot];
            if (IsShared(first))
            {
                _inputs.Add(Locate(first).Node);
                continue;
            }

            _operand.Clear();
            foreach (int value in group)
                AddColumns(NodeOf(value), slot, repeats);

            int rows = _source.ShapeOf(first).Rows;
            _inputs.Add(_operand.ToOperand(new Shape(rows), _operand.Length / rows, shared: false));
        }
    }

    private void AddColumns(int node, int slot, bool repeats)
    {
        ReadOnlySpan<int> inputs = _source.InputsOf(node);
        int input = inputs[slot], columns = 1;
        foreach (int other in inputs)
            columns = Math.Max(columns, IsShared(other) ? 1 : _source.ShapeOf(other).Columns);

        if (IsStackedNumber(_source.TypeOf(input)))
        {
            AddNumber(input, checked(_source.CountOf(node) * columns));
            return;
        }

        Shape shape = _source.ShapeOf(input);
        if (!repeats || shape.Columns == columns)
        {
            AddToOperand(input);
            return;
        }

        var (stack, offset) = Locate(input);
        for (int i = 0; i < _source.CountOf(input); i++)
        {
            for (int column = 0; column < columns; column++)
                _operand.Add(stack, offset + (i * shape.Rows), shape.Rows);
        }
    }

    // Columns that lie one after another already are no node; those of all others are one gather.
    private void MergeColumnMoves(Operator op, ReadOnlySpan<int> group)
    {
        int gathered = 0;
        _operand.Clear();
        foreach (int value in group)
        {
            if (TrySlice(op, NodeOf(value), out LazyGather slice))
            {
                _places[value] = slice;
                continue;
            }

            _places[value] = new LazyGather(-1, _operand.Length);
            AddMovedColumns(op, NodeOf(value));
            gathered++;
        }

        if (gathered == 0)
            return;

        int rows = _source.ShapeOf(NodeOf(group[0])).Rows;
        LazyGather all = _operand.TryGetSlice(out LazyGather one) ? one
            : new LazyGather(_operand.ToOperand(new Shape(rows), _operand.Length / rows, shared: false), 0);
        foreach (int value in group)
        {
            if (_places[value] is { Stack: < 0 } place)
                _places[value] = all with { Offset = checked(all.Offset + place.Offset) };
        }
    }

    // Columns of a single value that is not gathered, or gathered column by column.
    private bool TrySlice(Operator op, int node, out LazyGather slice)
    {
        slice = default;
        if (_source.InputsOf(node) is not [int input] || _source.CountOf(node) > 1)
            return false;

        slice = PlaceOf(input);
        Shape shape = _source.ShapeOf(input);
        int start = op.ColumnsFrom(shape, _source.AttributeOf(node)).Start;
        slice = slice.Columns >= 0 ? slice with { Columns = slice.Columns + start } : slice with { Offset = checked(slice.Offset + (start * shape.Rows)) };
        return slice.Pattern < 0;
    }

    private void AddMovedColumns(Operator op, int node)
    {
        long attribute = _source.AttributeOf(node);
        for (int i = 0; i < _source.CountOf(node); i++)
        {
            foreach (int input in _source.InputsOf(node))
            {
                Shape shape = _source.ShapeOf(input);
                var (start, length) = op.ColumnsFrom(shape, attribute);
                int value = _source.CountOf(input) == 1 ? 0 : i;
                var (stack, offset) = Locate(input);
                _operand.Add(stack, checked(offset + (((value * shape.Columns) + start) * shape.Rows)), length * shape.Rows);
            }
        }
    }
}
