using System.Runtime.InteropServices;
using BlasNet.Graphs;
using BlasNet.Memory;

namespace BlasNet.Planning;

/// <summary>For values that nobody computes, since their readers find the vectors where they lie: where in the arena each of their vectors starts.</summary>
/// <remarks>Gathers of vectors are such values; scatter-adds in which every vector comes from one place, or from none and is zero; and slices.</remarks>
internal sealed class RowIndices
{
    /// <summary>In a list: no vector, but zeros.</summary>
    public const int Zeros = -1;

    private readonly List<int> _nodes = [];
    private nint[] _lists = GC.AllocateUninitializedArray<nint>(256, pinned: true);
    private int[] _starts = [];   // by node; −1 where it has no list
    private int _length;

    /// <summary>Forgets all lists.</summary>
    public void Begin(int count, int capacity)
    {
        if (_starts.Length < count)
            _starts = new int[capacity];

        Array.Fill(_starts, -1, 0, count);
        _nodes.Clear();
        _length = 0;
    }

    /// <summary>Nodes with a list, in their order.</summary>
    public ReadOnlySpan<int> Nodes => CollectionsMarshal.AsSpan(_nodes);

    public bool Contains(int node) => _starts[node] >= 0;

    /// <summary>The list of a node, one place for each of its vectors; null where it has none.</summary>
    public unsafe nint* Of(int node) => _starts[node] < 0 ? null : (nint*)Marshal.UnsafeAddrOfPinnedArrayElement(_lists, _starts[node]);

    /// <summary>Whether a node can have a list, if all that it reads lies in the arena.</summary>
    public static bool CanHave(Graph graph, int node)
    {
        Operator op = graph.OperatorOf(node);
        ReadOnlySpan<int> inputs = graph.InputsOf(node);
        if (!graph.ShapeOf(node).IsVector)
            return false;

        return op.HasMoves ? MovesVectors(graph, node, op.Storage == Storage.Accumulator)
            : op.RowShift == RowShift.Selects && graph.ShapeOf(inputs[0]).IsVector && graph.CountOf(inputs[0]) == graph.CountOf(node);
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
        foreach (ref readonly Move run in graph.MovesOf(node))
        {
            if ((adds && !run.IsFirst) || !run.MovesVectors(divisor))
                return false;
        }

        return true;
    }

    /// <summary>Room for a node's list.</summary>
    public void Add(Graph graph, int node)
    {
        (_starts[node], int start) = (_length, _length);
        _length += graph.CountOf(node);
        _nodes.Add(node);
        if (_length <= _lists.Length)
            return;

        nint[] old = _lists;
        _lists = GC.AllocateUninitializedArray<nint>(Math.Max(_length, 2 * old.Length), pinned: true);
        old.AsSpan(0, start).CopyTo(_lists);
    }

    /// <summary>Fills the lists, when every value has its place.</summary>
    public void Fill(Plan plan)
    {
        foreach (int node in _nodes)
        {
            Span<nint> list = ListOf(plan.Graph, node);
            if (plan.Graph.OperatorOf(node).HasMoves)
                FillMoves(plan, node, list);
            else
                FillSlice(plan, node, list);
        }
    }

    private Span<nint> ListOf(Graph graph, int node) => _lists.AsSpan(_starts[node], graph.CountOf(node));

    private void FillMoves(Plan plan, int node, Span<nint> list)
    {
        Graph graph = plan.Graph;
        ReadOnlySpan<int> inputs = graph.InputsOf(node);
        int rows = graph.ShapeOf(node).Rows, last = -1;
        var divisor = new Divisor(rows);
        Span<nint> source = default;   // the list of the input that the last run moved from, if it has one; else its place
        long place = 0;
        list.Fill(Zeros);
        foreach (ref readonly Move run in graph.MovesOf(node))
        {
            if (run.Input != last)
            {
                last = run.Input;
                source = Contains(inputs[last]) ? ListOf(graph, inputs[last]) : default;
                place = source.IsEmpty ? plan.PlaceOf(inputs[last]) : 0;
            }

            int target = divisor.Divide(run.Target);
            Span<nint> part = list.Slice(target, run.Length == rows ? 1 : divisor.Divide(run.Length));
            if (source.IsEmpty)
                Count(part, place + run.Source, rows);
            else
                source.Slice(divisor.Divide(run.Source), part.Length).CopyTo(part);
        }
    }

    private void FillSlice(Plan plan, int node, Span<nint> list)
    {
        Graph graph = plan.Graph;
        int input = graph.InputsOf(node)[0], start = graph.OperatorOf(node).ShiftOf(graph.AttributeOf(node));
        if (!Contains(input))
        {
            Count(list, plan.PlaceOf(input) + start, graph.ShapeOf(input).Rows);
            return;
        }

        Span<nint> whole = ListOf(graph, input);
        for (int i = 0; i < list.Length; i++)
            list[i] = whole[i] < 0 ? Zeros : whole[i] + start;
    }

    private static void Count(Span<nint> list, long start, int step)
    {
        nint place = (nint)start;
        foreach (ref nint vector in list)
        {
            vector = place;
            place += step;
        }
    }
}
