using System.Globalization;
using System.Text;

namespace BlasNet.Graphs.Printing;

/// <summary>A graph as text, one node a line: <c>%3 = matmul W %2 : [10] ×128</c>.</summary>
internal static class TextPrinter
{
    public static string Print(Graph graph)
    {
        var text = new StringBuilder();
        for (int node = 0; node < graph.Count; node++)
        {
            Append(text, graph, node);
            text.Append('\n');
        }

        return text.ToString();
    }

    /// <summary>One node.</summary>
    public static string Print(Graph graph, int node)
    {
        var text = new StringBuilder();
        Append(text, graph, node);
        return text.ToString();
    }

    private static void Append(StringBuilder text, Graph graph, int node)
    {
        text.Append(graph.LabelOf(node)).Append(" = ").Append(DescriptionOf(graph, node));
        foreach (int input in graph.InputsOf(node))
            text.Append(' ').Append(graph.LabelOf(input));

        text.Append(" : ").Append(TypeOf(graph, node));
    }

    /// <summary>Operator and attribute: <c>scale(0.5)</c>.</summary>
    public static string DescriptionOf(Graph graph, int node)
    {
        Operator op = graph.OperatorOf(node);
        string attribute = op.Name == "constant" && graph.ShapeOf(node).IsScalar
            ? graph.Data.ElementAt(graph.AttributeOf(node), 0).ToString(CultureInfo.InvariantCulture)
            : op.Describe(graph.AttributeOf(node));
        return attribute.Length == 0 ? op.Name : $"{op.Name}({attribute})";
    }

    /// <summary>Shape and count: <c>[10] ×128</c>.</summary>
    public static string TypeOf(Graph graph, int node) =>
        graph.CountOf(node) == 1
            ? graph.ShapeOf(node).ToString()
            : string.Create(CultureInfo.InvariantCulture, $"{graph.ShapeOf(node)} ×{graph.CountOf(node)}");
}
