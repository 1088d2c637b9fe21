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
internal sealed partial class TreeClassifier
{
    private readonly Embedding _words;
    private readonly TreeLstm _tree;
    private readonly Linear _label;

    public TreeClassifier(Model model, TreeSizes sizes)
    {
        _words = new Embedding(model, "words", sizes.Embedding, sizes.Words);
        _tree = new TreeLstm(model, "tree", sizes.Embedding, sizes.Hidden);
        _label = new Linear(model, "label", sizes.Labels, sizes.Hidden);
        _loss = Function.Of("loss", (Expr h, Expr label) => CrossEntropy(_label.Apply(h), label));
    }

    /// <summary>The sum of the cross-entropies of all nodes' labels.</summary>
    public Expr Loss(Graph g, LabelledTree tree) => Sum(CrossEntropy(Scores(g, tree), tree.Labels));

    /// <summary>A number for each label of each node; a node's largest says which label it has.</summary>
    /// <returns>[labels × nodes].</returns>
    public Expr Scores(Graph g, LabelledTree tree) => _label.Apply(_tree.Run(_words.Of(g, tree.Words), tree.Structure).H);
}
