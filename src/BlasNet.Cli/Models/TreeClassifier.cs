using BlasNet.Graphs;
using BlasNet.Layers;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Cli.Models;

/// <summary>Lengths of the vectors, and numbers of what is told apart.</summary>
/// <param name="Words">In the vocabulary.</param>
/// <param name="Labels">To choose from.</param>
/// <param name="Embedding">A word's vector.</param>
/// <param name="Hidden">A node's state.</param>
internal sealed record TreeSizes(int Words, int Labels, int Embedding = 128, int Hidden = 128);

/// <summary>Labels the nodes of ONE binary tree: a Tree-LSTM from the words up, and a linear classifier at every node.</summary>
internal sealed class TreeClassifier
{
    private readonly Embedding _words;
    private readonly TreeLstm _tree;
    private readonly Linear _label;
    private readonly Function<Expr, Expr, Expr> _loss;

    public TreeClassifier(Model model, TreeSizes sizes)
    {
        _words = new Embedding(model, "words", sizes.Embedding, sizes.Words);
        _tree = new TreeLstm(model, "tree", sizes.Embedding, sizes.Hidden);
        _label = new Linear(model, "label", sizes.Labels, sizes.Hidden);
        _loss = Function.Of("loss", (Expr h, Expr label) => CrossEntropy(_label.Apply(h), label));
    }

    /// <summary>The sum of the cross-entropies of all nodes' labels.</summary>
    public Expr Loss(Graph g, LabelledTree tree)
    {
        using var scratch = new Scratch<Expr>(tree.Nodes.Length);
        Span<Expr> values = scratch.Span;
        Read(g, tree, values);
        for (int i = 0; i < values.Length; i++)
            values[i] = _loss.Call(values[i], g.Index(tree.Nodes[i].Label));

        return Total(values);
    }

    /// <summary>A number for each label, node after node; a node's largest says which label it has.</summary>
    /// <returns>[nodes · labels].</returns>
    public Expr Scores(Graph g, LabelledTree tree)
    {
        using var scratch = new Scratch<Expr>(tree.Nodes.Length);
        Read(g, tree, scratch.Span);
        foreach (ref Expr value in scratch.Span)
            value = _label.Apply(value);

        return Concatenate(scratch.Span);
    }

    // What each node stands for.
    private void Read(Graph g, LabelledTree tree, Span<Expr> values)
    {
        using var scratch = new Scratch<LstmState>(values.Length);
        Span<LstmState> states = scratch.Span;
        for (int i = 0; i < values.Length; i++)
        {
            LabelledNode node = tree.Nodes[i];
            states[i] = node.Word >= 0 ? _tree.Leaf(_words.Of(g, node.Word)) : _tree.Node(states[node.Left], states[node.Right]);
            values[i] = states[i].H;
        }
    }
}
