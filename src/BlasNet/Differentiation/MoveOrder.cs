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
    /// <param name="moves">Unmarked.</param>
    /// <param name="result">Receives the moves; as long as <paramref name="moves"/>.</param>
    /// <param name="rows">Elements of a vector of the target.</param>
    /// <param name="length">Elements of the target.</param>
    public void MarkFirst(ReadOnlySpan<Move> moves, Span<Move> result, int rows, int length)
    {
        var divisor = new Divisor(rows);
        bool moveVectors = MoveToVectors(moves, divisor);
        if (moveVectors && !IsByTarget(moves))
            SortByTarget(moves, result, divisor, length / rows);
        else
            moves.CopyTo(result);

        if (!moveVectors)
            return;

        int reached = 0;
        foreach (ref Move move in result)
        {
            // A move that is the first for only some of its vectors would have to be cut; the others are cleared instead.
            if (move.Target >= reached)
                move = move.AsFirst();

            reached = Math.Max(reached, move.Target + move.Length);
        }
    }

    /// <summary>Whether the moves go to whole vectors, and no two of them to the same one.</summary>
    /// <param name="moves">In any order.</param>
    /// <param name="rows">Elements of a vector of the target.</param>
    /// <param name="length">Elements of the target.</param>
    public bool ReachEachVectorOnce(ReadOnlySpan<Move> moves, int rows, int length)
    {
        var divisor = new Divisor(rows);
        if (!MoveToVectors(moves, divisor))
            return false;

        Span<int> reached = Counters(length / rows);
        foreach (ref readonly Move move in moves)
        {
            foreach (ref int vector in reached.Slice(divisor.Divide(move.Target), divisor.Divide(move.Length)))
            {
                if (vector++ > 0)
                    return false;
            }
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

    private static bool MoveToVectors(ReadOnlySpan<Move> moves, Divisor rows)
    {
        foreach (ref readonly Move move in moves)
        {
            if (!move.MovesToVectors(rows))
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

        CollectionsMarshal.SetCount(_sorted, moves.Length);
        SortByTarget(moves, CollectionsMarshal.AsSpan(_sorted), step, step.Divide(length));
        CollectionsMarshal.AsSpan(_sorted).CopyTo(moves);
    }

    // A counting sort, which keeps the order of what goes to the same vector.
    private void SortByTarget(ReadOnlySpan<Move> moves, Span<Move> sorted, Divisor rows, int vectors)
    {
        Span<int> starts = Counters(vectors + 1);
        foreach (ref readonly Move move in moves)
            starts[rows.Divide(move.Target) + 1]++;

        for (int vector = 1; vector < vectors; vector++)
            starts[vector] += starts[vector - 1];

        foreach (ref readonly Move move in moves)
            sorted[starts[rows.Divide(move.Target)]++] = move;
    }

    private Span<int> Counters(int count)
    {
        if (_starts.Length < count)
            _starts = new int[2 * count];

        Span<int> counters = _starts.AsSpan(0, count);
        counters.Clear();
        return counters;
    }
}
