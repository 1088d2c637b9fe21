using System.Text;

namespace BlasNet.Graphs.Printing;

/// <summary>A graph as a Mermaid flowchart, as Markdown viewers draw it.</summary>
internal static class MermaidPrinter
{
    public static string Print(Graph graph)
    {
        var text = new StringBuilder("flowchart TD\n");
        for (int node = 0; node < graph.Count; node++)
        {
            (string open, string close) = graph.OperatorOf(node).Storage != Storage.External ? ("([", "])") : graph.IsShared(node) ? ("[", "]") : ("[/", "/]");
            string name = graph.GivenNameOf(node) is string given ? $"{Escaped(given)} = " : "";
            text.Append($"  n{node}{open}\"{name}{TextPrinter.DescriptionOf(graph, node)}<br/>{TextPrinter.TypeOf(graph, node)}\"{close}\n");
            foreach (int input in graph.InputsOf(node))
                text.Append($"  n{input} --> n{node}\n");
        }

        return text.ToString();
    }

    private static string Escaped(string name) => name.Replace("\"", "#quot;", StringComparison.Ordinal);
}
