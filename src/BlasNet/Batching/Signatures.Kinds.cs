using System.Runtime.CompilerServices;
using BlasNet.Graphs;
using BlasNet.Memory;

namespace BlasNet.Batching;

/// <content>What nodes must agree in to be computed as one stack.</content>
internal sealed partial class Signatures
{
    private int FindKind(int node, ReadOnlySpan<int> inputs)
    {
        Traits traits = TraitsOf(node);
        ref int slot = ref _kindSlots.First(HashOf(node, inputs));
        while (slot != 0 && !AreAlike(node, inputs, _kinds[slot - 1].Representative))
            slot = ref _kindSlots.Next(ref slot);

        int kind = slot - 1;
        if (slot == 0)
        {
            if (Count == _kinds.Length)
                Array.Resize(ref _kinds, 2 * Count);

            kind = Count++;
            slot = kind + 1;
            _kinds[kind] = new KindFacts { Representative = node, IsLeaf = inputs.IsEmpty, First = long.MaxValue };
            if (_kindSlots.IsFull(Count))
                GrowKindSlots();
        }

        _kinds[kind].IsColumnWise |= (traits & Traits.ColumnWise) != 0;
        return kind;
    }

    private void GrowKindSlots()
    {
        _kindSlots.Clear(2 * Count);
        for (int kind = 0; kind < Count; kind++)
        {
            int node = _kinds[kind].Representative;
            ref int slot = ref _kindSlots.First(HashOf(node, _graph.InputsOf(node)));
            while (slot != 0)
                slot = ref _kindSlots.Next(ref slot);

            slot = kind + 1;
        }
    }

    private ulong HashOf(int node, ReadOnlySpan<int> inputs)
    {
        Traits traits = TraitsOf(node);
        ref readonly NodeType form = ref _graph.TypeOf(node);
        ulong hash = (uint)form.Operator.Id;
        hash = (hash ^ MergedShape(form, traits)) * Hashing.Multiplier;
        if ((traits & Traits.Data) == 0)
            hash = (hash ^ (ulong)form.Attribute) * Hashing.Multiplier;

        if ((traits & (Traits.Sum | Traits.Alone)) != 0)
            hash = (hash ^ (ulong)((traits & Traits.Sum) != 0 ? _soleUser[node] : node)) * Hashing.Multiplier;

        if ((traits & Traits.Reduction) == 0)
        {
            foreach (int input in inputs)
                hash = (hash ^ (hash >> 29) ^ TokenOf(input, traits)) * Hashing.Multiplier;
        }

        return hash;
    }

    private bool AreAlike(int node, ReadOnlySpan<int> inputs, int other)
    {
        Traits traits = TraitsOf(node), others = TraitsOf(other);
        ref readonly NodeType form = ref _graph.TypeOf(node);
        ref readonly NodeType representative = ref _graph.TypeOf(other);
        if (form.Operator != representative.Operator || (traits | Traits.ColumnWise) != (others | Traits.ColumnWise) || form.IsShared != representative.IsShared
            || MergedShape(form, traits) != MergedShape(representative, others))
            return false;

        if (traits == Traits.Data)
            return true;

        if (form.Attribute != representative.Attribute || (traits & Traits.Alone) != 0)
            return false;

        if (traits == Traits.Reduction)
            return true;

        if (form.InputCount != representative.InputCount || ((traits & Traits.Sum) != 0 && (_soleUser[node] < 0 || _soleUser[node] != _soleUser[other])))
            return false;

        ReadOnlySpan<int> right = _graph.InputsOf(other);
        for (int i = 0; i < inputs.Length; i++)
        {
            if (TokenOf(inputs[i], traits) != TokenOf(right[i], others))
                return false;
        }

        return true;
    }

    private Traits TraitsOf(int node) => _forms[_graph.TypeNumberOf(node)].Traits;

    private static ulong MergedShape(in NodeType form, Traits traits) =>
        (ulong)(uint)form.Shape.Rows << 32 | ((traits & (Traits.ColumnWise | Traits.Sum)) == Traits.ColumnWise ? 1 : (uint)form.Shape.Columns);

    // Matrices may be as good as their columns. One value for a whole stack is not in stack order.
    private Traits TraitsOf(in NodeType form, ReadOnlySpan<int> inputs)
    {
        bool matrix = form.Shape.Columns > 1, mixed = false;
        foreach (int input in inputs)
        {
            ref readonly NodeType operand = ref _graph.TypeOf(input);
            matrix |= !operand.IsShared && operand.Shape.Columns > 1;
            mixed |= !operand.IsShared && operand.Count != form.Count;
        }

        Traits traits = mixed && form.Operator.Merging == Merging.Stack ? Traits.Alone : Traits.None;
        return matrix && inputs.Length <= 8 && IsColumnWise(form.Operator, inputs) ? traits | Traits.ColumnWise : traits;
    }

    [SkipLocalsInit]
    private bool IsColumnWise(Operator op, ReadOnlySpan<int> inputs)
    {
        Span<Shape> shapes = stackalloc Shape[8];
        Span<bool> shared = stackalloc bool[8];
        for (int i = 0; i < inputs.Length; i++)
            (shapes[i], shared[i]) = (_graph.ShapeOf(inputs[i]), _graph.IsShared(inputs[i]));

        return op.IsColumnWise(shapes[..inputs.Length], shared[..inputs.Length]);
    }

    // What must agree of an operand: which one, if it is shared; its shape, if it is stacked. Shapes have at least one row, so the two never collide.
    // Of a matrix that is taken column by column, a column's shape.
    private ulong TokenOf(int operand, Traits traits)
    {
        ref readonly NodeType form = ref _graph.TypeOf(operand);
        return form.IsShared ? (uint)_values[operand]
            : (ulong)(uint)form.Shape.Rows << 32 | ((traits & Traits.ColumnWise) != 0 ? 1 : (uint)form.Shape.Columns);
    }

    // A node whose results add up may merge only with those that go into the same sum, and nowhere else.
    private void FindSoleUsers()
    {
        _knowsSoleUsers = true;
        Array.Fill(_soleUser, -1, 0, _graph.Count);
        for (int node = 0; node < _graph.Count; node++)
        {
            foreach (int input in _graph.InputsOf(node))
                _soleUser[input] = _soleUser[input] == -1 && _graph.OperatorOf(node).Merging == Merging.Reduction ? node : -2;
        }
    }
}
