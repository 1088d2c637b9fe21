using System.Text;
using BlasNet.Datasets;

namespace BlasNet.Tests.Datasets.Trees;

public sealed class TreeFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("(3 (2 It) (4 (4 works) (2 .)))", "(3 (2 It) (4 (4 works) (2 .)))")]
    [InlineData("(2 word)", "(2 word)")]
    [InlineData("(S(NP(DT the)(NN cat))(VP sat)(. .))", "(S (NP (DT the) (NN cat)) (VP sat) (. .))")]
    [InlineData("(A\t(B  (C  x ) ) )  ", "(A (B (C x)))")]
    [InlineData("( (S (NP x) (VP y)) )", "(S (NP x) (VP y))")]
    [InlineData("((S x))", "(S x)")]
    [InlineData("(((A x)))", "(A x)")]
    [InlineData("(A ((B x)))", "(A (B x))")]
    [InlineData("( (S x) (. .) )", "( (S x) (. .))")]
    [InlineData("(A ((B x) (C y)) (D z))", "(A ( (B x) (C y)) (D z))")]
    [InlineData("(-LRB- -LRB-)", "(-LRB- -LRB-)")]
    [InlineData("(NN 3\u00A01/2)", "(NN 3\u00A01/2)")]
    [InlineData("  (A x)\n", "(A x)")]
    public void One_tree_is_read(string text, string tree)
    {
        Assert.Equal(tree, Assert.Single(TreeFile.Read(_folder.Write("t", text))).ToString());
        Assert.Equal(tree, Tree.Parse(text).ToString());
    }

    [Fact]
    public void Trees_span_lines_share_lines_and_are_separated_by_empty_ones()
    {
        const string Text = "( (S \n    (NP-SBJ (DT The) \n\n\t(NN cat) )\r\n    (VP sat) ))\n(A x) (B y)\n\n(C\n z\n )\n  )";

        string path = _folder.Write("t", TemporaryFolder.Gzip(Encoding.UTF8.GetBytes(Text)));
        IEnumerator<Tree> trees = TreeFile.Read(path).GetEnumerator();

        foreach (string expected in new[] { "(S (NP-SBJ (DT The) (NN cat)) (VP sat))", "(A x)", "(B y)", "(C z)" })
        {
            Assert.True(trees.MoveNext());
            Assert.Equal(expected, trees.Current.ToString());
        }

        Assert.Equal($"{path}:11: '(' before this ')' missing at column 3", Assert.Throws<DataFormatException>(() => trees.MoveNext()).Message);
    }

    [Theory]
    [InlineData("", ": has no trees; trees in brackets are expected")]
    [InlineData("\n \n", ": has no trees; trees in brackets are expected")]
    [InlineData("(A x)\n(A (B x)  \n", ":2: ')' missing at column 9")]
    [InlineData("(A x)\n(A (B x)\n\n(A x)", ":2: ')' missing at column 9; a line that begins with '(' begins a new tree")]
    [InlineData("(A x y)", ":1: ')' missing at column 6, got 'y'")]
    [InlineData("(A x (B y))", ":1: ')' missing at column 6")]
    [InlineData("(A (B x) y)", ":1: '(' or ')' missing at column 10, got 'y'")]
    [InlineData("(A x)\n x", ":2: '(' missing at column 2, got 'x'")]
    [InlineData("(A x))", ":1: '(' before this ')' missing at column 6")]
    [InlineData("()", ":1: label missing at column 2")]
    [InlineData("(A)", ":1: word or '(' missing at column 3")]
    [InlineData("(A (B))", ":1: word or '(' missing at column 6")]
    [InlineData("(A (()))", ":1: label missing at column 6")]
    [InlineData("((A x) y)", ":1: '(' or ')' missing at column 8, got 'y'")]
    public void Malformed_trees_are_named_by_file_line_column_and_rule(string text, string error)
    {
        string path = _folder.Write("trees.txt", text);

        Assert.Equal(path + error, Assert.Throws<DataFormatException>(() => TreeFile.Read(path).Count()).Message);
    }

    [Fact]
    public void The_node_of_brackets_without_a_label_has_an_empty_one()
    {
        Tree tree = Tree.Parse("( (S (NP x) (VP y)) (. .) )");

        Assert.Equal(("", 2), (tree.Label, tree.Children.Length));
        Assert.Equal(tree.ToString(), Tree.Node("", Tree.Parse("(S (NP x) (VP y))"), Tree.Leaf(".", ".")).ToString());
        Assert.Throws<ArgumentException>(() => Tree.Node("", Tree.Leaf(".", ".")));   // would be taken off when it is read
    }

    [Theory]
    [InlineData("outer-pair", "(S (NP (PRP It)) (VP (VBZ works)))|(S (NP (PRP It)) (VP (VBZ fails)))|(S (NP (DT a) (NN b)) (VP (VB c)))")]
    [InlineData("unlabelled-branch", "( (S (NP (PRP It)) (VP (VBZ works))) (. .))|(1 (2 It) (1 (1 fails) (2 .)))|(3 (2 Good) (3 food))")]
    public void Trees_of_the_penn_treebank_are_read(string file, string trees) =>
        Assert.Equal(trees.Split('|'), TreeFile.Read(Path.Combine(AppContext.BaseDirectory, "Corpus", "brackets", file)).Select(tree => tree.ToString()));

    [Theory]
    [InlineData("(A x) (B y)", "tree: one tree expected, got several")]
    [InlineData("", "tree: has no trees; trees in brackets are expected")]
    public void Parse_takes_exactly_one_tree(string text, string error) =>
        Assert.Equal(error, Assert.Throws<DataFormatException>(() => Tree.Parse(text)).Message);

    [Theory]
    [InlineData(10_000)]
    [InlineData(1_000_000)]
    public void A_deep_tree_is_read_printed_and_binarised(int depth)
    {
        string text = string.Concat(Enumerable.Repeat("(a (b x) ", depth)) + "(c y)" + new string(')', depth);

        Tree tree = Assert.Single(TreeFile.Read(_folder.Write("deep", text)));

        Assert.Equal(depth, tree.Fold<int>((node, children) => node.IsLeaf ? 0 : 1 + Math.Max(children[0], children[1])));
        Assert.Equal(text, tree.ToString());
        Assert.Equal(2 * depth + 1, tree.Binarize().PostOrder().Count());
    }

    [Fact]
    public void A_deep_chain_over_many_lines_becomes_a_leaf()
    {
        const int Depth = 1_000_000;
        using (var writer = new StreamWriter(_folder.File("chain")))
        {
            for (int level = 0; level < Depth; level++)
                writer.Write(level % 1000 == 999 ? " (a\n" : " (a");

            writer.Write(" x" + new string(')', Depth));
        }

        Assert.Equal("(a x)", Assert.Single(TreeFile.Read(_folder.File("chain"))).Binarize().ToString());
    }

    [Fact]
    public void Damaged_files_are_read_or_refused_but_nothing_else()
    {
        byte[] good = [.. "(3 (2 Ät) (4 (4 works) (2 .)))\n( (S (NP x) (VP y z-z)) )\n"u8];

        Assert.InRange(Mutation.Refused(_folder, good, path => TreeFile.Read(path).Count()), 300, 1499);
    }

    public void Dispose() => _folder.Dispose();
}
