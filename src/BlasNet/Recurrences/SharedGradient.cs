using BlasNet.Graphs;
using BlasNet.Operators.Intrinsics;

namespace BlasNet.Recurrences;

/// <summary>A term of the gradient with respect to what all vertices of a scan share: the sum over the vertices of what an operator makes of two nodes, or
/// of one node.</summary>
/// <param name="Shared">Which of the shared values.</param>
/// <param name="Sum">The operator that makes the sum; null where the values are added as they are.</param>
/// <param name="Left">Node of the cell's graph.</param>
/// <param name="Right">Another, where there is an operator.</param>
internal readonly record struct SharedGradient(int Shared, Operator? Sum, int Left, int Right)
{
    /// <summary>The terms of all gradients.</summary>
    /// <returns>Null where one would be a matrix for each vertex.</returns>
    public static List<SharedGradient>? Of(ScanCell cell)
    {
        var terms = new List<SharedGradient>();
        for (int shared = 0; shared < cell.SharedCount; shared++)
        {
            int node = cell.Gradients[cell.StateInputs + cell.BeforeCount + shared];
            if (node >= 0 && !TryAdd(cell.Graph, shared, node, terms))
                return null;
        }

        return terms;
    }

    // A sum of products is one product for each term; a sum of vectors is one vector.
    private static bool TryAdd(Graph graph, int shared, int node, List<SharedGradient> terms)
    {
        Operator op = graph.OperatorOf(node);
        ReadOnlySpan<int> inputs = graph.InputsOf(node);
        if (op.SumOverStack is { } sum)
        {
            terms.Add(new SharedGradient(shared, sum, inputs[0], inputs[1]));
            return true;
        }

        if (graph.ShapeOf(node).IsVector && !graph.IsShared(node))
        {
            terms.Add(new SharedGradient(shared, null, node, -1));
            return true;
        }

        if (op != PlusOperator.Instance)
            return false;

        foreach (int input in inputs)
        {
            if (!TryAdd(graph, shared, input, terms))
                return false;
        }

        return true;
    }
}
