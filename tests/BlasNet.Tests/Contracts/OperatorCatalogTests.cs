using BlasNet.Graphs;

namespace BlasNet.Tests.Contracts;

public sealed class OperatorCatalogTests
{
    [Fact]
    public void Every_operator_that_computes_has_a_sample() =>
        Assert.Empty(OperatorCatalog.All.Where(Computes).Except(OperatorSamples.All.Select(sample => sample.Operator)).Select(op => op.Name));

    [Fact]
    public void No_two_operators_have_one_name() =>
        Assert.Empty(OperatorCatalog.All.GroupBy(op => op.Name).Where(group => group.Count() > 1).Select(group => group.Key));

    [Fact]
    public void A_sample_appends_its_own_operator_last()
    {
        foreach (OperatorSample sample in OperatorSamples.All)
        {
            var (_, output) = sample.Single(new Graph(Precision.Double), sample.Draw(new Random(1)));
            Assert.Equal(sample.Operator, output.Graph.OperatorOf(output.Index));
            Assert.Equal(output.Graph.Count - 1, output.Index);
        }
    }

    private static bool Computes(Operator op) => op.Storage is not (Storage.External or Storage.Result);
}
