using BlasNet.Derivatives;
using BlasNet.Graphs;
using BlasNet.Passes;
using BlasNet.Tests.Contracts;
using BlasNet.Training;

namespace BlasNet.Tests.Differentiation;

/// <summary>Products with Jacobians and Hessians of every operator against central differences in double precision, of one value and of stacks.</summary>
public sealed class OperatorDerivativeTests : OperatorTests
{
    private const double Step = 1e-5;        // error of a central difference: step² + rounding / step
    private const double Tolerance = 1e-8;

    [Theory, MemberData(nameof(DifferentiableSamples))]
    public void A_jacobian_vector_product_equals_central_differences(string name) => ForEachCase(name, test =>
    {
        double[] expected = test.Differences((_, output) => [output]);
        double[] actual = test.Evaluate((inputs, output) => ExprDerivatives.JacobianVector([output], inputs, test.Directions(output.Graph)));
        AssertClose(expected, actual, Tolerance, test.Name);
    });

    [Theory, MemberData(nameof(DifferentiableSamples))]
    public void A_hessian_vector_product_equals_central_differences_of_the_gradient(string name) => ForEachCase(name, test =>
    {
        double[] expected = test.Differences((inputs, output) => Loss(output, test.Weights).Differentiate(inputs));
        double[] actual = test.Evaluate((inputs, output) => Loss(output, test.Weights).HessianVector(inputs, test.Directions(output.Graph)));
        AssertClose(expected, actual, 10 * Tolerance, test.Name);
    });

    [Fact]
    public void A_parameter_that_has_joined_no_graph_yet_is_an_output_like_any_other()
    {
        using var model = new Model(1, Precision.Double);
        Parameter p = model.Bias("p", 2);
        Graph graph = model.NewGraph();
        Expr seed = graph.Input([3.0, -4]);

        Assert.Equal([3, -4], graph.Evaluate(ExprDerivatives.VectorJacobian([p], [seed], [p])[0]));
    }

    /// <summary>uᵀ(Jv) = (uᵀJ)v.</summary>
    [Theory, MemberData(nameof(DifferentiableSamples))]
    public void Both_products_are_with_the_same_jacobian(string name) => ForEachCase(name, test =>
    {
        Expr Seed(Expr output) => new SampleInput(output.Shape).AddTo(output.Graph, "u", shared: false, [.. test.Weights.Chunk(output.Shape.Size)]);
        double[] forward = test.Evaluate((inputs, output) => ExprDerivatives.JacobianVector([output], inputs, test.Directions(output.Graph)));
        double[] backward = test.Evaluate((inputs, output) => output.VectorJacobian(Seed(output), inputs));
        AssertClose([forward.Zip(test.Weights, (jv, u) => jv * u).Sum()], [backward.Zip(test.Direction, (uj, v) => uj * v).Sum()], Tolerance, test.Name);
    });

    /// <summary>Column by column by central differences, whichever way there are fewer passes.</summary>
    [Theory, MemberData(nameof(StackableSamples))]
    public void A_jacobian_equals_central_differences(string name)
    {
        DerivativeCase test = new(Sample(name), SeedOf(name), examples: 1, shared: 0);
        int start = 0;
        for (int k = 0; k < test.Targets.Length; k++)
        {
            int input = k, size = test.Sample.Inputs[test.Targets[k]].Shape.Size;
            double[] jacobian = test.Evaluate((inputs, output) => [output.Jacobian(inputs[input])]);
            var columns = new List<double>();
            for (int j = 0; j < size; j++)
                columns.AddRange((test with { Direction = [.. test.Direction.Select((_, i) => i == start + j ? 1.0 : 0.0)] }).Differences((_, output) => [output]));

            AssertClose([.. columns], jacobian, Tolerance, $"{name}, input {k}");
            start += size;
        }
    }

    // One value; a stack of three with every operand stacked; a stack with one operand shared.
    private static void ForEachCase(string name, Action<DerivativeCase> check)
    {
        OperatorSample sample = Sample(name);
        check(new DerivativeCase(sample, SeedOf(name), examples: 1, shared: 0));
        if (sample.Operator.Merging == Merging.Never)
            return;

        check(new DerivativeCase(sample, SeedOf(name), examples: 3, shared: 0));
        if (sample.Inputs.Length > 1 && sample.Operator.Merging != Merging.Reduction)
            check(new DerivativeCase(sample, SeedOf(name), examples: 3, shared: 1));
    }
}
