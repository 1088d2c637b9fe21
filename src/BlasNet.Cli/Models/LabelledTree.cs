using BlasNet.Datasets;
using BlasNet.Graphs;

namespace BlasNet.Cli.Models;

/// <summary>A node of a <see cref="LabelledTree"/>: a leaf has a word, another node two children.</summary>
/// <param name="Label">Index of the label; -1 for one that the training data does not have.</param>
/// <param name="Word">Index of a leaf's word; -1 for a node with children.</param>
/// <param name="Left">Position of the first child among the tree's nodes.</param>
/// <param name="Right">Position of the second child.</param>
internal readonly record struct LabelledNode(int Label, int Word, int Left, int Right);

/// <summary>A binary tree as a model takes it: its nodes, children before parents, so that a loop goes over trees of any depth.</summary>
internal sealed record LabelledTree(LabelledNode[] Nodes)
{
    /// <summary>Index of each leaf's word, in the order of the nodes.</summary>
    public int[] Words { get; } = [.. Nodes.Where(node => node.Word >= 0).Select(node => node.Word)];

    /// <summary>Index of each node's label.</summary>
    public int[] Labels { get; } = Array.ConvertAll(Nodes, node => node.Label);

    /// <summary>Each node's children.</summary>
    public Dag Structure { get; } = Dag.Binary(Array.ConvertAll(Nodes, node => node.Left), Array.ConvertAll(Nodes, node => node.Right));

    public static LabelledTree Of(Tree binary, Vocabulary words, Vocabulary labels)
    {
        var nodes = new List<LabelledNode>();
        binary.Fold<int>((node, children) =>
        {
            int label = labels.TryGetIndex(node.Label, out int index) ? index : -1;
            nodes.Add(node.Word is { } word ? new(label, words.IndexOf(word), -1, -1) : new(label, -1, children[0], children[1]));
            return nodes.Count - 1;
        });
        return new LabelledTree([.. nodes]);
    }
}
