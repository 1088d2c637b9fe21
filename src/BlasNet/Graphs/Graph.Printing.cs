using BlasNet.Graphs.Printing;

namespace BlasNet.Graphs;

/// <summary>How many matrix products a graph computes, by the kernel each of them needs.</summary>
/// <param name="Gemv">A matrix times one vector; also rank-one updates.</param>
/// <param name="Gemm">A matrix times a stack of vectors.</param>
public readonly record struct ProductCount(int Gemv, int Gemm);

/// <content>Graphs for people to read.</content>
public sealed partial class Graph
{
    /// <summary>One node a line: <c>%3 = matmul W %2 : [10] ×128</c>, where ×128 is the size of a stack.</summary>
    public string ToText() => TextPrinter.Print(this);

    /// <summary>The graph in the DOT language, which Graphviz draws.</summary>
    public string ToDot() => DotPrinter.Print(this);

    /// <summary>The graph as a Mermaid flowchart, which Markdown viewers draw.</summary>
    public string ToMermaid() => MermaidPrinter.Print(this);

    /// <summary>A node, to be looked at.</summary>
    /// <param name="index">0 … <see cref="Count"/> − 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such node.</exception>
    public GraphNode NodeAt(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
        return new GraphNode(this, index);
    }

    /// <summary>The node of an expression, to be looked at; a parameter joins the graph.</summary>
    /// <exception cref="InvalidOperationException">It belongs to another graph.</exception>
    public GraphNode NodeOf(Expr expression) => new(this, expression.IndexIn(this));

    /// <summary>The matrix products among the nodes.</summary>
    public ProductCount CountProducts()
    {
        int gemv = 0, gemm = 0;
        for (int node = 0; node < Count; node++)
        {
            if (FlopsOf(node) == 0)
                continue;

            ReadOnlySpan<int> inputs = InputsOf(node);

            // Rows of the product: the vectors that meet the shared matrix, or the terms of a sum of outer products.
            int values = Math.Max(CountOf(inputs[0]), CountOf(inputs[1]));
            int vectors = values * ShapeOf(inputs[1]).Columns;
            if (vectors == 1)
                gemv++;
            else if (CountOf(inputs[0]) == 1 || CountOf(node) == 1 || OperatorOf(node).HasList)
                gemm++;
            else if (ShapeOf(inputs[1]).Columns == 1)
                gemv += values;   // every example has a matrix of its own
            else
                gemm += values;
        }

        return new ProductCount(gemv, gemm);
    }

    /// <summary>A node's given name, or its number: <c>%3</c>.</summary>
    internal string LabelOf(int node) => GivenNameOf(node) ?? $"%{node}";
}
