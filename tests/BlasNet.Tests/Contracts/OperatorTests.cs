using BlasNet.Differentiation;
using BlasNet.Graphs;
using BlasNet.Operators;
using BlasNet.Operators.Intrinsics;

namespace BlasNet.Tests.Contracts;

/// <summary>What the samples have in common.</summary>
public abstract class OperatorTests
{
    public static TheoryData<string> Samples => [.. OperatorSamples.All.Select(sample => sample.Name)];

    /// <summary>Samples of operators that compute one value from one example, so that examples can be stacked.</summary>
    public static TheoryData<string> StackableSamples =>
        [.. OperatorSamples.All.Where(sample => sample.Operator.Merging != Merging.Never).Select(sample => sample.Name)];

    /// <summary>Samples that have an operand to differentiate by.</summary>
    public static TheoryData<string> DifferentiableSamples =>
        [.. OperatorSamples.All.Where(sample => sample.Inputs.Any(input => input.IsDifferentiable)).Select(sample => sample.Name)];

    private protected static OperatorSample Sample(string name) => OperatorSamples.All.Single(sample => sample.Name == name);

    private protected static Random SeedOf(string name) => new(name.Aggregate(17, (hash, letter) => unchecked(hash * 31 + letter)));

    /// <summary>Σ weight∘y² over the whole stack: a loss that sees every element differently, with a second derivative of its own.</summary>
    private protected static Expr Loss(Expr y, double[] weights) => WeightedSum(Op.Square(y), weights);

    /// <summary>Σ weight∘y over the whole stack.</summary>
    private protected static Expr WeightedSum(Expr y, double[] weights)
    {
        Graph graph = y.Graph;
        double[][] values = [.. Enumerable.Range(0, y.Count).Select(i => weights[(i * y.Shape.Size)..((i + 1) * y.Shape.Size)])];
        Expr weight = new SampleInput(y.Shape).AddTo(graph, "weight", shared: false, values);
        Expr sum = Op.Sum(Op.Multiply(y, weight));
        return sum.Count == 1 ? sum : Expr.Apply(TotalOperator.Instance, sum);
    }

    private protected static double[] Weights(Random random, int length) => [.. Enumerable.Range(0, length).Select(_ => random.NextDouble() * 2 - 1)];

    /// <summary>Gradients of a scalar with respect to some nodes, as expressions; zero where it does not depend on them.</summary>
    private protected static Expr[] Differentiate(Expr loss, Expr[] targets)
    {
        if (targets.Length == 0)
            return [];

        Graph graph = loss.Graph;
        var gradients = new Gradients();
        gradients.Begin(graph, [.. targets.Select(target => target.Index)]);
        gradients.Add(loss.Index, graph.Constant(1).Index);
        for (int node = loss.Index; node >= 0; node--)
        {
            if (gradients.IsNeeded(node) && gradients.HasAny(graph.ResultsOf(node)))
                graph.OperatorOf(node).Gradient(new GradientContext(gradients, node));
        }

        return [.. targets.Select(target => gradients.TryGet(target.Index, out Expr gradient) ? gradient : Op.Scale(target, 0))];
    }

    private protected static void AssertClose(ReadOnlySpan<double> expected, ReadOnlySpan<double> actual, double tolerance, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            double error = Math.Abs(expected[i] - actual[i]);
            if (!(error <= tolerance * (1 + Math.Abs(expected[i]))))
                Assert.Fail($"{what}, element {i}: expected {expected[i]:R}, got {actual[i]:R}.");
        }
    }
}
