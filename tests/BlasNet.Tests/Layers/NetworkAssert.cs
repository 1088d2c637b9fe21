namespace BlasNet.Tests.Layers;

/// <summary>What must hold for every network.</summary>
internal static class NetworkAssert
{
    private const double Rounding = 1e-11;

    /// <summary>Values equal a formula written for float64 arrays, and gradients its central differences; batched or not.</summary>
    /// <param name="architecture">A few examples' values.</param>
    /// <param name="formula">The value of an example, from the parameters.</param>
    /// <param name="examples">How many.</param>
    public static void EqualsFormula(Architecture architecture, Func<Weights, int, double[]> formula, int examples)
    {
        foreach (bool batching in (bool[])[true, false])
        {
            using var network = new Network(architecture, new ComputeOptions { Batching = batching, Verify = true });
            var (values, gradients) = network.Run(examples);
            var weights = new Weights(network.Parameters);
            for (int i = 0; i < examples; i++)
                Close(formula(weights, i), values[i], Rounding, $"value of example {i}");

            foreach (var (name, gradient) in gradients)
                Close(CentralDifferences(weights[name], () => Loss(weights, formula, examples)), gradient, 1e-7, $"gradient of {name}");
        }
    }

    /// <summary>Batched = unbatched, whichever pass comes first, for values and gradients; and the gradient is the slope of the values.</summary>
    /// <returns>Launches batched, and launches one by one.</returns>
    public static (int Batched, int OneByOne) EqualsOneByOne(Architecture architecture, int examples)
    {
        using var alone = new Network(architecture, new ComputeOptions { Batching = false, Verify = true });
        using var batched = new Network(architecture);
        using var differentiatedFirst = new Network(architecture, new ComputeOptions { DifferentiateFirst = true, Verify = true });
        var (values, gradients) = alone.Run(examples);
        foreach (Network network in (Network[])[batched, differentiatedFirst])
        {
            var (batchedValues, batchedGradients) = network.Run(examples);
            for (int i = 0; i < examples; i++)
                Close(values[i], batchedValues[i], Rounding, $"value of example {i}");

            foreach (var (name, gradient) in gradients)
                Close(gradient, batchedGradients[name], Rounding, $"gradient of {name}");
        }

        Assert.Contains(gradients.Values.SelectMany(gradient => gradient), slope => slope != 0);
        CheckSlope(alone, gradients, examples);
        return (batched.Launches, alone.Launches);
    }

    public static void Close(ReadOnlySpan<double> expected, ReadOnlySpan<double> actual, double tolerance, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        double scale = 1;
        foreach (double value in expected)
            scale = Math.Max(scale, Math.Abs(value));

        for (int i = 0; i < expected.Length; i++)
        {
            if (!(Math.Abs(expected[i] - actual[i]) <= tolerance * scale))
                Assert.Fail($"{what}, element {i}: expected {expected[i]}, found {actual[i]}");
        }
    }

    // dL/dt along θ + t·v equals ∇L·v, for a v whose elements all differ.
    private static void CheckSlope(Network network, Dictionary<string, double[]> gradients, int examples)
    {
        const double Step = 1e-5;
        double expected = 0;
        foreach (double[] gradient in gradients.Values)
            expected += gradient.Select((slope, i) => slope * Direction(i)).Sum();

        double slope = (LossAt(Step) - LossAt(-Step)) / (2 * Step);
        Close([expected], [slope], 1e-6, "slope of the loss");

        double LossAt(double t)
        {
            Dictionary<string, double[]> parameters = network.Parameters;
            foreach (var (name, values) in parameters)
                network.Model.SetValues(network.Model[name], [.. values.Select((value, i) => value + t * Direction(i))]);

            double loss = network.Run(examples).Values.Sum(Weighted);
            foreach (var (name, values) in parameters)
                network.Model.SetValues(network.Model[name], values);

            return loss;
        }

        static double Direction(int element) => Math.Sin(element + 1);
    }

    private static double[] CentralDifferences(double[] at, Func<double> loss)
    {
        const double Step = 1e-5;
        double[] differences = new double[at.Length];
        for (int i = 0; i < at.Length; i++)
        {
            double value = at[i];
            at[i] = value + Step;
            double above = loss();
            at[i] = value - Step;
            double below = loss();
            at[i] = value;
            differences[i] = (above - below) / (2 * Step);
        }

        return differences;
    }

    private static double Loss(Weights weights, Func<Weights, int, double[]> formula, int examples) =>
        Enumerable.Range(0, examples).Sum(i => Weighted(formula(weights, i)));

    private static double Weighted(double[] value) => value.Select((element, k) => element * Network.LossWeight(k)).Sum();
}
