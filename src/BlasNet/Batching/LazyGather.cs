using BlasNet.Graphs;
using BlasNet.Memory;

namespace BlasNet.Batching;

/// <summary>Where a value of the source lies in the batched graph: in a slice of a stack, or in ranges of a stack that are not copied yet.</summary>
/// <remarks>
/// Batching makes no node for a gather from a single stack. It notes the stack and, as the pattern, the gather of the source whose moves say what to
/// fetch. A reader adds the ranges to its own operand, so that gathers along a chain become one. <see cref="Materialize"/> appends the gather to the
/// batched graph if something needs the value as a node.
/// <para>
/// Example: E is a stack of four vectors of 3 elements, and a gather fetches its vectors 2, 0 and 2: moves from 6, 0 and 6, each of length 3. The value is
/// (E, offset 0, pattern). If a product is then computed of all of E, a stack P of four vectors of 5 elements, then the product of the gathered value is
/// <see cref="Over"/> P: the same pattern, in vectors of 3 elements, read as vectors of 5. Its ranges are those from 10, 0 and 10, each of length 5.
/// </para>
/// </remarks>
/// <param name="Stack">A node of the batched graph.</param>
/// <param name="Offset">The first element of the slice; of a gather, what is added to where its moves read.</param>
/// <param name="Pattern">The gather of the source whose moves apply; −1 for a slice.</param>
/// <param name="PatternRows">Elements of a vector that the moves count in, if the stack's vectors have another length; else 0.</param>
/// <param name="Columns">Of a value whose columns are vectors of the stack in any order: where the list of these begins; −1 for others.</param>
internal readonly record struct LazyGather(int Stack, int Offset, int Pattern = -1, int PatternRows = 0, int Columns = -1)
{
    /// <summary>Whether the value is a slice of its stack.</summary>
    public bool IsSlice => Pattern < 0 && Columns < 0;

    /// <summary>What a gather fetches from this value alone.</summary>
    /// <param name="source">The graph that the gather belongs to.</param>
    /// <param name="gather">A node of it.</param>
    /// <param name="result">A slice if one move is all, else a gather of the stack; meaningless if the answer is false.</param>
    /// <returns>False if this value is a gather itself: it has to be materialized first.</returns>
    public bool TryCompose(Graph source, int gather, out LazyGather result)
    {
        result = source.MovesOf(gather) is [var move] ? new LazyGather(Stack, Offset + move.Source) : new LazyGather(Stack, Offset, gather);
        return IsSlice;
    }

    /// <summary>The same vectors of another stack, which was computed of this one vector by vector.</summary>
    /// <param name="stack">As many vectors as this value's stack has.</param>
    /// <param name="rows">Elements of a vector of this value's stack.</param>
    /// <param name="newRows">Elements of a vector of the other one.</param>
    public LazyGather Over(int stack, int rows, int newRows) =>
        new(stack, checked(Offset / rows * newRows), Pattern, Pattern < 0 ? 0 : PatternRows > 0 ? PatternRows : rows, Columns);

    /// <summary>The ranges of the stack that make up the value, in order.</summary>
    /// <param name="source">The graph that the pattern belongs to.</param>
    /// <param name="rows">Elements of a vector of the stack.</param>
    /// <param name="length">Elements of the value.</param>
    /// <param name="lists">The lists of columns, one after another.</param>
    public Ranges RangesOf(Graph source, int rows, int length, ReadOnlySpan<int> lists = default) =>
        IsSlice ? new Ranges(Offset, length)
        : Columns >= 0 ? new Ranges(Offset, rows, lists.Slice(Columns, length / rows))
        : new Ranges(Offset, source.MovesOf(Pattern), PatternRows > 0 ? PatternRows : rows, rows);

    /// <summary>Makes the value the next part of an operand.</summary>
    /// <param name="operand">Of a node of the batched graph.</param>
    /// <param name="source">The graph that the pattern belongs to.</param>
    /// <param name="length">Elements of the value.</param>
    /// <param name="lists">The lists of columns, one after another.</param>
    public void AddTo(StackBuilder operand, Graph source, int length, ReadOnlySpan<int> lists = default)
    {
        if (IsSlice)
        {
            operand.Add(Stack, Offset, length);
            return;
        }

        foreach (var (offset, part) in RangesOf(source, operand.Graph.ShapeOf(Stack).Rows, length, lists))
            operand.Add(Stack, offset, part);
    }

    /// <summary>Appends a gather to the batched graph.</summary>
    /// <param name="operand">To build it with; its contents are lost.</param>
    /// <param name="source">The graph of the value.</param>
    /// <param name="value">The node that the value belongs to.</param>
    /// <param name="lists">The lists of columns, one after another.</param>
    /// <returns>The same value as a slice.</returns>
    public LazyGather Materialize(StackBuilder operand, Graph source, int value, ReadOnlySpan<int> lists = default)
    {
        if (IsSlice)
            return this;

        operand.Clear();
        AddTo(operand, source, source.LengthOf(value), lists);
        return new LazyGather(operand.ToOperand(source.ShapeOf(value), source.CountOf(value), source.IsShared(value)), 0);
    }

    /// <summary>Enumerates ranges of a stack.</summary>
    public ref struct Ranges
    {
        private readonly ReadOnlySpan<Move> _moves;
        private readonly ReadOnlySpan<int> _columns;
        private readonly Divisor _patternRows;
        private readonly int _offset, _rows;
        private readonly bool _isScaled;
        private int _next;

        /// <summary>A single range.</summary>
        public Ranges(int offset, int length)
        {
            Current = (offset, length);
            _next = -1;
        }

        /// <summary>A range for each move.</summary>
        public Ranges(int offset, ReadOnlySpan<Move> moves, int patternRows, int rows)
        {
            _moves = moves;
            (_offset, _rows, _isScaled) = (offset, rows, patternRows != rows);
            _patternRows = new Divisor(patternRows);
        }

        /// <summary>Vectors of a stack, by their positions there.</summary>
        public Ranges(int offset, int rows, ReadOnlySpan<int> columns)
        {
            _columns = columns;
            (_offset, _rows) = (offset, rows);
        }

        public (int Offset, int Length) Current { get; private set; }

        public readonly Ranges GetEnumerator() => this;

        public bool MoveNext()
        {
            if (_next < 0)
                return _next++ == -1;

            if (_next < _columns.Length)
            {
                Current = (_offset + _columns[_next++] * _rows, _rows);
                return true;
            }

            if (_next >= _moves.Length)
                return false;

            ref readonly Move move = ref _moves[_next++];
            Current = (_offset + Scaled(move.Source), Scaled(move.Length));
            return true;
        }

        private readonly int Scaled(int elements) => _isScaled ? _patternRows.Divide(elements) * _rows : elements;
    }
}
