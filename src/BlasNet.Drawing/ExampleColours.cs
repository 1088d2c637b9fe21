using BlasNet.Graphs;
using BlasNet.Operators.Intrinsics;
using BlasNet.Passes;

namespace BlasNet.Drawing;

/// <summary>Which node belongs to which example, so that the copies side by side can be told apart, and found again in the stacks.</summary>
public static class ExampleColours
{
    /// <summary>Colours that there are.</summary>
    public const int Most = 4;

    /// <summary>The example of each node, from 1: the one whose loss alone depends on it; 0 for what several share.</summary>
    /// <param name="graph">Any graph; a minibatch graph ends in the sum of its examples' losses.</param>
    /// <returns>Empty if it is not a minibatch graph of two to four examples.</returns>
    public static IReadOnlyList<int> Of(Graph graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        if (graph.Count == 0)
            return [];

        int last = graph.Count - 1;
        ReadOnlySpan<int> losses = graph.InputsOf(last);
        if (graph.OperatorOf(last) != TotalOperator.Instance || losses.Length is < 2 or > Most || graph.CountOf(losses[0]) > 1)
            return [];

        var examples = new int[graph.Count];
        var seen = new bool[graph.Count];
        for (int i = 0; i < losses.Length; i++)
        {
            var pending = new Stack<int>([losses[i]]);
            var visited = new HashSet<int>();
            while (pending.TryPop(out int node))
            {
                if (graph.IsShared(node) || !visited.Add(node))
                    continue;

                examples[node] = seen[node] ? 0 : i + 1;
                seen[node] = true;
                foreach (int input in graph.InputsOf(node))
                    pending.Push(input);
            }
        }

        return examples;
    }

    /// <summary>For each stack of the batched graph, the example of each of its values.</summary>
    /// <param name="examples">What <see cref="Of"/> found for the minibatch graph.</param>
    /// <param name="batching">Where its nodes have gone.</param>
    public static IReadOnlyDictionary<int, IReadOnlyList<int>> CellsOf(IReadOnlyList<int> examples, BatchedGraph batching)
    {
        var cells = new Dictionary<int, IReadOnlyList<int>>();
        Graph batched = batching.Graph;
        for (int node = 0; node < examples.Count; node++)
        {
            var (stack, element) = batching.LocateNode(node);
            if (examples[node] == 0 || stack < 0 || batched.CountOf(stack) < 2)
                continue;

            if (!cells.TryGetValue(stack, out IReadOnlyList<int>? list))
                cells.Add(stack, list = new int[batched.CountOf(stack)]);

            ((int[])list)[element / batched.ShapeOf(stack).Size] = examples[node];
        }

        return cells;
    }
}
