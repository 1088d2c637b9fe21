using BlasNet.Execution;

namespace BlasNet.Tests.Oracle;

/// <summary>Random programs: norms of the examples' gradients, and the sum of the clipped gradients, against the oracle's gradient of each example by itself.</summary>
public sealed class ByExampleTests
{
    private const int Programs = 400;

    [Theory, InlineData(true), InlineData(false)]
    public void The_norms_are_those_of_single_gradients(bool batching) => ForEachProgram(batching, (program, run, single, scale) =>
    {
        double[][] norms = run.ByExample(program, double.PositiveInfinity).SquaredNorms;
        for (int i = 0; i < program.Parameters.Count; i++)
        {
            double[] expected = [.. single.Select(gradients => gradients[i].Sum(x => x * x))];
            AssertClose(expected, norms[i], scale * scale, $"norms of {program.Parameters[i].Name}", program);
        }
    });

    [Theory, InlineData(true), InlineData(false)]
    public void The_sum_is_that_of_single_gradients_each_clipped(bool batching) => ForEachProgram(batching, (program, run, single, scale) =>
    {
        double[] norms = [.. single.Select(gradients => Math.Sqrt(gradients.Sum(gradient => gradient.Sum(x => x * x))))];
        double clip = norms.Order().ElementAt(norms.Length / 2);
        if (clip == 0)
            return;

        double[][] sums = run.ByExample(program, clip).Gradients;
        for (int i = 0; i < program.Parameters.Count; i++)
        {
            double[] expected = [.. single[0][i].Select((_, k) => single.Select((gradients, e) => gradients[i][k] * Math.Min(1, clip / norms[e])).Sum())];
            AssertClose(expected, sums[i], scale, $"sum for {program.Parameters[i].Name}", program);
        }
    });

    [Fact]
    public void Without_clipping_the_sum_is_the_gradient() => ForEachProgram(batching: true, (program, run, single, scale) =>
    {
        double[][] sums = run.ByExample(program, double.PositiveInfinity).Gradients;
        double[][] expected = run.Run(program, passes: 1).Gradients;
        for (int i = 0; i < program.Parameters.Count; i++)
            AssertClose(expected[i], sums[i], scale, $"sum for {program.Parameters[i].Name}", program);
    });

    private static void ForEachProgram(bool batching, Action<RandomProgram, BlasNetRun<double>, double[][][], double> check)
    {
        for (int seed = 300_000; seed < 300_000 + Programs; seed++)
        {
            RandomProgram program = RandomProgram.Create(seed);
            OracleResult[] single = [.. program.Examples.Select(example => (program with { Examples = [example] }).Evaluate())];
            using var run = new BlasNetRun<double>(program.Parameters, new EngineOptions { Batching = batching, Verify = true });
            try
            {
                check(program, run, [.. single.Select(result => result.Gradients.ToArray())], Math.Max(1, single.Max(result => result.LargestAdjoint)));
            }
            catch (InvalidOperationException e)
            {
                Assert.Fail($"seed {seed}: {e}\n{program}");
            }
        }
    }

    private static void AssertClose(double[] expected, double[] actual, double scale, string what, RandomProgram program)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            if (!(Math.Abs(expected[i] - actual[i]) <= 1e-10 * scale * (1 + Math.Abs(expected[i]))))
                Assert.Fail($"{what}, element {i}: expected {expected[i]:R}, got {actual[i]:R}.\n{program}");
        }
    }
}
