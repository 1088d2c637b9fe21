using System.Runtime.InteropServices;
using BlasNet.Graphs;

namespace BlasNet.Drawing;

/// <summary>Puts nodes that look alike into one class, so that a large graph can be drawn as a small one.</summary>
/// <remarks>
/// Two nodes are alike to depth 0 if they have the same operator, shape and stack, and are not two different parameters; alike to depth k if, besides,
/// their operands are, one by one, alike to depth k − 1. With unlimited depth only copies fold: examples side by side. With a small depth the steps of
/// a recurrence fold too, and the drawing has loops. The greatest depth is taken that leaves few enough classes; if none does, stacks of different
/// size fold too, and at last all nodes of one operator. Time O(N + E) for each depth tried.
/// </remarks>
internal static class Folding
{
    private const int DeepestFiniteDepth = 6;

    /// <summary>The class of each node, numbered from 0 in the order of their first nodes.</summary>
    /// <param name="graph">Any graph.</param>
    /// <param name="limit">How many classes there may be, if that can be had.</param>
    public static int[] Run(Graph graph, int limit)
    {
        var classes = new int[graph.Count];
        if (graph.Count <= limit)
        {
            for (int node = 0; node < classes.Length; node++)
                classes[node] = node;

            return classes;
        }

        // Operands come first, so looking their classes up while they are made is unlimited depth.
        var labels = new Labels();
        if (Number(graph, (node, known) => KeyOf(graph.NodeAt(node), labels, known, stacks: true), classes) <= limit)
            return classes;

        return ToDepth(graph, labels, limit, stacks: true) ?? ToDepth(graph, labels, limit, stacks: false) ?? ByOperator(graph, labels);
    }

    private static int[]? ToDepth(Graph graph, Labels labels, int limit, bool stacks)
    {
        int[]? best = null;
        var classes = new int[graph.Count];
        int[] previous = [];
        for (int depth = 0; depth <= DeepestFiniteDepth; depth++)
        {
            if (Number(graph, (node, _) => KeyOf(graph.NodeAt(node), labels, previous, stacks), classes) > limit)
                break;

            best = previous = [.. classes];
        }

        return best;
    }

    private static int[] ByOperator(Graph graph, Labels labels)
    {
        var classes = new int[graph.Count];
        Number(graph, (node, _) => [labels.NumberOf(graph.NodeAt(node).Operator)], classes);
        return classes;
    }

    private static int Number(Graph graph, Func<int, int[], int[]> keyOf, int[] classes)
    {
        var known = new Dictionary<int[], int>(KeyComparer.Instance);
        for (int node = 0; node < graph.Count; node++)
        {
            ref int number = ref CollectionsMarshal.GetValueRefOrAddDefault(known, keyOf(node, classes), out bool exists);
            if (!exists)
                number = known.Count - 1;

            classes[node] = number;
        }

        return known.Count;
    }

    // What is seen of a node, and its operands by their classes where those are given. The terms of a sum may differ in number and kind.
    private static int[] KeyOf(GraphNode node, Labels labels, int[] classes, bool stacks)
    {
        ReadOnlySpan<int> operands = classes.Length == 0 || node.Kind == NodeKind.Sum ? [] : node.Inputs;
        int[] key = [labels.NumberOf(LabelOf(node)), node.Shape.Rows, node.Shape.Columns, stacks ? node.Count : 0, .. operands];
        for (int i = key.Length - operands.Length; i < key.Length; i++)
            key[i] = classes[key[i]];

        return key;
    }

    // The place of data, the number in a constant and the runs of a gather are no difference.
    private static string LabelOf(GraphNode node) => node switch
    {
        { Operator: "parameter", Name: { } name } => name,
        { Kind: NodeKind.Leaf } or { Operator: "gather" or "scatter-add" } => node.Operator,
        _ => node.Description,
    };

    /// <summary>Numbers labels in the order in which they are first seen.</summary>
    private sealed class Labels
    {
        private readonly Dictionary<string, int> _numbers = new(StringComparer.Ordinal);

        public int NumberOf(string label)
        {
            ref int number = ref CollectionsMarshal.GetValueRefOrAddDefault(_numbers, label, out bool exists);
            return exists ? number : number = _numbers.Count;
        }
    }

    private sealed class KeyComparer : IEqualityComparer<int[]>
    {
        public static readonly KeyComparer Instance = new();

        public bool Equals(int[]? x, int[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(int[] key)
        {
            var hash = default(HashCode);
            hash.AddBytes(MemoryMarshal.AsBytes<int>(key));
            return hash.ToHashCode();
        }
    }
}
