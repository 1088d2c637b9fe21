using System.Runtime.InteropServices;
using BlasNet.Graphs;

namespace BlasNet.Batching;

/// <content>Equal columns of a group are computed once: a word that occurs often is looked up once.</content>
internal sealed partial class Batch
{
    private readonly Dictionary<int, int> _distinct = [];   // by integer: the column that is computed of it
    private readonly List<long> _found = [];                // for each of these columns the place where its integer is met first

    // Of an operator whose only operand that differs from example to example is integers, one for each column. Single ones are shared by value numbering.
    private bool TryShareColumns(Operator op, ReadOnlySpan<int> group)
    {
        int first = NodeOf(group[0]), slot = ShareEqual ? SlotOfOnlyOwn(first) : -1;
        if (slot < 0 || !_numbering.ComparesIntegers || !AreIntegersOfOnePool(group, slot))
            return false;

        int start = _columns.Count;
        if (!FindDistinct(group, slot))
            return false;

        _inputs.Clear();
        ReadOnlySpan<int> inputs = _source.InputsOf(first);
        for (int i = 0; i < inputs.Length; i++)
            _inputs.Add(i == slot ? DistinctIntegers(inputs[i]) : Locate(inputs[i]).Node);

        var shape = new Shape(_source.ShapeOf(first).Rows);
        int node = target.AppendStack(op, op.ColumnAttribute(_source.AttributeOf(first)), Inputs, shape, _found.Count, shared: false);
        foreach (int value in group)
        {
            _places[value] = new LazyGather(node, 0, Columns: start);
            start += _source.ColumnsOf(NodeOf(value));
        }

        return true;
    }

    // An index may be computed too, or come from another pool: of an earlier round.
    private bool AreIntegersOfOnePool(ReadOnlySpan<int> group, int slot)
    {
        long pool = _source.AttributeOf(InputsOf(group[0])[slot]) >> 32;
        foreach (int value in group)
        {
            int leaf = InputsOf(value)[slot];
            if (_source.OperatorOf(leaf) is not LeafOperator { IsComparable: true } || _source.AttributeOf(leaf) >> 32 != pool)
                return false;
        }

        return true;
    }

    // For each column the number of the distinct integer that it is, in the list of columns; nothing is added where all are distinct.
    private bool FindDistinct(ReadOnlySpan<int> group, int slot)
    {
        int start = _columns.Count;
        _distinct.Clear();
        _found.Clear();
        foreach (int value in group)
        {
            int leaf = InputsOf(value)[slot];
            long place = _source.AttributeOf(leaf);
            nint pool = _source.Data.AddressOf(place & ~(long)uint.MaxValue);
            for (int end = _source.ColumnsOf(leaf); end > 0; end--, place++)
                _columns.Add(NumberOf(_source.Data.WholeNumberAt(pool, (int)place), place));
        }

        _numbering.Integers.AddColumns(_found);
        bool repeats = _found.Count < _columns.Count - start;
        if (!repeats)
            CollectionsMarshal.SetCount(_columns, start);

        return repeats;
    }

    private int NumberOf(int integer, long place)
    {
        ref int number = ref CollectionsMarshal.GetValueRefOrAddDefault(_distinct, integer, out bool isKnown);
        if (isKnown)
        {
            _numbering.Integers.AddEqual(_found[number], place);
        }
        else
        {
            number = _found.Count;
            _found.Add(place);
        }

        return number;
    }

    private int DistinctIntegers(int node)
    {
        int leaf = PlaceOf(node).Stack;
        long first = target.AttributeOf(leaf);
        _operand.Clear();
        foreach (long place in _found)
            _operand.Add(leaf, (int)(place - first), 1);

        return _operand.ToOperand(Shape.Scalar, _found.Count, shared: false);
    }
}
