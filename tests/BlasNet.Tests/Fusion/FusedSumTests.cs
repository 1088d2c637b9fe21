using BlasNet.Graphs;
using BlasNet.Operators;
using BlasNet.Training;

namespace BlasNet.Tests.Fusion;

/// <summary>Sums within the gradient of a cell.</summary>
public sealed class FusedSumTests
{
    private static readonly double[] Values = [0.5, -0.25];
    private static readonly double[] Example = [0.75, 2];

    // y = p·x and L = Σₖ tanh(k·y): dL/dp = x·Σₖ k·(1 − tanh²(k·y)).
    [Theory, InlineData(8), InlineData(9), InlineData(20)]
    public void A_value_that_a_function_reads_many_times_has_a_gradient_of_as_many_terms(int readers)
    {
        using var model = new Model(1, Precision.Double);
        Parameter p = model.Bias("p", 2);
        model.SetValues(p, Values);
        var f = Function.Of("f", (Expr y) => Op.Total([.. Enumerable.Range(1, readers).Select(k => Op.Tanh(k * y))]));

        new Trainer<double[]>(model, (g, x) => Op.Sum(f.Call(Op.Multiply(p, g.Input(x)))), new Sgd(1)).Step([Example]);

        for (int i = 0; i < 2; i++)
        {
            double y = Values[i] * Example[i];
            double gradient = Example[i] * Enumerable.Range(1, readers).Sum(k => k * (1 - Math.Pow(Math.Tanh(k * y), 2)));
            Assert.Equal(Values[i] - gradient, model.ValuesOf(p)[i], 1e-12);
        }
    }
}
