using System.Reflection;
using BlasNet.Graphs;
using BlasNet.Operators;

namespace BlasNet.Tests.Contracts;

public sealed class OperatorCatalogTests
{
    [Fact]
    public void Every_operator_of_the_catalogue_has_a_sample()
    {
        Operator[] without = [.. OperatorCatalog.All.Where(op => OperatorSamples.All.All(sample => sample.Operator != op))];
        Assert.Empty(without);
    }

    [Fact]
    public void Every_operator_of_the_assembly_is_in_the_catalogue()
    {
        var instances = typeof(Operator).Assembly.GetTypes()
            .Where(type => type.IsSubclassOf(typeof(Operator)))
            .SelectMany(type => type.GetFields(BindingFlags.Static | BindingFlags.Public))
            .Where(field => field.FieldType.IsSubclassOf(typeof(Operator)))
            .Select(field => (Operator)field.GetValue(null)!);
        Assert.Empty(instances.Except(OperatorCatalog.All));
    }

    [Fact]
    public void No_two_operators_have_one_name() =>
        Assert.Empty(OperatorCatalog.All.GroupBy(op => op.Name).Where(group => group.Count() > 1).Select(group => group.Key));

    [Fact]
    public void A_sample_appends_its_own_operator_last()
    {
        foreach (OperatorSample sample in OperatorSamples.All.Where(sample => sample.Inputs.Length > 0))
        {
            var (_, output) = sample.Single(new Graph(Precision.Double), sample.Draw(new Random(1)));
            Assert.Equal(sample.Operator, output.Graph.OperatorOf(output.Index));
            Assert.Equal(output.Graph.Count - 1, output.Index);
        }
    }
}
