using BlasNet.Graphs;

namespace BlasNet.Fusion;

/// <summary>f(W·x) or f(W·x + b): an element-wise function of one argument. The product can apply it to what it has computed.</summary>
internal static class Finish
{
    /// <summary>The operator of all these nodes, if a node is such a function, and nothing else reads what lies between.</summary>
    /// <param name="graph">Any graph.</param>
    /// <param name="node">Any node of it.</param>
    /// <param name="readers">The graph's.</param>
    /// <param name="product">W·x.</param>
    /// <param name="bias">b; negative where there is none.</param>
    public static Operator? Find(Graph graph, int node, Readers readers, out int product, out int bias)
    {
        (product, bias) = (-1, -1);
        if (graph.InputsOf(node) is not [var argument] || readers.SoleReaderOf(argument) != node || graph.CountOf(argument) != graph.CountOf(node)
            || graph.IsShared(argument) != graph.IsShared(node))
            return null;

        Operator? multiply = graph.OperatorOf(argument);
        if (!Bias.TryFind(graph, argument, out product, out bias))
            (product, bias) = (argument, -1);
        else if (readers.SoleReaderOf(product) == argument)
            multiply = Bias.WithBias(graph, product);

        return (multiply as IMatrixProduct)?.Then(graph.OperatorOf(node));
    }
}
