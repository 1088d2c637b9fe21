using BlasNet.Derivatives;
using BlasNet.Execution;
using BlasNet.Graphs;
using BlasNet.Tests.Oracle;

namespace BlasNet.Tests.Differentiation;

/// <summary>Random programs: products with Jacobians and Hessians, batched and not, against differences of the oracle's values and gradients.</summary>
public sealed class RandomDerivativeTests
{
    private const int Programs = 120;
    private const double Step = 1e-5;

    [Theory, InlineData(true), InlineData(false)]
    public void A_jacobian_vector_product_equals_differences_of_the_oracle(bool batching) => ForEachProgram(batching, (program, direction, run) =>
    {
        double[][] actual = run.Derive(program, (_, asked, parameters) => ExprDerivatives.JacobianVector(asked, parameters, Tangents(parameters, direction)));
        return (Differences(program, direction, result => [.. result.Outputs]), actual);
    });

    [Theory, InlineData(true), InlineData(false)]
    public void A_hessian_vector_product_equals_differences_of_the_oracles_gradient(bool batching) => ForEachProgram(batching, (program, direction, run) =>
    {
        double[][] actual = run.Derive(program, (loss, _, parameters) => loss.HessianVector(parameters, Tangents(parameters, direction)));
        return (Differences(program, direction, result => [.. result.Gradients]), actual);
    });

    private static void ForEachProgram(bool batching, Func<RandomProgram, double[][], BlasNetRun<double>, (double[][] Expected, double[][] Actual)> derive)
    {
        for (int seed = 200_000; seed < 200_000 + Programs; seed++)
        {
            RandomProgram program = RandomProgram.Create(seed);
            var random = new Random(seed);
            double[][] direction = [.. program.Parameters.Select(parameter => RandomProgram.Data(random, parameter.Shape.Size))];
            using var run = new BlasNetRun<double>(program.Parameters, new EngineOptions { Batching = batching, Verify = true });
            var (expected, actual) = derive(program, direction, run);
            double scale = Math.Max(1, program.Evaluate().LargestAdjoint);
            for (int i = 0; i < expected.Length; i++)
            {
                Assert.Equal(expected[i].Length, actual[i].Length);
                for (int j = 0; j < expected[i].Length; j++)
                {
                    double error = Math.Abs(expected[i][j] - actual[i][j]);
                    if (!(error <= 1e-6 * scale * (1 + Math.Abs(expected[i][j]))))
                        Assert.Fail($"seed {seed}, value {i}, element {j}: expected {expected[i][j]:R}, got {actual[i][j]:R}.\n{program}");
                }
            }
        }
    }

    private static Expr[] Tangents(Expr[] parameters, double[][] direction) =>
        [.. parameters.Select((parameter, i) => parameter.Graph.Constant(direction[i], parameter.Shape))];

    private static double[][] Differences(RandomProgram program, double[][] direction, Func<OracleResult, double[][]> select)
    {
        double[][] At(double step) => select((program with
        {
            Parameters = [.. program.Parameters.Select((parameter, i) => parameter with { Values = [.. parameter.Values.Zip(direction[i], (x, v) => x + step * v)] })],
        }).Evaluate());

        return [.. At(Step).Zip(At(-Step), (ahead, behind) => ahead.Zip(behind, (a, b) => (a - b) / (2 * Step)).ToArray())];
    }
}
