using BlasNet.Graphs;
using BlasNet.Operators;
using BlasNet.Training;

namespace BlasNet.Tests.Training;

/// <summary>A plan that is found again reads the numbers of its time.</summary>
public sealed class ReusedPlanTests
{
    [Fact]
    public void A_bodys_number_is_not_the_callers()
    {
        using var model = new Model(1, Precision.Double);
        Parameter w = model.Bias("w", 1);
        model.SetValues(w, [0.25]);
        var complement = Function.Of("complement", (Expr x) => (1 - x.Graph.Use(w)) * x);
        var trainer = new Trainer<double>(model, (g, number) => complement.Call(g.Input(3)) + g.Constant(number) * g.Input(2), new Sgd(0));

        foreach (double number in new[] { 1.0, 1, 1, 0, 5, 1, -0.0 })
            Assert.Equal((0.75 * 3) + (2 * number), trainer.Step([number]), 1e-12);
    }

    [Fact]
    public void A_gradients_number_is_not_the_users()
    {
        using var model = new Model(1, Precision.Double);
        Parameter w = model.Bias("w", 1);
        var trainer = new Trainer<double>(model, (g, number) => Op.Square(g.Use(w)) + g.Constant(number) * g.Use(w), new Sgd(1));

        // d/dw of w² + n·w is 2·w + n.
        foreach (double number in new[] { 2.0, 2, 2, 1, 3, 0, 2 })
        {
            model.SetValues(w, [0.5]);
            trainer.Step([number]);
            Assert.Equal(0.5 - (1 + number), model.ValuesOf(w)[0], 1e-12);
        }
    }
}
