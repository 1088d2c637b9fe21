using BlasNet.Graphs;
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

        GraphNode last = graph.NodeAt(graph.Count - 1);
        ReadOnlySpan<int> losses = last.Inputs;
        if (last.Operator != "total" || losses.Length is < 2 or > Most || graph.NodeAt(losses[0]).Count > 1)
            return [];

        var examples = new int[graph.Count];
        var seen = new bool[graph.Count];
        for (int i = 0; i < losses.Length; i++)
        {
            var pending = new Stack<int>([losses[i]]);
            var visited = new HashSet<int>();
            while (pending.TryPop(out int node))
            {
                if (graph.NodeAt(node).IsShared || !visited.Add(node))
                    continue;

                examples[node] = seen[node] ? 0 : i + 1;
                seen[node] = true;
                foreach (int input in graph.NodeAt(node).Inputs)
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
        for (int node = 0; node < examples.Count; node++)
        {
            if (examples[node] == 0 || !batching.TryLocate(batching.Source.NodeAt(node), out GraphNode stack, out int element) || stack.Count < 2)
                continue;

            if (!cells.TryGetValue(stack.Index, out IReadOnlyList<int>? list))
                cells.Add(stack.Index, list = new int[stack.Count]);

            ((int[])list)[element / stack.Shape.Size] = examples[node];
        }

        return cells;
    }
}
