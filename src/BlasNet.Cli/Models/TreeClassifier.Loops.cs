using BlasNet.Graphs;
using BlasNet.Layers;
using static BlasNet.Operators.Op;

namespace BlasNet.Cli.Models;

/// <content>The same model node by node, as a loop: what <c>bench --written loops</c> measures.</content>
internal sealed partial class TreeClassifier
{
    private readonly Function<Expr, Expr, Expr> _loss;

    /// <summary>As <see cref="Loss"/>.</summary>
    public Expr LossByLoops(Graph g, LabelledTree tree)
    {
        using Scratch<LstmState> scratch = new(tree.Nodes.Length);
        using Scratch<Expr> losses = new(tree.Nodes.Length);
        Span<LstmState> states = scratch.Span;
        for (int i = 0; i < states.Length; i++)
        {
            LabelledNode node = tree.Nodes[i];
            states[i] = node.Word >= 0 ? _tree.Leaf(_words.Of(g, node.Word)) : _tree.Node(states[node.Left], states[node.Right]);
            losses.Span[i] = _loss.Call(states[i].H, g.Index(node.Label));
        }

        return Total(losses.Span);
    }
}
