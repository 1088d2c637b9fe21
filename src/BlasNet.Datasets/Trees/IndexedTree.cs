namespace BlasNet.Datasets;

/// <summary>A tree as a model takes it: labels and words are indices. Made by <see cref="Tree.Encode"/>.</summary>
public sealed class IndexedTree : TreeNode<IndexedTree>
{
    internal IndexedTree(int label, int word, IndexedTree[] children)
        : base(children) => (Label, Word) = (label, word);

    /// <summary>Index of the label.</summary>
    public int Label { get; }

    /// <summary>Index of a leaf's word; -1 for a node with children.</summary>
    public int Word { get; }
}
