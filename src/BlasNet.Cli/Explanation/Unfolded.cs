using BlasNet.Drawing;
using BlasNet.Graphs;

namespace BlasNet.Cli.Explanation;

/// <summary>What the calls and recurrences of a graph stand for: each function's graph once, those that it calls after it.</summary>
internal static class Unfolded
{
    public static IEnumerable<ExplainedGraph> Of(Graph graph, Func<string, DrawingOptions> drawing)
    {
        var known = new HashSet<string>();
        var open = new Queue<FunctionBody>(BodiesIn(graph));
        while (open.TryDequeue(out FunctionBody? body))
        {
            if (!known.Add($"{body.Name}\n{body.Graph.ToText()}"))
                continue;

            foreach (FunctionBody called in BodiesIn(body.Graph))
                open.Enqueue(called);

            string results = string.Join(", ", body.Results.Select(result => LabelOf(body.Graph.NodeOf(result))));
            string sentence = $"What one call stands for; it returns {results}.";
            yield return new ExplainedGraph(body.Name, sentence, body.Graph, drawing(body.Name)) { IsFolded = true };
        }
    }

    private static IEnumerable<FunctionBody> BodiesIn(Graph graph) =>
        Enumerable.Range(0, graph.Count).SelectMany(node => graph.NodeAt(node).Bodies);

    private static string LabelOf(GraphNode node) => node.Name ?? $"%{node.Index}";
}
