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
        if (graph.OperatorOf(sum).Traits.Arithmetic != Arithmetic.Sum)
            return false;

        ReadOnlySpan<int> terms = graph.InputsOf(sum);
        (product, bias) = WithBias(graph, terms[0]) is null ? (terms[1], terms[0]) : (terms[0], terms[1]);
        return WithBias(graph, product) is not null && graph.ShapeOf(product) == graph.ShapeOf(sum) && graph.CountOf(product) == graph.CountOf(sum)
            && graph.IsShared(bias) && graph.ShapeOf(bias) == new Shape(graph.ShapeOf(sum).Rows);
    }

    /// <summary>The operator that a product becomes if it starts from a bias; null where a node is no product, or cannot.</summary>
    public static Operator? WithBias(Graph graph, int node) => (graph.OperatorOf(node) as IMatrixProduct)?.WithBias;
}
