using BlasNet.Batching;
using BlasNet.Graphs;
using BlasNet.Operators;
using BlasNet.Passes;
using BlasNet.Training;

namespace BlasNet.Tests.Batching;

/// <summary>Values that several nodes read of one stack are computed once, and nothing else is.</summary>
public sealed class HoistingTests
{
    // The square roots of 4 and 9, three times each, and the 0 beside them, of which nobody asks for a root.
    [Fact]
    public void A_value_that_nobody_asks_for_has_no_part_in_a_gradient()
    {
        using var model = new Model(1, Precision.Double);
        Parameter table = model.Weight("table", 1, 3);
        model.SetValues(table, [0, 4, 9]);
        Expr Loss(Graph g, int[] words) => Op.Total([.. words.SelectMany(word =>
        {
            Expr value = Op.Lookup(g.Use(table), word);
            return word == 0 ? [value] : new[] { value, Op.Sqrt(value), Op.Sqrt(value), Op.Sqrt(value) };
        })]);

        double[] norms = new GradientNorms<int[]>(model, Loss).Of([[0, 1], [2, 1, 0], [1, 2]], TestContext.Current.CancellationToken);

        const double OfFour = 1 + 3 / 4.0, OfNine = 1 + 3 / 6.0;   // v + 3·√v
        Assert.Equal(Math.Sqrt(1 + OfFour * OfFour), norms[0], 1e-12);
        Assert.Equal(Math.Sqrt(1 + OfFour * OfFour + OfNine * OfNine), norms[1], 1e-12);
        Assert.Equal(Math.Sqrt(OfFour * OfFour + OfNine * OfNine), norms[2], 1e-12);
    }

    /// <summary>A chain's longest part comes first in its stacks: the products are in another order than the values that they are made of.</summary>
    [Fact]
    public void Products_of_all_values_of_a_stack_in_another_order_copy_none()
    {
        using var model = new Model(1);
        Parameter w = model.Weight("W", 3, 3), u = model.Weight("U", 3, 3);
        Graph graph = model.NewGraph();
        Expr[] values = [.. Enumerable.Range(0, 3).Select(i => w * graph.Input([i, 1f, 2]))];
        Expr[] products = [.. values.Select(value => u * value)];
        _ = u * products[2];

        string batched = graph.Batch().Graph.ToText();

        Assert.Matches(@"(%\d+) = matmul W %\d+ : \[3\] ×3\n(.*\n)*%\d+ = matmul U \1 : \[3\] ×3\n", batched);
    }

    [Fact]
    public void An_index_of_one_table_is_not_looked_up_in_another()
    {
        using var model = new Model(1, Precision.Double);
        Parameter small = model.Weight("small", 2, 2), large = model.Weight("large", 2, 8);
        Expr Loss(Graph g, int[] words) => Op.Total([.. words.SelectMany(word =>
        {
            Expr index = g.Index(word), looked = Op.Lookup(g.Use(word < 2 ? small : large), index);
            return word < 2 ? new[] { Op.Sum(looked), Op.Sum(Op.Lookup(g.Use(small), index)), Op.Sum(Op.Lookup(g.Use(small), index)) } : [Op.Sum(looked)];
        })]);

        double[] norms = new GradientNorms<int[]>(model, Loss).Of([[0, 7, 0], [1, 0, 1, 1], [5]], TestContext.Current.CancellationToken);

        Assert.Equal(Math.Sqrt(2 * (6 * 6 + 1)), norms[0], 1e-12);
        Assert.Equal(Math.Sqrt(2 * (3 * 3 + 9 * 9)), norms[1], 1e-12);
        Assert.Equal(Math.Sqrt(2), norms[2], 1e-12);
    }

    [Fact]
    public void A_product_with_words_that_occur_several_times_is_computed_once_for_each_word()
    {
        using var model = new Model(1);
        Parameter table = model.Weight("table", 3, 5), w = model.Weight("W", 2, 3);
        var step = Function.Of("step", (Expr h, Expr x) => Op.Tanh(w * x + h));
        Graph graph = model.NewGraph();
        foreach (int[] words in new int[][] { [1, 4, 1], [4, 1] })
        {
            Expr state = graph.Input([0f, 0]);
            foreach (int word in words)
                state = step.Call(state, Op.Lookup(graph.Use(table), word));
        }

        var inlined = new Inline(new Graph(graph.Precision, model));
        inlined.Run(graph.Batch().Graph, []);
        Graph batched = inlined.Target.Batch().Graph;

        string[] products = [.. batched.ToText().Split('\n').Where(line => line.Contains("matmul", StringComparison.Ordinal))];
        Assert.Single(products);
        Assert.EndsWith("×2", products[0].TrimEnd(), StringComparison.Ordinal);
    }
}
