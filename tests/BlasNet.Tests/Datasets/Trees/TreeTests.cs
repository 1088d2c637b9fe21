using BlasNet.Datasets;
using CsCheck;

namespace BlasNet.Tests.Datasets.Trees;

public sealed class TreeTests
{
    private static readonly Gen<string> Token = Gen.Char["ab|-.'\u00A0ä日/\\"].Array[1, 4].Select(letters => new string(letters));

    private static readonly Gen<Tree> Trees = Gen.Recursive<Tree>((depth, tree) => depth >= 5
        ? Gen.Select(Token, Token, Tree.Leaf)
        : Gen.Frequency((1, Gen.Select(Token, Token, Tree.Leaf)), (2, Gen.Select(Token, tree.Array[1, 4], (label, children) => Tree.Node(label, children)))));

    [Fact]
    public void What_is_printed_is_read_back() => Trees.Sample(tree => Same(tree, Tree.Parse(tree.ToString())));

    [Fact]
    public void A_binary_tree_has_the_words_and_the_root_label_of_its_original() => Trees.Sample(tree =>
    {
        Tree binary = tree.Binarize();

        Assert.Equal(Words(tree), Words(binary));
        Assert.Equal(tree.Label, binary.Label);
        Assert.All(binary.PostOrder(), node => Assert.Contains(node.Children.Length, new[] { 0, 2 }));
    });

    [Theory]
    [InlineData("(A (b b) (c c) (d d) (e e))", "(A (A (A (b b) (c c)) (d d)) (e e))")]
    [InlineData("(A (B (C x)))", "(A x)")]
    [InlineData("(A (B (c c) (d d)))", "(A (c c) (d d))")]
    [InlineData("(A (b b) (c c))", "(A (b b) (c c))")]
    public void Binary_trees_branch_to_the_left_and_chains_keep_their_upper_label(string tree, string binary) =>
        Assert.Equal(binary, Tree.Parse(tree).Binarize().ToString());

    [Fact]
    public void Labels_between_can_be_chosen() => Assert.Equal("(A (2A (b b) (c c)) (d d))",
        Tree.Parse("(A (b b) (c c) (d d))").Binarize((node, count) => $"{count}{node.Label}").ToString());

    [Fact]
    public void Encoding_keeps_the_shape_and_gives_the_indices()
    {
        Tree tree = Tree.Parse("(3 (2 It) (3 (4 works) (2 well)))");
        var words = Vocabulary.Build(["It", "works", "It"]);
        var labels = Vocabulary.Build(["2", "3", "4", "2", "3", "2"], unknown: false);

        IndexedTree encoded = tree.Encode(words, labels);

        Assert.Equal([0, 2, 0, 1, 1], encoded.PostOrder().Select(node => node.Label));
        Assert.Equal([1, 2, 0, -1, -1], encoded.PostOrder().Select(node => node.Word));
        Assert.Equal(encoded.Children[1], encoded.Right);
        Assert.True(encoded.Left.IsLeaf);
    }

    [Fact]
    public void A_label_that_no_one_knows_is_an_error() => Assert.Throws<KeyNotFoundException>(() =>
        Tree.Leaf("9", "x").Encode(Vocabulary.Build(["x"]), Vocabulary.Build(["1"], unknown: false)));

    [Fact]
    public void Left_and_right_are_for_nodes_with_two_children() =>
        Assert.Throws<InvalidOperationException>(() => Tree.Parse("(A (b b) (c c) (d d))").Left);

    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("(")]
    public void What_could_not_be_read_back_is_refused(string text)
    {
        Assert.ThrowsAny<ArgumentException>(() => Tree.Leaf(text, "x"));
        Assert.ThrowsAny<ArgumentException>(() => Tree.Leaf("x", text));
        Assert.ThrowsAny<ArgumentException>(() => Tree.Node(text, Tree.Leaf("x", "x")));
        Assert.ThrowsAny<ArgumentException>(() => Tree.Node("x"));
    }

    private static IEnumerable<string?> Words(Tree tree) => tree.PostOrder().Where(node => node.IsLeaf).Select(node => node.Word);

    private static bool Same(Tree one, Tree other) =>
        one.PostOrder().Select(node => (node.Label, node.Word, node.Children.Length))
            .SequenceEqual(other.PostOrder().Select(node => (node.Label, node.Word, node.Children.Length)));
}
