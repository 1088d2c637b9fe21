using BlasNet.Graphs;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Fusion;

/// <summary>Element-wise work on parts of one vector.</summary>
public sealed class FusedSliceTests
{
    private static readonly double[] Values = [0.5, -1, 2, 0.25];
    private static readonly double[][] Examples = [[1, 2, -1, 3], [0.5, -1, 4, 2]];

    // L = Σ zᵢ·zᵢ₊₁ for z = y² and y = p·x: to each element in the middle both windows contribute.
    [Theory, InlineData(false), InlineData(true)]
    public void The_gradients_of_windows_that_overlap_add_up(bool inFunction)
    {
        using var model = new Model(1, Precision.Double);
        Parameter p = model.Bias("p", 4);
        model.SetValues(p, Values);
        Func<Expr, Expr> window = y =>
        {
            Expr z = Square(y);
            return Slice(z, 0, 3) * Slice(z, 1, 3);
        };
        Func<Expr, Expr> used = inFunction ? Function.Of("window", window).Call : window;

        new Trainer<double[]>(model, (g, x) => Sum(used(p * g.Input(x))), new Sgd(1)).Step(Examples);

        double[][] gradients = [.. Examples.Select(Gradient)];
        for (int i = 0; i < 4; i++)
            Assert.Equal(Values[i] - (gradients[0][i] + gradients[1][i]) / 2, model.ValuesOf(p)[i], 1e-12);
    }

    private static double[] Gradient(double[] x)
    {
        double[] y = [.. x.Zip(Values, (a, b) => a * b)], z = [.. y.Select(v => v * v)];
        double[] dz = [z[1], z[0] + z[2], z[1] + z[3], z[2]];
        return [.. Enumerable.Range(0, 4).Select(i => dz[i] * 2 * y[i] * x[i])];
    }
}
