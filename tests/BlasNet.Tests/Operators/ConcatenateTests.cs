using BlasNet.Graphs;
using BlasNet.Operators;

namespace BlasNet.Tests.Operators;

public sealed class ConcatenateTests
{
    [Fact]
    public void A_single_part_is_the_result_itself()
    {
        Graph graph = new(Precision.Double);
        Expr x = graph.Input([1.0, 2, 3]);

        Assert.Equal([x, x], [Op.Concatenate(x), Op.ConcatenateColumns(x)]);
        Assert.Equal(1, graph.Count);
    }
}
