using System.Text;

namespace BlasNet.Graphs.Printing;

/// <summary>A graph in the DOT language of Graphviz: inputs above, parameters as boxes, stacks with a bold border.</summary>
internal static class DotPrinter
{
    public static string Print(Graph graph)
    {
        var text = new StringBuilder("digraph {\n  rankdir=TB; node [fontname=\"sans-serif\"];\n");
        for (int node = 0; node < graph.Count; node++)
        {
            string shape = graph.OperatorOf(node).Storage != Storage.External ? "ellipse" : graph.IsShared(node) ? "box" : "plaintext";
            string border = graph.CountOf(node) > 1 ? ", penwidth=2" : "";
            text.Append($"  n{node} [label=\"{Caption(graph, node)}\", shape={shape}{border}];\n");
            foreach (int input in graph.InputsOf(node))
                text.Append($"  n{input} -> n{node};\n");
        }

        return text.Append("}\n").ToString();
    }

    // Two lines: what it is, and the shape.
    private static string Caption(Graph graph, int node)
    {
        string name = graph.GivenNameOf(node) is string given ? $"{given} = " : "";
        return $"{Escaped(name)}{TextPrinter.DescriptionOf(graph, node)}\\n{TextPrinter.TypeOf(graph, node)}";
    }

    private static string Escaped(string name) => name.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal);
}
