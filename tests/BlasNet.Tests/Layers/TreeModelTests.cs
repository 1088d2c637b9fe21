using BlasNet.Graphs;
using BlasNet.Layers;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Layers;

/// <summary>Models over trees of any form: batched equals unbatched.</summary>
public sealed class TreeModelTests
{
    private const int Size = 3, Words = 5;

    private static readonly Branch[] Trees =
    [
        new(0),
        new(1, new(2), new(3)),
        new(2, new(0, new(1), new(2)), new(3)),
        new(3, new(1), new(4, new(1), new(4, new(1), new(0)))),
        new(1, new(2), new(3)),
        new(4, new(0, new(1, new(2), new(3)), new(1, new(2), new(3))), new(1, new(2), new(3))),
    ];

    private static readonly Branch[] Bushes =
    [
        new(0),
        new(1, [new(2)]),
        new(2, new(0), new(1), new(2)),
        new(3, new(1, new(4), new(3), new(2), new(1), new(0)), new(4)),
        new(4, [new(4, [new(4, [new(4)])])]),
        new(0, [.. Enumerable.Range(0, 17).Select(leaf => new Branch(leaf % Words))]),
    ];

    [Theory, InlineData(1), InlineData(6)]
    public void A_binary_tree_lstm_with_a_loss_at_every_node(int examples) => NetworkAssert.EqualsOneByOne(
        model =>
        {
            var (embedding, tree, label) = (new Embedding(model, "words", Size, Words), new TreeLstm(model, "tree", Size, 4), new Linear(model, "label", 2, 4));
            return (g, example) =>
            {
                var losses = new List<Expr>();
                Encode(Trees[example]);
                return Total([.. losses]);

                LstmState Encode(Branch node)
                {
                    LstmState state = node.Children is [var left, var right] ? tree.Node(Encode(left), Encode(right)) : tree.Leaf(embedding.Of(g, node.Word));
                    losses.Add(CrossEntropy(label.Apply(state.H), node.Word % 2));
                    return state;
                }
            };
        },
        examples);

    [Theory, InlineData(1), InlineData(6)]
    public void A_child_sum_tree_lstm_with_any_number_of_children(int examples) => NetworkAssert.EqualsOneByOne(
        model =>
        {
            var (embedding, tree) = (new Embedding(model, "words", Size, Words), new ChildSumTreeLstm(model, "tree", Size, 4));
            return (g, example) =>
            {
                return Encode(Bushes[example]).H;

                LstmState Encode(Branch node) => tree.Node(embedding.Of(g, node.Word), [.. node.Children.Select(Encode)]);
            };
        },
        examples);

    /// <summary>A weight for each position among the children, and a node's arity decides how many are used.</summary>
    [Fact]
    public void Trees_whose_weights_depend_on_the_position_of_a_child() => NetworkAssert.EqualsOneByOne(
        model =>
        {
            var embedding = new Embedding(model, "words", Size, Words);
            Parameter[] weights = [.. Enumerable.Range(0, 17).Select(position => model.Weight($"U{position}", Size, Size))];
            return (g, example) =>
            {
                return Encode(Bushes[example]);

                Expr Encode(Branch node) => Tanh(node.Children.Select((child, position) => weights[position] * Encode(child))
                    .Aggregate(embedding.Of(g, node.Word), (sum, term) => sum + term));
            };
        },
        Bushes.Length);

    /// <summary>Phrases of even words are combined by one cell, those of odd words by another.</summary>
    [Fact]
    public void Trees_with_two_types_of_nodes() => NetworkAssert.EqualsOneByOne(
        model =>
        {
            var embedding = new Embedding(model, "words", Size, Words);
            TreeLstm[] cells = [new(model, "even", Size, Size), new(model, "odd", Size, Size)];
            return (g, example) =>
            {
                return Encode(Trees[example]).H;

                LstmState Encode(Branch node)
                {
                    TreeLstm cell = cells[node.Word % 2];
                    Expr x = embedding.Of(g, node.Word);
                    return node.Children is [var left, var right] ? cell.Node(x, Encode(left), Encode(right)) : cell.Leaf(x);
                }
            };
        },
        Trees.Length);

    /// <summary>Deeper than a stack could follow, if the library recursed.</summary>
    [Fact]
    public void A_tree_ten_thousand_deep()
    {
        var (values, gradients) = DeepTree(batching: true);
        var (expectedValues, expectedGradients) = DeepTree(batching: false);
        NetworkAssert.Close(expectedValues[0], values[0], 1e-9, "value");
        foreach (var (name, gradient) in expectedGradients)
            NetworkAssert.Close(gradient, gradients[name], 1e-9, $"gradient of {name}");
    }

    private static (double[][] Values, Dictionary<string, double[]> Gradients) DeepTree(bool batching)
    {
        using var network = new Network(
            model =>
            {
                var (embedding, tree) = (new Embedding(model, "words", 1, Words), new TreeLstm(model, "tree", 1, 2));
                return (g, _) =>
                {
                    LstmState state = tree.Leaf(embedding.Of(g, 0));
                    for (int depth = 0; depth < 10_000; depth++)
                        state = tree.Node(state, tree.Leaf(embedding.Of(g, depth % Words)));

                    return state.H;
                };
            },
            new() { Batching = batching });
        return network.Run(1);
    }

    private sealed record Branch(int Word, params Branch[] Children);
}
