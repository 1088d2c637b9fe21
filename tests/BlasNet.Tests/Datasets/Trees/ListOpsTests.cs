using System.Globalization;
using BlasNet.Datasets;

namespace BlasNet.Tests.Datasets.Trees;

public sealed class ListOpsTests
{
    [Theory]
    [InlineData("(1 (MAX MAX) ( (1 1) (3 3)) (2 2))", "'' is not one of 0…9.")]
    [InlineData("(1 (MAX MAX) (a 3) (2 2))", "'a' is not one of 0…9.")]
    [InlineData("(1 (MEAN MEAN) (2 2) (3 3))", "'MEAN' is not one of MAX, MIN, MED, SM.")]
    public void A_tree_that_is_no_list_is_not_binarised(string tree, string error) =>
        Assert.Equal(error, Assert.Throws<ArgumentException>(() => ListOps.Binarize(Tree.Parse(tree))).Message);

    [Fact]
    public void Every_label_is_the_value_of_its_node()
    {
        foreach (Tree tree in new ListOps(seed: 1).Take(1000))
            Assert.All(tree.PostOrder(), node => Assert.Equal(Value(node), node.Label));
    }

    [Theory]
    [InlineData("MAX", 2, "9")]
    [InlineData("MED", 2, "5")]
    [InlineData("MED", 3, "2")]
    [InlineData("MED", 4, "3")]
    [InlineData("MIN", 3, "1")]
    [InlineData("SM", 3, "2")]
    [InlineData("SM", 4, "6")]
    public void The_nodes_between_are_labelled_with_the_value_so_far(string operation, int elements, string value)
    {
        Tree list = Tree.Parse($"(? ({operation} {operation}) (2 2) (9 9) (1 1) (4 4) (0 0))");

        Assert.Equal(value, ListOps.Binarize(list).PostOrder().Where(node => !node.IsLeaf).ElementAt(elements - 1).Label);
    }

    [Fact]
    public void The_binary_tree_has_the_same_words_and_the_same_answer()
    {
        foreach (Tree tree in new ListOps(seed: 2).Take(300))
        {
            Tree binary = ListOps.Binarize(tree);

            Assert.Equal(tree.Label, binary.Label);
            Assert.Equal(Words(tree), Words(binary));
            Assert.All(binary.PostOrder(), node => Assert.True(node.IsLeaf || node.Children.Length == 2));
        }
    }

    [Fact]
    public void Depth_and_number_of_elements_stay_within_their_limits_and_reach_them()
    {
        Tree[] trees = [.. new ListOps(seed: 3, maxDepth: 4, maxArguments: 3, listProbability: 0.5).Take(500)];

        Assert.Equal(4, trees.Max(tree => tree.Fold<int>((_, children) => 1 + (children.IsEmpty ? 0 : Max(children)))));
        Assert.Equal([2, 3], trees.SelectMany(tree => tree.PostOrder()).Where(node => !node.IsLeaf).Select(node => node.Children.Length - 1).Distinct().Order());
        Assert.DoesNotContain(trees, tree => tree.IsLeaf);

        static int Max(ReadOnlySpan<int> depths) => depths.ToArray().Max();
    }

    [Fact]
    public void The_mean_number_of_words_is_what_it_says()
    {
        var data = new ListOps(seed: 4);

        Assert.Equal(26.79, data.MeanWords, 0.01);
        Assert.InRange(data.Take(30_000).Average(tree => tree.PostOrder().Count(node => node.IsLeaf)), data.MeanWords - 1.5, data.MeanWords + 1.5);
    }

    [Fact]
    public void Operators_and_answers_are_all_drawn()
    {
        Tree[] trees = [.. new ListOps(seed: 5).Take(4000)];

        Assert.All(trees.CountBy(tree => tree.Children[0].Label), share => Assert.InRange(share.Value, 900, 1100));
        Assert.Equal(10, trees.Select(tree => tree.Label).Distinct().Count());
    }

    [Fact]
    public void The_first_trees_never_change() // the same on every machine and in every version
    {
        string[] golden =
        [
            "(7 (MIN MIN) (8 8) (7 (SM SM) (8 8) (9 9)))",
            "(8 (SM SM) (8 8) (8 8) (2 2))",
            "(1 (MIN MIN) (5 5) (2 2) (1 (MED MED) (0 0) (2 2)))",
        ];

        Assert.Equal(golden, new ListOps(seed: 1, maxArguments: 3).Take(3).Select(tree => tree.ToString()));
    }

    [Fact]
    public void A_tree_does_not_depend_on_those_asked_for_before()
    {
        var data = new ListOps(seed: 7);

        Assert.Equal(data.Take(20).Last().ToString(), new ListOps(seed: 7)[19].ToString());
        Assert.NotEqual(data[19].ToString(), new ListOps(seed: 8)[19].ToString());
    }

    [Fact]
    public void Symbols_number_the_digits_by_themselves()
    {
        IndexedTree tree = new ListOps(seed: 1)[0].Encode(ListOps.Symbols, ListOps.Symbols);

        Assert.Equal(new ListOps(seed: 1)[0].Label, tree.Label.ToString(CultureInfo.InvariantCulture));
        Assert.Equal(14, ListOps.Symbols.Count);
        Assert.Equal(7, ListOps.Symbols.IndexOf("7"));
    }

    [Fact]
    public void What_is_printed_is_read_back() =>
        Assert.All(new ListOps(seed: 6).Take(200), tree => Assert.Equal(tree.ToString(), Tree.Parse(tree.ToString()).ToString()));

    [Theory]
    [InlineData(1, 5, 0.25)]
    [InlineData(1001, 5, 0.25)]
    [InlineData(20, 1, 0.25)]
    [InlineData(20, 5, -0.1)]
    [InlineData(20, 5, 1.1)]
    [InlineData(20, 5, double.NaN)]
    [InlineData(20, 5, 1)]
    [InlineData(20, int.MaxValue, 0.25)]
    public void Parameters_outside_their_range_and_endless_trees_are_refused(int maxDepth, int maxArguments, double listProbability) =>
        Assert.ThrowsAny<ArgumentOutOfRangeException>(() => new ListOps(0, maxDepth, maxArguments, listProbability));

    private static IEnumerable<string?> Words(Tree tree) => tree.PostOrder().Where(node => node.IsLeaf).Select(node => node.Word);

    /// <summary>From the words alone, by the definitions.</summary>
    private static string Value(Tree node)
    {
        if (node.IsLeaf)
            return node.Word!;

        int[] values = [.. node.Children[1..].ToArray().Select(child => int.Parse(Value(child), CultureInfo.InvariantCulture)).Order()];
        int value = node.Children[0].Word switch
        {
            "MAX" => values.Max(),
            "MIN" => values.Min(),
            "SM" => values.Sum() % 10,
            "MED" => (int)values.Skip((values.Length - 1) / 2).Take(2 - values.Length % 2).Average(),
            _ => throw new InvalidOperationException(node.ToString()),
        };

        return value.ToString(CultureInfo.InvariantCulture);
    }
}
