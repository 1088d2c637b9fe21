using BlasNet.Graphs;
using BlasNet.Operators.Intrinsics;

namespace BlasNet.Differentiation;

/// <content>Backwards: what an example's value reads belongs to the example, where nothing else says to which.</content>
internal sealed partial class ExampleRows
{
    // Only what a loss is computed from says whose a value is: the sum of all losses is of no example.
    private void FindByReaders(ReadOnlySpan<Location> losses)
    {
        if (!_rows.Exists(static rows => rows is not null && Array.IndexOf(rows, None) >= 0))
            return;

        var isOfLoss = new bool[_graph.Count];
        foreach (Location loss in losses)
            isOfLoss[loss.Node] = true;

        for (int node = _graph.Count - 1; node >= 0; node--)
        {
            if (!isOfLoss[node])
                continue;

            foreach (int input in _graph.InputsOf(node))
                isOfLoss[input] = true;

            if (_rows[node] is not { } rows)
                continue;

            if (_graph.OperatorOf(node).HasMoves)
                GiveByMoves(node, rows);
            else if (_graph.OperatorOf(node).HasList)
                GiveBySegments(node, rows);
            else
                GiveInOrder(node, rows);
        }
    }

    // Value by value; a sum's one value is of one example, and so are its terms.
    private void GiveInOrder(int node, int[] rows)
    {
        foreach (int input in _graph.InputsOf(node))
        {
            if (_rows[input] is not { } given || (given.Length != rows.Length && rows.Length != 1))
                continue;

            for (int i = 0; i < given.Length; i++)
                Give(given, i, rows[rows.Length == 1 ? 0 : i]);
        }
    }

    private void GiveByMoves(int node, int[] rows)
    {
        int size = _graph.ShapeOf(node).Size;
        foreach (Move move in _graph.MovesOf(node))
        {
            int input = _graph.InputsOf(node)[move.Input];
            if (_rows[input] is { } given)
                GiveMoved(rows, size, move.Target, given, _graph.ShapeOf(input).Size, move.Source, move.Length);
        }
    }

    private void GiveBySegments(int node, int[] rows)
    {
        ReadOnlySpan<int> inputs = _graph.InputsOf(node);
        for (int input = 0; input < inputs.Length; input++)
        {
            if (_rows[inputs[input]] is { } given)
                GiveSegments(node, SegmentOperator.Output, rows, input, given);
        }
    }

    private static void Give(int[] rows, int i, int example)
    {
        if (rows[i] == None)
            rows[i] = example;
    }
}
