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
internal sealed class TreeClassifier(Model model, TreeSizes sizes)
{
    private readonly Embedding _words = new(model, "words", sizes.Embedding, sizes.Words);
    private readonly TreeLstm _tree = new(model, "tree", sizes.Embedding, sizes.Hidden);
    private readonly Linear _label = new(model, "label", sizes.Labels, sizes.Hidden);

    /// <summary>The sum of the cross-entropies of all nodes' labels.</summary>
    public Expr Loss(Graph g, LabelledTree tree)
    {
        using var scratch = new Scratch<Expr>(tree.Nodes.Length);
        Span<Expr> losses = scratch.Span;
        Score(g, tree, losses);
        for (int i = 0; i < losses.Length; i++)
            losses[i] = CrossEntropy(losses[i], tree.Nodes[i].Label);

        return Total(losses);
    }

    /// <summary>A number for each label, node after node; a node's largest says which label it has.</summary>
    /// <returns>[nodes · labels].</returns>
    public Expr Scores(Graph g, LabelledTree tree)
    {
        using var scratch = new Scratch<Expr>(tree.Nodes.Length);
        Score(g, tree, scratch.Span);
        return Concatenate(scratch.Span);
    }

    private void Score(Graph g, LabelledTree tree, Span<Expr> scores)
    {
        using var scratch = new Scratch<LstmState>(scores.Length);
        Span<LstmState> states = scratch.Span;
        for (int i = 0; i < scores.Length; i++)
        {
            LabelledNode node = tree.Nodes[i];
            states[i] = node.Word >= 0 ? _tree.Leaf(_words.Of(g, node.Word)) : _tree.Node(states[node.Left], states[node.Right]);
            scores[i] = _label.Apply(states[i].H);
        }
    }
}
