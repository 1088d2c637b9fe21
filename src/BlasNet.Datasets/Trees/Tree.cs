using System.Buffers;
using System.Text;

namespace BlasNet.Datasets;

/// <summary>A labelled tree over a sentence: a leaf has a word, every other node one child or more.</summary>
/// <remarks>Written in brackets, as in the Penn Treebank: <c>(3 (2 It) (4 (4 works) (2 .)))</c>.</remarks>
public sealed class Tree : TreeNode<Tree>
{
    private static readonly SearchValues<char> Separators = SearchValues.Create(" \t\r\n\v\f()");

    internal Tree(string label, string? word, Tree[] children)
        : base(children) => (Label, Word) = (label, word);

    /// <summary>The class of what the node spans: a sentiment, a constituent. Empty for brackets without a label around several trees.</summary>
    public string Label { get; }

    /// <summary>A leaf's word; null for a node with children.</summary>
    public string? Word { get; }

    /// <summary>A tree of one word.</summary>
    /// <exception cref="ArgumentException">Label or word is empty or has white space or a bracket in it.</exception>
    public static Tree Leaf(string label, string word) => new(Checked(label, nameof(label)), Checked(word, nameof(word)), []);

    /// <summary>A tree of smaller ones.</summary>
    /// <exception cref="ArgumentException">There are no children, the label is empty and there is only one, or it has white space or a bracket in it.</exception>
    public static Tree Node(string label, params ReadOnlySpan<Tree> children) => children.IsEmpty
        ? throw new ArgumentException("A node has one child or more; a leaf has a word.", nameof(children))
        : new(label is "" && children.Length > 1 ? label : Checked(label, nameof(label)), word: null, children.ToArray());

    /// <summary>Reads one tree in brackets; it may span lines as <see cref="TreeFile"/> says.</summary>
    /// <exception cref="DataFormatException">It is not exactly one tree.</exception>
    public static Tree Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        const string Name = "tree";
        Tree? only = null;

        foreach (Tree tree in TreeFile.Read(() => new LineReader(Name, new MemoryStream(Encoding.UTF8.GetBytes(text)))))
            only = only is null ? tree : throw DataFormatException.InFile(Name, "one tree expected, got several");

        return only!;
    }

    /// <summary>The same sentence as a tree whose every node has two children or a word.</summary>
    /// <param name="partialLabel">The label of a node that is put above the first so many children of a node with three or more;
    /// by default that node's own.</param>
    /// <remarks>Branches to the left: (A b c d) becomes (A (A b c) d). A node with a single child and this child become one, with the label of the
    /// upper one.</remarks>
    public Tree Binarize(Func<Tree, int, string>? partialLabel = null) => Fold<Tree>((node, children) =>
    {
        if (node.IsLeaf)
            return node;

        if (children.Length == 1)
            return new Tree(node.Label, children[0].Word, children[0].Children.ToArray());

        Tree left = children[0];

        for (int i = 1; i < children.Length - 1; i++)
            left = new Tree(partialLabel?.Invoke(node, i + 1) ?? node.Label, word: null, [left, children[i]]);

        return new Tree(node.Label, word: null, [left, children[^1]]);
    });

    /// <summary>The same tree with indices in place of labels and words.</summary>
    /// <exception cref="KeyNotFoundException">A label or a word is not in its vocabulary, which has no <c>&lt;unk&gt;</c>.</exception>
    public IndexedTree Encode(Vocabulary words, Vocabulary labels)
    {
        ArgumentNullException.ThrowIfNull(words);
        ArgumentNullException.ThrowIfNull(labels);

        return Fold<IndexedTree>((node, children) =>
            new IndexedTree(labels.IndexOf(node.Label), node.Word is null ? -1 : words.IndexOf(node.Word), children.ToArray()));
    }

    /// <summary>The tree in brackets, on one line; <see cref="Parse"/> reads it back.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        var open = new Stack<(Tree Node, int Child)>();
        open.Push((this, 0));

        while (open.TryPop(out var step))
        {
            if (step.Child == 0)
                text.Append('(').Append(step.Node.Label).Append(step.Node.IsLeaf ? " " : "").Append(step.Node.Word);

            if (step.Child == step.Node.Children.Length)
            {
                text.Append(')');
                continue;
            }

            text.Append(' ');
            open.Push((step.Node, step.Child + 1));
            open.Push((step.Node.Children[step.Child], 0));
        }

        return text.ToString();
    }

    private static string Checked(string text, string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(text, name);

        return text.AsSpan().ContainsAny(Separators)
            ? throw new ArgumentException($"{ErrorText.Quote(text)} has white space or a bracket in it; treebanks write -LRB- and -RRB-.", name)
            : text;
    }
}
