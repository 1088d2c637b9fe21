using BlasNet.Batching;
using BlasNet.Graphs;
using BlasNet.Operators;
using BlasNet.Operators.Intrinsics;

namespace BlasNet.Tests.Batching;

public sealed class LaunchLowerBoundTests
{
    [Fact]
    public void It_counts_the_longest_path_of_each_signature_and_each_node_that_never_merges()
    {
        var graph = new Graph(Precision.Double);
        foreach (int length in (int[])[1, 3, 2])
        {
            Expr x = graph.Input([1.0, length]);
            for (int i = 0; i < length; i++)
                x = Op.Tanh(x);

            Op.Square(x);
        }

        Assert.Equal(3 + 1, LaunchLowerBound.Of(graph));

        for (int i = 0; i < 2; i++)
            graph.AppendStack(BroadcastOperator.Instance, 4, [graph.Constant(i).Index], Shape.Scalar, 4, shared: false);

        Assert.Equal(3 + 1 + 2, LaunchLowerBound.Of(graph));
    }

    [Fact]
    public void It_counts_the_nodes_of_a_full_graph()
    {
        var graph = new Graph(Precision.Double);
        Expr x = graph.Input([1.0, 2]);
        Op.Tanh(x);
        while (graph.Count < graph.Capacity)
            graph.Input([1.0, 2]);

        Assert.Equal(1, LaunchLowerBound.Of(graph));
    }
}
