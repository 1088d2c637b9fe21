using BlasNet.Graphs;
using BlasNet.Graphs.Functions;

namespace BlasNet.Batching;

/// <content>A group of recurrences becomes calls of their bodies, one for each level of all of them.</content>
internal sealed partial class Batch : Unroll.ICalls
{
    private readonly Unroll _unroll = new();

    /// <summary>Tells how the steps of a recurrence become one node; null where they are calls, level by level.</summary>
    public Func<RecurrenceBody, Scan?>? Scans { get; set; }

    void Unroll.ICalls.Add(Body body, ReadOnlySpan<int> inputs, int count, bool shared, Span<int> results)
    {
        CallOperator call = body.Call;
        ResultRange nodes = target.ResultsOf(target.AppendWithResults(call, 0, inputs, call.ResultShapes[0], count, shared));
        for (int i = 0; i < results.Length; i++)
            results[i] = nodes[i];
    }

    private void MergeRecurrences(RecurrenceBody body, ReadOnlySpan<int> group)
    {
        if (_source.IsShared(NodeOf(group[0])))
        {
            foreach (int value in group)
                _places[value] = new LazyGather(OwnerOf(UnrollByVertex(body, NodeOf(value)), body), 0);

            return;
        }

        int stack = OwnerOf(UnrollStacks(body, group), body), instance = 0;
        foreach (int value in group)
        {
            _places[value] = new LazyGather(stack, 0, Columns: _columns.Count);
            for (int i = 0; i < _source.CountOf(NodeOf(value)); i++)
                _columns.AddRange(_unroll.PlacesOf(instance++));
        }
    }

    // The node before several results stands for them.
    private static int OwnerOf(int firstResult, RecurrenceBody body) => body.StateRows.Length > 1 ? firstResult - 1 : firstResult;

    private int UnrollByVertex(RecurrenceBody body, int node)
    {
        int[] inputs = new int[_source.InputsOf(node).Length];
        for (int i = 0; i < inputs.Length; i++)
            inputs[i] = Locate(_source.InputsOf(node)[i]).Node;

        return new UnrollByVertex(target, body, this, shared: true).Run(_source.ListOf(node), inputs);
    }

    private int UnrollStacks(RecurrenceBody body, ReadOnlySpan<int> group)
    {
        _unroll.Begin(target, body);
        foreach (int value in group)
        {
            for (int i = 0; i < _source.CountOf(NodeOf(value)); i++)
                AddInstance(NodeOf(value), i);
        }

        return Scans is not null && body.ScanBy(Scans) is { } scan ? _unroll.RunScan(this, scan, Columns) : _unroll.Run(this, Columns);
    }

    // The i-th of a node's stack.
    private void AddInstance(int node, int i)
    {
        _unroll.AddRecurrence(_source.ListOf(node));
        foreach (int input in _source.InputsOf(node))
        {
            LazyGather place = PlaceOf(input);
            if (place.Pattern >= 0)
            {
                var (stack, offset) = Locate(input);
                place = new LazyGather(stack, offset);
            }

            Shape shape = _source.ShapeOf(input);
            int value = _source.CountOf(input) == 1 ? 0 : i;
            _unroll.AddSource(place.Columns >= 0
                ? new Unroll.ColumnSource(place.Stack, place.Offset, shape.Rows, place.Columns + (value * shape.Columns))
                : new Unroll.ColumnSource(place.Stack, checked(place.Offset + (value * shape.Size)), shape.Rows));
        }
    }
}
