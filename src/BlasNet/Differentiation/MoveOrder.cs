using System.Runtime.InteropServices;
using BlasNet.Graphs;
using BlasNet.Memory;

namespace BlasNet.Differentiation;

/// <summary>Orders moves by where they go, and says what that tells about them. Keeps nothing but memory between calls.</summary>
internal sealed class MoveOrder
{
    private readonly List<Move> _sorted = [];
    private int[] _starts = [];

    /// <summary>Sorts the moves of a scatter-add by their target vectors, so that what goes to one vector is added up at once, and marks those that are
    /// the first to reach a vector, which then need not be cleared. Leaves the moves as they are if any of them moves a part of a vector.</summary>
    /// <param name="moves">Unmarked; changed in place.</param>
    /// <param name="rows">Elements of a vector of the target.</param>
    /// <param name="length">Elements of the target.</param>
    public void MarkFirst(Span<Move> moves, int rows, int length)
    {
        var divisor = new Divisor(rows);
        foreach (ref readonly Move move in moves)
        {
            if (!move.MovesToVectors(divisor))
                return;
        }

        if (!IsByTarget(moves))
            SortByTarget(moves, divisor, length / rows);

        int reached = 0;
        foreach (ref Move move in moves)
        {
            // A move that is the first for only some of its vectors would have to be cut; the others are cleared instead.
            if (move.Target >= reached)
                move = move with { IsFirst = true };

            reached = Math.Max(reached, move.Target + move.Length);
        }
    }

    /// <summary>Whether the moves go to whole vectors, and no two of them to the same one.</summary>
    /// <param name="moves">Changed in place, as by <see cref="MarkFirst"/>.</param>
    /// <param name="rows">Elements of a vector of the target.</param>
    /// <param name="length">Elements of the target.</param>
    public bool ReachEachVectorOnce(Span<Move> moves, int rows, int length)
    {
        MarkFirst(moves, rows, length);
        foreach (ref readonly Move move in moves)
        {
            if (!move.IsFirst)
                return false;
        }

        return true;
    }

    /// <summary>Sorts the moves by their targets and tells whether these are all elements of a stack, each once.</summary>
    /// <param name="moves">At least one; changed in place.</param>
    /// <param name="length">Elements of the stack.</param>
    public bool TryCover(Span<Move> moves, int length)
    {
        if (!IsByTarget(moves))
            SortByTarget(moves, length);

        int end = 0;
        foreach (ref readonly Move move in moves)
        {
            if (move.Target != end)
                return false;

            end += move.Length;
        }

        return end == length;
    }

    private static bool IsByTarget(ReadOnlySpan<Move> moves)
    {
        for (int i = 1; i < moves.Length; i++)
        {
            if (moves[i].Target < moves[i - 1].Target)
                return false;
        }

        return true;
    }

    private void SortByTarget(Span<Move> moves, int length)
    {
        var step = new Divisor(moves[0].Length);
        foreach (ref readonly Move move in moves)
        {
            if (move.Length != moves[0].Length || !step.Divides(move.Target))
            {
                moves.Sort(static (a, b) => a.Target.CompareTo(b.Target));
                return;
            }
        }

        SortByTarget(moves, step, step.Divide(length));
    }

    // A counting sort, which keeps the order of what goes to the same vector.
    private void SortByTarget(Span<Move> moves, Divisor rows, int vectors)
    {
        if (_starts.Length <= vectors)
            _starts = new int[2 * vectors + 1];

        Span<int> starts = _starts.AsSpan(0, vectors + 1);
        starts.Clear();
        foreach (ref readonly Move move in moves)
            starts[rows.Divide(move.Target) + 1]++;

        for (int vector = 1; vector < vectors; vector++)
            starts[vector] += starts[vector - 1];

        CollectionsMarshal.SetCount(_sorted, moves.Length);
        Span<Move> sorted = CollectionsMarshal.AsSpan(_sorted);
        foreach (ref readonly Move move in moves)
            sorted[starts[rows.Divide(move.Target)]++] = move;

        sorted.CopyTo(moves);
    }
}
