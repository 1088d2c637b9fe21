using BlasNet.Cli.Scaling;
using BlasNet.Diagnostics;

namespace BlasNet.Tests.Cli.Scaling;

public sealed class ScalingPlanTests
{
    // Steps of 8, 4.75, 4 and 5.25 seconds.
    private static ScalingPlan Plan => new(ModelOf(latency: 0.25, fixedSeconds: 0), [1, 2, 4, 8], batch: 8);

    [Fact]
    public void Speed_up_and_efficiency_are_relative_to_one_rank()
    {
        Assert.Equal([8, 4.75, 4, 5.25], Plan.Rows.Select(row => Math.Round(row.Seconds, 12)));
        Assert.Equal((2, 0.5), (Plan.SpeedUpOf(Plan.Rows[2]), Plan.EfficiencyOf(Plan.Rows[2])));
    }

    [Fact]
    public void One_rank_is_the_measure_even_where_it_is_not_asked_for() =>
        Assert.Equal(2, new ScalingPlan(ModelOf(0.25, 0), [4], batch: 8) is var plan ? plan.SpeedUpOf(plan.Rows[0]) : 0);

    [Fact]
    public void Ranks_pay_while_an_added_one_is_worth_half_of_one() => Assert.Equal((2, 4), (Plan.LastThatPays, Plan.Fastest));

    [Fact]
    public void A_network_that_costs_nothing_lets_all_ranks_pay() =>
        Assert.Equal((8, 8), new ScalingPlan(ModelOf(0, 0), [1, 2, 4, 8], batch: 8) is var plan ? (plan.LastThatPays, plan.Fastest) : default);

    // (1 + 8/B)·(8 + B) seconds have their minimum of 32 at B = 8; without a fixed part, B + 8 seconds are least for one example.
    [Theory]
    [InlineData(8, 8, 1)]
    [InlineData(0, 1, 16.0 / 9)]
    public void The_best_batch_weighs_steps_against_their_time(double fixedSeconds, int batch, double speedUp)
    {
        (int best, double sooner) = new ScalingPlan(ModelOf(0, fixedSeconds), [1], batch: 8).BestBatch(ranks: 1, noiseScale: 8);

        Assert.Equal((batch, Math.Round(speedUp, 9)), (best, Math.Round(sooner, 9)));
    }

    [Fact]
    public void The_best_batch_gives_each_rank_an_example() =>
        Assert.Equal(64, new ScalingPlan(ModelOf(0, 0), [64], batch: 8).BestBatch(ranks: 64, noiseScale: 1).Batch);

    // A second for each example; gradients of no length, so that only messages cost.
    private static ScalingModel ModelOf(double latency, double fixedSeconds) => new()
    {
        Curve = new StepCurve([new(1, fixedSeconds + 1, 0, 0), new(8, fixedSeconds + 8, 0, 0)], mostBytes: 0),
        Shares = new WorkShares([.. Enumerable.Repeat(1.0, 64)]),
        Network = new Network(latency, 1e9),
        MessageBytes = 0,
        ColumnBytes = 0,
        IsContiguous = true,
        SecondsPerByte = 0,
        SlabBytes = 1e9,
    };
}
