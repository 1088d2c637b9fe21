using BlasNet.Graphs;

namespace BlasNet.Planning;

/// <summary>Values that lie within another value as they are, so that nothing has to be computed for them.</summary>
internal static class Views
{
    /// <summary>Whether a node is one: a reshape, a sum of one value, or a gather or scatter-add of a single move that gives the whole value.</summary>
    /// <param name="graph">Any graph.</param>
    /// <param name="node">Any node of it.</param>
    /// <param name="viewed">The node that it is a part of.</param>
    /// <param name="offset">The first element there.</param>
    public static bool TryFind(Graph graph, int node, out int viewed, out int offset)
    {
        (viewed, offset) = (-1, 0);
        Operator op = graph.OperatorOf(node);
        ReadOnlySpan<int> inputs = graph.InputsOf(node);
        if (op.HasMoves)
        {
            if (graph.MovesOf(node) is not [var move] || move.Length != graph.LengthOf(node))
                return false;

            (viewed, offset) = (inputs[move.Input], move.Source);
            return true;
        }

        if (inputs.Length == 0)
            return false;

        viewed = inputs[0];
        return op.Storage == Storage.View || (op.Storage == Storage.Accumulator && inputs.Length == 1 && graph.CountOf(viewed) == 1);
    }

    /// <summary>The node at the end of a chain of views.</summary>
    public static int SourceOf(Graph graph, int node)
    {
        while (TryFind(graph, node, out int viewed, out _))
            node = viewed;

        return node;
    }
}
