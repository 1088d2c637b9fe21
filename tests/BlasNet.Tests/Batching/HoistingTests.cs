using BlasNet.Graphs;
using BlasNet.Operators;
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
}
