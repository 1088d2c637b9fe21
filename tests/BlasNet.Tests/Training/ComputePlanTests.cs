using BlasNet.Graphs;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Training;

public sealed class ComputePlanTests
{
    [Fact]
    public void A_plan_of_values_takes_no_gradient_and_they_may_be_vectors()
    {
        using var model = new Model(seed: 1);
        Parameter w = model.Weight("W", 3, 2);
        Graph graph = model.NewGraph();
        Expr y = Tanh(w * graph.Input([1.0, 2.0]));

        Assert.DoesNotContain(ComputePlan.Of(graph, [y]).Passes, pass => pass.Name == "differentiate");
        Assert.Contains(ComputePlan.OfGradient(Sum(y)).Passes, pass => pass.Name == "differentiate");
    }
}
