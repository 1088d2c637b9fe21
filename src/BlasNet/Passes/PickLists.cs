using BlasNet.Graphs;

namespace BlasNet.Passes;

/// <summary>For gathers that nobody computes, since their readers find the vectors where they lie: where in its input each of a gather's vectors starts.</summary>
/// <remarks>A scatter-add of vectors that all go to different places is one, too: where nothing is added, there is no vector but zeros.</remarks>
internal sealed class PickLists
{
    /// <summary>In a list: no vector, but zeros.</summary>
    public const int Zeros = -1;

    private nint[] _lists = GC.AllocateUninitializedArray<nint>(256, pinned: true);
    private int[] _starts = [];   // by node; −1 where it has no list
    private int _length;

    /// <summary>Forgets all lists.</summary>
    public void Begin(int count, int capacity)
    {
        if (_starts.Length < count)
            _starts = new int[capacity];

        Array.Fill(_starts, -1, 0, count);
        _length = 0;
    }

    public bool Contains(int node) => _starts[node] >= 0;

    /// <summary>The list of a node, one number for each of its vectors; null where it has none.</summary>
    public unsafe nint* Of(int node) =>
        _starts[node] < 0 ? null : (nint*)System.Runtime.InteropServices.Marshal.UnsafeAddrOfPinnedArrayElement(_lists, _starts[node]);

    /// <summary>Makes the list of a gather or scatter-add.</summary>
    /// <returns>False where it does not move whole vectors of one stack, each to a place of its own.</returns>
    public bool TryAdd(Graph graph, int node)
    {
        ReadOnlySpan<int> inputs = graph.InputsOf(node);
        Shape shape = graph.ShapeOf(node);
        if (inputs.Length != 1 || !shape.IsVector || graph.ShapeOf(inputs[0]) != shape || !AreVectors(graph, node, shape.Rows))
            return false;

        int count = graph.CountOf(node), start = _length;
        if (_lists.Length < start + count)
            Grow(start + count);

        Span<nint> list = _lists.AsSpan(start, count);
        list.Fill(Zeros);
        foreach (Run run in graph.RunsOf(node))
        {
            nint source = run.Source;
            foreach (ref nint vector in list.Slice(run.Target / shape.Rows, run.Length / shape.Rows))
            {
                vector = source;
                source += shape.Rows;
            }
        }

        (_starts[node], _length) = (start, start + count);
        return true;
    }

    private static bool AreVectors(Graph graph, int node, int rows)
    {
        bool adds = graph.OperatorOf(node).Storage == Storage.Accumulator;
        foreach (Run run in graph.RunsOf(node))
        {
            if ((adds && !run.IsFirst) || run.Source % rows != 0 || run.Target % rows != 0 || run.Length % rows != 0)
                return false;
        }

        return true;
    }

    private void Grow(int needed)
    {
        nint[] old = _lists;
        _lists = GC.AllocateUninitializedArray<nint>(Math.Max(needed, 2 * old.Length), pinned: true);
        old.AsSpan(0, _length).CopyTo(_lists);
    }
}
