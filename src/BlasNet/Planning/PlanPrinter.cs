using System.Globalization;
using System.Text;
using BlasNet.Graphs;

namespace BlasNet.Planning;

/// <summary>A plan as text, one launch a line: <c>matmul ×16  W=shared x=view</c>.</summary>
/// <remarks>An operand is <c>shared</c> (one value for all), a <c>view</c> (read where it lies), <c>picked</c> (vector by vector, from where they lie),
/// or a <c>copy</c> that a gather made. A term
/// that is computed right into its sum is marked <c>→</c>.</remarks>
internal static class PlanPrinter
{
    public static string Print(Plan plan)
    {
        Graph graph = plan.Graph;
        var text = new StringBuilder();
        foreach (int node in plan.Order)
        {
            if (text.Length > 0)
                text.Append('\n');

            text.Append(graph.OperatorOf(node).Name);
            int count = StackOf(graph, node);
            if (count > 1)
                text.Append(CultureInfo.InvariantCulture, $" ×{count}");

            char separator = ' ';
            foreach (int input in graph.InputsOf(node))
            {
                text.Append(separator == ' ' ? "  " : " ").Append(graph.LabelOf(input)).Append('=').Append(KindOf(plan, input));
                separator = ',';
            }

            if (plan.Absorbed[node])
                text.Append(" → ").Append(graph.LabelOf(plan.Roots[node]));
        }

        return text.ToString();
    }

    // A sum of outer products gives one value but takes a whole stack.
    private static int StackOf(Graph graph, int node)
    {
        int count = graph.CountOf(node);
        foreach (int input in graph.InputsOf(node))
            count = Math.Max(count, graph.CountOf(input));

        return count;
    }

    private static string KindOf(Plan plan, int input)
    {
        if (plan.Graph.IsShared(input))
            return "shared";

        if (plan.RowIndices.Contains(input))
            return "picked";

        int root = plan.Roots[input];
        bool copied = plan.Graph.OperatorOf(root).Storage == Storage.Moves && plan.Regions[root] == Region.Arena;
        return copied ? "copy" : "view";
    }
}
