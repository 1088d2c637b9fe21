using BlasNet.Differentiation;
using BlasNet.Graphs;
using BlasNet.Operators;
using BlasNet.Training;

namespace BlasNet.Tests.Differentiation;

/// <summary>Terms of one gradient that are sums over stacks become one sum over all of them.</summary>
public sealed class SumMergerTests : IDisposable
{
    private readonly Model _model = new(1, Precision.Double);
    private readonly Graph _graph;

    public SumMergerTests() => _graph = _model.NewGraph();

    public void Dispose() => _model.Dispose();

    [Fact]
    public void Terms_alike_are_merged_where_the_first_of_them_stood_and_the_others_stay()
    {
        int[] a = [Outer(2, 3), Outer(2, 3), Outer(2, 3)], b = [Outer(3, 2), Outer(3, 2)];
        int other = Op.Tanh(_graph.Input(new double[6], new Shape(2, 3))).Index, alone = Outer(4, 3);
        List<int> terms = [a[0], other, b[0], a[1], alone, b[1], a[2]];
        new SumMerger().Run(_graph, terms);

        Assert.Equal(["3 of [2] [3]", $"{other}", "2 of [3] [2]", $"{alone}"], terms.Select(Describe));
    }

    [Fact]
    public void A_term_that_is_there_twice_counts_twice()
    {
        int term = Outer(2, 3);
        List<int> terms = [term, term];
        new SumMerger().Run(_graph, terms);

        Assert.Equal(["2 of [2] [3]"], terms.Select(Describe));
    }

    /// <summary>Not in a time that grows with the square of their number, alike or not.</summary>
    [Fact]
    public void A_hundred_thousand_terms_are_merged()
    {
        int[] kinds = [Outer(2, 3), Outer(3, 2)];
        List<int> terms = [.. Enumerable.Range(0, 100_000).Select(i => kinds[i % 2]), .. Enumerable.Range(1, 2_000).Select(rows => Outer(1, rows))];
        new SumMerger().Run(_graph, terms);

        Assert.Equal(["50000 of [2] [3]", "50000 of [3] [2]"], terms.Take(2).Select(Describe));
        Assert.Equal(2 + 2_000, terms.Count);
    }

    private int Outer(int rows, int columns) => Op.OuterProductSum(_graph.Input(new double[rows]), _graph.Input(new double[columns])).Index;

    private string Describe(int node)
    {
        int[] inputs = [.. _graph.InputsOf(node)];
        return _graph.CountOf(inputs[0]) == 1 ? $"{node}" : $"{_graph.CountOf(inputs[0])} of {string.Join(' ', inputs.Select(input => _graph.ShapeOf(input)))}";
    }
}
