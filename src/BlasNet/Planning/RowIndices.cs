using System.Runtime.InteropServices;
using BlasNet.Graphs;
using BlasNet.Memory;

namespace BlasNet.Planning;

/// <summary>Index lists for values that are never materialised, because their readers read through the list: where in the arena each vector starts.</summary>
/// <remarks>Gathers of vectors can be such values, scatter-adds in which every vector comes from one place or is zero, and slices.</remarks>
internal sealed class RowIndices
{
    /// <summary>In a list: no vector, but zeros.</summary>
    public const int Zeros = -1;

    private readonly List<int> _nodes = [];
    // Pinned, so allocated once it is needed, in most plans never: pinned memory grows at the price of full collections, as large objects do.
    private nint[] _lists = [];
    private int _length;

    /// <summary>Forgets all lists.</summary>
    public void Clear()
    {
        _nodes.Clear();
        _length = 0;
    }

    /// <summary>Nodes with a list, in their order.</summary>
    public ReadOnlySpan<int> Nodes => CollectionsMarshal.AsSpan(_nodes);

    /// <summary>A value's list, one place for each of its vectors; null if it has none.</summary>
    public unsafe nint* Of(in Placement value) => value.IsIndexed ? (nint*)Marshal.UnsafeAddrOfPinnedArrayElement(_lists, value.RowIndices) : null;

    /// <summary>Whether a list can describe a node, if all that it reads lies in the arena.</summary>
    public static bool CanHave(Graph graph, int node)
    {
        Operator op = graph.OperatorOf(node);
        ReadOnlySpan<int> inputs = graph.InputsOf(node);
        if (!graph.ShapeOf(node).IsVector)
            return false;

        return op.HasMoves ? MovesVectors(graph, node, op.Storage == Storage.Accumulator)
            : op.Traits.RowShift == RowShift.Selects && graph.ShapeOf(inputs[0]).IsVector && graph.CountOf(inputs[0]) == graph.CountOf(node);
    }

    private static bool MovesVectors(Graph graph, int node, bool adds)
    {
        int rows = graph.ShapeOf(node).Rows;
        foreach (int input in graph.InputsOf(node))
        {
            if (graph.ShapeOf(input) != new Shape(rows))
                return false;
        }

        var divisor = new Divisor(rows);
        foreach (ref readonly Move move in graph.MovesOf(node))
        {
            if ((adds && !move.IsFirst) || !move.MovesVectors(divisor))
                return false;
        }

        return true;
    }

    /// <summary>Makes room for a node's list.</summary>
    /// <param name="node">The node.</param>
    /// <param name="count">Number of its vectors.</param>
    /// <returns>Where the list starts.</returns>
    public int Add(int node, int count)
    {
        int start = _length;
        _length += count;
        _nodes.Add(node);
        if (_length <= _lists.Length)
            return start;

        nint[] old = _lists;
        _lists = GC.AllocateUninitializedArray<nint>(Math.Max(_length, Math.Max(64, 2 * old.Length)), pinned: true);
        old.AsSpan(0, start).CopyTo(_lists);
        return start;
    }

    /// <summary>Fills the lists, when every value has its place.</summary>
    public void Fill(Plan plan)
    {
        foreach (int node in _nodes)
        {
            Span<nint> list = ListOf(plan, node);
            if (plan.Graph.OperatorOf(node).HasMoves)
                FillMoves(plan, node, list);
            else
                FillSlice(plan, node, list);
        }
    }

    private Span<nint> ListOf(Plan plan, int node) => _lists.AsSpan(plan[node].RowIndices, plan.Graph.CountOf(node));

    private void FillMoves(Plan plan, int node, Span<nint> list)
    {
        Graph graph = plan.Graph;
        ReadOnlySpan<int> inputs = graph.InputsOf(node);
        int rows = graph.ShapeOf(node).Rows, last = -1;
        var divisor = new Divisor(rows);
        Span<nint> source = default;   // the list of the last move's input, if that has one; else its start
        long start = 0;
        list.Fill(Zeros);
        foreach (ref readonly Move move in graph.MovesOf(node))
        {
            if (move.Input != last)
            {
                last = move.Input;
                source = plan[inputs[last]].IsIndexed ? ListOf(plan, inputs[last]) : default;
                start = source.IsEmpty ? plan.OffsetOf(inputs[last]) : 0;
            }

            int target = divisor.Divide(move.Target);
            Span<nint> part = list.Slice(target, move.Length == rows ? 1 : divisor.Divide(move.Length));
            if (source.IsEmpty)
                Count(part, start + move.Source, rows);
            else
                source.Slice(divisor.Divide(move.Source), part.Length).CopyTo(part);
        }
    }

    private void FillSlice(Plan plan, int node, Span<nint> list)
    {
        Graph graph = plan.Graph;
        int input = graph.InputsOf(node)[0], start = Part.Of(graph.AttributeOf(node)).Start;
        if (!plan[input].IsIndexed)
        {
            Count(list, plan.OffsetOf(input) + start, graph.ShapeOf(input).Rows);
            return;
        }

        Span<nint> whole = ListOf(plan, input);
        for (int i = 0; i < list.Length; i++)
            list[i] = whole[i] < 0 ? Zeros : whole[i] + start;
    }

    private static void Count(Span<nint> list, long start, int step)
    {
        nint next = (nint)start;
        foreach (ref nint vector in list)
        {
            vector = next;
            next += step;
        }
    }
}
