using BlasNet.Graphs;
using BlasNet.Operators;
using BlasNet.Training;

namespace BlasNet.Tests.Training;

/// <summary>Parameters whose gradients are one value, or read one another's, over several passes.</summary>
public sealed class SharedGradientTests : IDisposable
{
    private readonly SmallModel _small = new();

    public static TheoryData<int, int> Splits => SmallModel.Splits;

    public void Dispose() => _small.Dispose();

    [Theory, MemberData(nameof(Splits))]
    public void Two_parameters_with_one_gradient_each_get_all_of_it(int computeBatch, int workers)
    {
        Expr Loss(Graph g, double[] x) => Op.Sum(g.Input(x) + _small.First + _small.Second);

        _small.AssertGradient(Loss, _small.First, [4, 4], computeBatch, workers);
        _small.AssertGradient(Loss, _small.Second, [4, 4], computeBatch, workers);
    }

    [Theory, MemberData(nameof(Splits))]
    public void A_gradient_that_is_part_of_anothers_is_not_read_from_the_sum_over_passes(int computeBatch, int workers)
    {
        Expr Loss(Graph g, double[] x)
        {
            Expr s = g.Input(x) + _small.First + _small.Second;
            return Op.Sum(s) + Op.Sum(Op.Tanh(s));
        }

        double[] expected = SmallModel.Sum(x => [.. x.Zip([.1 - .4, .2 + .7], (a, b) => 2 - Math.Pow(Math.Tanh(a + b), 2))]);
        _small.AssertGradient(Loss, _small.First, expected, computeBatch, workers);
        _small.AssertGradient(Loss, _small.Second, expected, computeBatch, workers);
    }

    [Fact]
    public void A_budget_that_divides_the_step_changes_nothing()
    {
        double[] Step(long budget)
        {
            using var small = new SmallModel();
            var trainer = new Trainer<double[]>(small.Model, (g, x) => Op.Sum(Op.Tanh(g.Input(x) + small.First + small.Second)), new Sgd(1)) { MemoryBudget = budget };
            trainer.Step([.. Enumerable.Range(0, 4096).Select(i => SmallModel.Points[i % 4])]);
            Assert.Equal(budget > 0, trainer.LastStep.Passes > 1);
            return [.. small.Model.ValuesOf(small.First), .. small.Model.ValuesOf(small.Second)];
        }

        double[] whole = Step(0), divided = Step(1_000_000);
        for (int i = 0; i < whole.Length; i++)
            Assert.Equal(whole[i], divided[i], 1e-12);
    }
}
