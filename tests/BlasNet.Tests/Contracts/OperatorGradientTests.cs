using BlasNet.Graphs;

namespace BlasNet.Tests.Contracts;

/// <summary>Every gradient rule against central differences in double precision.</summary>
public sealed class OperatorGradientTests : OperatorTests
{
    private const double Step = 1e-5;        // error of a central difference: step² + rounding / step
    private const double Tolerance = 1e-8;

    [Theory, MemberData(nameof(Samples))]
    public void The_gradient_equals_central_differences(string name)
    {
        OperatorSample sample = Sample(name);
        Random random = SeedOf(name);
        double[][] values = sample.Draw(random);
        double[] weights = Weights(random, OutputLength(sample, values));

        for (int k = 0; k < sample.Inputs.Length; k++)
        {
            if (sample.Inputs[k].IsDifferentiable)
                AssertClose(Differences(values, k, at => Value(sample, at, weights)), GradientOf(sample, values, weights, k), Tolerance, $"{name}, input {k}");
        }
    }

    /// <summary>Differentiates a weighted sum of the gradient once more: every rule is itself made of operators with right rules.</summary>
    [Theory, MemberData(nameof(Samples))]
    public void The_second_derivative_equals_central_differences_of_the_gradient(string name)
    {
        OperatorSample sample = Sample(name);
        Random random = SeedOf(name);
        double[][] values = sample.Draw(random);
        double[] weights = Weights(random, OutputLength(sample, values));

        for (int j = 0; j < sample.Inputs.Length; j++)
        {
            if (!sample.Inputs[j].IsDifferentiable)
                continue;

            double[] direction = Weights(random, values[j].Length);
            for (int k = 0; k < sample.Inputs.Length; k++)
            {
                if (!sample.Inputs[k].IsDifferentiable)
                    continue;

                double Directional(double[][] at) => GradientOf(sample, at, weights, j).Zip(direction, (g, d) => g * d).Sum();
                var (graph, inputs, loss) = Build(sample, values, weights);
                Expr first = Differentiate(loss, [inputs[j]])[0];
                Expr second = Differentiate(WeightedSum(first, direction), [inputs[k]])[0];
                using var evaluator = new DirectEvaluator<double>(graph);
                AssertClose(Differences(values, k, Directional), evaluator[second], Tolerance, $"{name}, inputs {j} and {k}");
            }
        }
    }

    /// <summary>Where the gradient of one operand is wanted, that of the others costs nothing.</summary>
    [Theory, MemberData(nameof(Samples))]
    public void Only_the_gradient_that_is_wanted_is_computed(string name)
    {
        OperatorSample sample = Sample(name);
        Random random = SeedOf(name);
        double[][] values = sample.Draw(random);
        double[] weights = Weights(random, OutputLength(sample, values));
        foreach (int k in Enumerable.Range(0, sample.Inputs.Length).Where(k => sample.Inputs[k].IsDifferentiable))
        {
            var (graph, inputs, loss) = Build(sample, values, weights);
            int first = graph.Count;
            Expr gradient = Differentiate(loss, [inputs[k]])[0];
            using var evaluator = new DirectEvaluator<double>(graph);
            if (!evaluator[gradient].ContainsAnyExcept(0))
                continue;   // nothing is needed for it

            bool[] isUsed = new bool[graph.Count];
            isUsed[gradient.Index] = true;
            for (int node = graph.Count - 1; node >= first; node--)
            {
                foreach (int input in graph.InputsOf(node))
                    isUsed[input] |= isUsed[node];
            }

            Assert.Empty(Enumerable.Range(first, graph.Count - first)
                .Where(node => !isUsed[node] && graph.OperatorOf(node) is { Storage: not Storage.Result } and not LeafOperator)
                .Select(node => $"{graph.At(node)}, input {k}"));
        }
    }

    private static (Graph Graph, Expr[] Inputs, Expr Loss) Build(OperatorSample sample, double[][] values, double[] weights)
    {
        var graph = new Graph(Precision.Double);
        var (inputs, output) = sample.Single(graph, values);
        return (graph, inputs, Loss(output, weights));
    }

    private static int OutputLength(OperatorSample sample, double[][] values)
    {
        Expr output = sample.Single(new Graph(Precision.Double), values).Output;
        return output.Shape.Size * output.Count;
    }

    private static double Value(OperatorSample sample, double[][] values, double[] weights)
    {
        var (graph, _, loss) = Build(sample, values, weights);
        using var evaluator = new DirectEvaluator<double>(graph);
        return evaluator[loss][0];
    }

    private static double[] GradientOf(OperatorSample sample, double[][] values, double[] weights, int input)
    {
        var (graph, inputs, loss) = Build(sample, values, weights);
        Expr gradient = Differentiate(loss, [inputs[input]])[0];
        using var evaluator = new DirectEvaluator<double>(graph);
        return evaluator[gradient].ToArray();
    }

    private static double[] Differences(double[][] values, int input, Func<double[][], double> function)
    {
        double[] result = new double[values[input].Length];
        for (int i = 0; i < result.Length; i++)
        {
            double At(double offset)
            {
                double[][] moved = [.. values.Select(value => (double[])value.Clone())];
                moved[input][i] += offset;
                return function(moved);
            }

            result[i] = (At(Step) - At(-Step)) / (2 * Step);
        }

        return result;
    }
}
