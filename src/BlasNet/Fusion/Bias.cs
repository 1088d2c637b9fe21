using BlasNet.Graphs;

namespace BlasNet.Fusion;

/// <summary>W·x + b: a vector that all examples share, added to each column of a product. The product can start from it.</summary>
internal static class Bias
{
    /// <summary>Whether a node is such a sum.</summary>
    /// <param name="graph">Any graph.</param>
    /// <param name="sum">Any node of it.</param>
    /// <param name="product">W·x.</param>
    /// <param name="bias">b.</param>
    public static bool TryFind(Graph graph, int sum, out int product, out int bias)
    {
        (product, bias) = (-1, -1);
        if (!graph.OperatorOf(sum).IsAddition)
            return false;

        ReadOnlySpan<int> terms = graph.InputsOf(sum);
        (product, bias) = graph.OperatorOf(terms[0]).WithBias is null ? (terms[1], terms[0]) : (terms[0], terms[1]);
        return graph.OperatorOf(product).WithBias is not null && graph.ShapeOf(product) == graph.ShapeOf(sum) && graph.CountOf(product) == graph.CountOf(sum)
            && graph.IsShared(bias) && graph.ShapeOf(bias) == new Shape(graph.ShapeOf(sum).Rows);
    }
}
