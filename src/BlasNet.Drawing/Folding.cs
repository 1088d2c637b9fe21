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
        if (Number(graph, (node, known) => KeyOf(graph, node, known, stacks: true), classes) <= limit)
            return classes;

        return ToDepth(graph, limit, stacks: true) ?? ToDepth(graph, limit, stacks: false) ?? ByOperator(graph);
    }

    private static int[]? ToDepth(Graph graph, int limit, bool stacks)
    {
        int[]? best = null;
        var classes = new int[graph.Count];
        int[] previous = [];
        for (int depth = 0; depth <= DeepestFiniteDepth && Number(graph, (node, _) => KeyOf(graph, node, previous, stacks), classes) <= limit; depth++)
            best = previous = [.. classes];

        return best;
    }

    private static int[] ByOperator(Graph graph)
    {
        var classes = new int[graph.Count];
        Number(graph, (node, _) => [graph.OperatorOf(node).Id], classes);
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

    // Operands by their classes, where those are given; the place of data and the moves of gathers are no difference.
    private static int[] KeyOf(Graph graph, int node, int[] classes, bool stacks)
    {
        Operator op = graph.OperatorOf(node);
        long attribute = op.HasMoves || (op.Storage == Storage.External && op.Name != "parameter") ? 0 : graph.AttributeOf(node);
        Shape shape = graph.ShapeOf(node);
        ReadOnlySpan<int> inputs = graph.InputsOf(node);
        var key = new int[6 + (classes.Length == 0 || op.Merging == Merging.Reduction ? 0 : inputs.Length)];
        (key[0], key[1], key[2], key[3], key[4], key[5]) = (op.Id, shape.Rows, shape.Columns, stacks ? graph.CountOf(node) : 0, (int)attribute, (int)(attribute >> 32));
        for (int i = 0; i < key.Length - 6; i++)
            key[6 + i] = classes[inputs[i]];

        return key;
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
