using System.Globalization;
using System.Text;
using BlasNet.Graphs;

namespace BlasNet.Planning;

/// <summary>A plan as text, one launch a line: <c>matmul ×16  W=shared x=view</c>.</summary>
/// <remarks>An operand is <c>shared</c> (one value for all), a <c>view</c> (read where it lies), <c>indexed</c> (vector by vector, wherever they lie),
/// or a <c>copy</c> that a gather made. An arrow leads to the sum or gather into whose buffer a value is computed, <c>→ %9[6]</c> to its part from element 6
/// on. Kernels overwrite; <c>+</c> adds, and <c>later +</c> adds in all microbatches of a step but the first.</remarks>
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

            ResultRange results = graph.ResultsOf(node);
            for (int result = results.First; result < results.End; result++)
                PrintDestination(text, graph, plan[result]);
        }

        return text.ToString();
    }

    private static void PrintDestination(StringBuilder text, Graph graph, in Placement value)
    {
        if (value.IsTerm || value.Destination == Destination.Slice)
            text.Append(" → ").Append(graph.LabelOf(value.Buffer));

        if (value.Destination == Destination.Slice)
            text.Append(CultureInfo.InvariantCulture, $"[{value.Offset}]");

        if (value.Beta != Beta.Zero)
            text.Append(value.Beta == Beta.One ? " +" : " later +");
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

        Placement value = plan[input];
        if (value.IsIndexed)
            return "indexed";

        bool isCopy = plan.Graph.OperatorOf(value.Buffer).Storage == Storage.Moves && value.Space == Space.Arena;
        return isCopy ? "copy" : "view";
    }
}
