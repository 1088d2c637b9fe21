using BlasNet.Cli.Scaling;
using BlasNet.Diagnostics;

namespace BlasNet.Tests.Cli.Scaling;

/// <summary>The formulas against numbers worked out by hand: a millisecond a message, a megabyte a second.</summary>
public sealed class ScalingModelTests
{
    private static readonly Network Slow = new(Latency: 1e-3, BytesPerSecond: 1e6);

    private static ScalingModel Model => new()
    {
        Curve = new StepCurve([new(1, 1e-3, 2e-3, 1000), new(4, 4e-3, 2e-3, 4000)], mostBytes: 1e6),
        Shares = new WorkShares([1, 1, 1, 1]),
        Network = Slow,
        MessageBytes = 100,
        ColumnBytes = 0,
        IsContiguous = true,
        SecondsPerByte = 1e-6,
        SlabBytes = 1e9,
    };

    [Theory]
    [InlineData(1, 100, 0)]
    [InlineData(2, 100, 1e-3 + 100e-6)]
    [InlineData(5, 100, 3e-3 + 400e-6)]
    [InlineData(8, 100, 3e-3 + 700e-6)]
    public void A_short_gathering_takes_a_logarithm_of_messages_and_the_bytes_of_all_others(int ranks, double bytes, double seconds) =>
        Assert.Equal(seconds, Slow.ShortAllGather(ranks, bytes), tolerance: 1e-12);

    [Theory]
    [InlineData(1, 8000, 0)]
    [InlineData(2, 8000, 1e-3 + 4e-3)]
    [InlineData(4, 8000, 3e-3 + 6e-3)]
    [InlineData(4, 4 * 65536, 3e-3 + 3 * 65536e-6)]
    [InlineData(4, 4 * 65537, 2e-3 + 3e-3 + 3 * 65537e-6)]   // asks first
    [InlineData(1, 80_000_000, 0)]
    public void An_exchange_takes_a_message_to_each_other_rank_and_its_part_of_the_bytes(int ranks, double bytes, double seconds) =>
        Assert.Equal(seconds, Slow.Exchange(ranks, bytes), tolerance: 1e-12);

    [Fact]
    public void One_rank_exchanges_nothing()
    {
        StepPrediction alone = Model.Predict(1, 4);

        Assert.Equal((4e-3, 0.0, 0.0, 0.0, 2e-3, 0.0), (alone.Compute, alone.Wait, alone.Transfer, alone.Sum, alone.Update, alone.SentBytes));
        Assert.Equal(6e-3, alone.Seconds, tolerance: 1e-12);
    }

    [Fact]
    public void Four_ranks_take_what_the_formula_says()
    {
        StepPrediction step = Model.Predict(4, 4);

        Assert.Equal((1e-3, 0.0, 2e-3), (step.Compute, step.Wait, step.Update));
        Assert.Equal(2e-3 + 300e-6 + (3e-3 + 750e-6) + (3e-3 + 3000e-6), step.Transfer, tolerance: 1e-12);   // message, parts of gradients, their sums
        Assert.Equal(1000e-6 + 1000e-6, step.Sum, tolerance: 1e-12);
        Assert.Equal(3 * (100 + 250 + 1000), step.SentBytes, tolerance: 1e-9);
        Assert.Equal(4 / 17.05e-3, step.ExamplesPerSecond, tolerance: 1e-9);
        Assert.Equal(14.05 / 17.05, step.CommunicateShare, tolerance: 1e-12);
    }

    [Fact]
    public void Columns_pieces_and_slabs_cost_what_they_add()
    {
        double plain = Model.Predict(4, 4).Seconds;

        Assert.Equal(2e-3 + 150e-6, (Model with { ColumnBytes = 50 }).Predict(4, 4).Seconds - plain, tolerance: 1e-12);
        Assert.Equal(5000e-6, (Model with { IsContiguous = false }).Predict(4, 4).Seconds - plain, tolerance: 1e-12);
        Assert.Equal(6e-3, (Model with { SlabBytes = 2000 }).Predict(4, 4).Seconds - plain, tolerance: 1e-12);
    }

    [Fact]
    public void Ranks_wait_for_the_one_with_the_most_work()
    {
        StepPrediction step = (Model with { Shares = new WorkShares([1, 1, 1, 5]) }).Predict(2, 4);

        Assert.Equal((2e-3, 0.5e-3), (step.Compute, Math.Round(step.Wait, 12)));   // 3 and 5 of a mean of 4
    }

    [Fact]
    public void Ranks_beyond_the_batch_have_no_part() => Assert.Equal(1e-3, Model.Predict(16, 4).Compute);

    [Theory]
    [InlineData(0.5, 1e-3, 1000)]
    [InlineData(1, 1e-3, 1000)]
    [InlineData(2, 2e-3, 2000)]
    [InlineData(3, 4e-3, 2000)]
    [InlineData(4, 6e-3, 2000)]
    [InlineData(6, 10e-3, 2000)]
    [InlineData(1000, 1998e-3, 2000)]
    public void A_curve_is_linear_between_its_points_and_beyond_the_last(double examples, double seconds, double bytes)
    {
        var curve = new StepCurve([new(4, 6e-3, 0, 2000), new(1, 1e-3, 0, 1000), new(2, 2e-3, 0, 2000)], mostBytes: 2000);

        Assert.Equal((seconds, bytes), (Math.Round(curve.At(examples).ComputeSeconds, 12), curve.At(examples).GradientBytes));
    }

    [Fact]
    public void A_gradient_has_no_more_bytes_than_the_parameters() =>
        Assert.Equal(5000, new StepCurve([new(1, 0, 0, 1000), new(2, 0, 0, 2000)], mostBytes: 5000).At(100).GradientBytes);

    [Theory]
    [InlineData(8, 2, 4)]
    [InlineData(8, 3, 3)]
    [InlineData(8, 20, 1)]
    [InlineData(32, 2, 16)]   // of more examples than there are
    public void Examples_alike_divide_evenly(int batch, int ranks, double largest) =>
        Assert.Equal(largest, new WorkShares([3, 3, 3, 3, 3, 3, 3, 3]).Largest(batch, ranks), tolerance: 1e-12);

    // 3 of a mean of 1.5, then 1.
    [Fact]
    public void The_largest_part_is_the_mean_over_steps() =>
        Assert.Equal((3 / 1.5 + 1 / 1.5) / 2, new WorkShares([3, 1, 1, 1]).Largest(2, 2), tolerance: 1e-12);

    [Theory]
    [InlineData(256, 256, new[] { 256, 128, 64, 16, 4, 1 })]
    [InlineData(256, 2, new[] { 256, 128 })]
    [InlineData(5, 1, new[] { 5, 2 })]
    [InlineData(1, 4, new[] { 1 })]
    public void The_batch_its_half_and_the_smallest_part_are_timed(int batch, int mostRanks, int[] sizes) =>
        Assert.Equal(sizes.Order(), StepSampler.SizesFor(batch, mostRanks).Order());

    /// <summary>Something else kept the machine busy while the shorter steps were measured.</summary>
    [Fact]
    public void A_step_of_more_examples_costs_no_less()
    {
        var curve = new StepCurve([new(1, 1e-3, 4e-3, 0), new(2, 9e-3, 1e-3, 0), new(4, 5e-3, 2e-3, 0)], mostBytes: 0);
        Assert.All([curve.At(4), curve.At(1000)], point => Assert.Equal((9e-3, 4e-3), (Rounded(point.ComputeSeconds), Rounded(point.UpdateSeconds))));

        static double Rounded(double seconds) => Math.Round(seconds, 12);
    }
}
