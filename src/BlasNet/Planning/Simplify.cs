using BlasNet.Graphs;
using BlasNet.Memory;

namespace BlasNet.Planning;

/// <summary>Copies what is needed of a graph, each common subexpression once.</summary>
/// <remarks>Two nodes are the same expression if operator, attribute, shape, count and inputs agree; of gathers and scatter-adds also every
/// move. Hashes only find candidates. Time O(N + E).</remarks>
internal sealed class Simplify(Graph target) : NodeRewrite(target)
{
    private readonly HashSlots _slots = new();   // node of the target + 1

    protected override bool FindChanges(Graph source, ReadOnlySpan<int> kept)
    {
        MarkNeeded(source, kept);
        _slots.Clear(source.Count);
        return true;
    }

    protected override void Rewrite(Graph source, int node) => Rewriter[node] = IsNeeded(node) ? FindOrCopy(source, node) : -1;

    private int FindOrCopy(Graph source, int node)
    {
        Operator op = source.OperatorOf(node);
        ReadOnlySpan<int> inputs = Rewriter.InputsOf(node);
        ref int slot = ref _slots.First(HashOf(source, node, op, inputs));
        for (; slot != 0; slot = ref _slots.Next(ref slot))
        {
            if (IsSame(source, node, op, inputs, slot - 1))
                return slot - 1;
        }

        int copy = Rewriter.Append(node, op, inputs);
        slot = copy + 1;
        return copy;
    }

    private static ulong HashOf(Graph source, int node, Operator op, ReadOnlySpan<int> inputs)
    {
        ulong hash = ((ulong)(uint)op.Id << 32 | (uint)source.CountOf(node)) * Hashing.Multiplier;
        hash = (hash ^ (hash >> 31) ^ AttributeHash(source, node, op)) * Hashing.Multiplier;
        foreach (int input in inputs)
            hash = (hash ^ (hash >> 31) ^ (uint)input) * Hashing.Multiplier;

        return hash;
    }

    private static ulong AttributeHash(Graph source, int node, Operator op) =>
        op.HasMoves ? HashOf(source.MovesOf(node)) : op.HasList ? HashOf(source.ListOf(node)) : (ulong)source.AttributeOf(node);

    private static ulong HashOf(ReadOnlySpan<int> list)
    {
        ulong hash = (uint)list.Length;
        foreach (int number in list)
            hash = (hash ^ (hash >> 31) ^ (uint)number) * Hashing.Multiplier;

        return hash;
    }

    // Of some of them, spread over the list: whether all agree is asked where the hashes do.
    private static ulong HashOf(ReadOnlySpan<Move> moves)
    {
        ulong hash = (uint)moves.Length;
        int step = Math.Max(1, moves.Length / 16);
        for (int i = 0; i < moves.Length; i += step)
            hash = (hash ^ (hash >> 31) ^ ((ulong)(uint)moves[i].Source << 32 | (uint)moves[i].Target)) * Hashing.Multiplier;

        return hash;
    }

    // Of columns that are added to a table each term stays: twice the same one would be a sum over the whole table.
    private bool IsSame(Graph source, int node, Operator op, ReadOnlySpan<int> inputs, int other)
    {
        if (op != Target.OperatorOf(other) || op is IColumnWriter || source.ShapeOf(node) != Target.ShapeOf(other)
            || source.CountOf(node) != Target.CountOf(other) || !inputs.SequenceEqual(Target.InputsOf(other)))
            return false;

        return op.HasMoves ? source.MovesOf(node).SequenceEqual(Rewriter.MovesOf(other))
            : op.HasList ? source.ListOf(node).SequenceEqual(Rewriter.ListOf(other))
            : source.AttributeOf(node) == Target.AttributeOf(other);
    }
}
