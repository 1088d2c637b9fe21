using BlasNet.Training;

namespace BlasNet.Tests.Training;

public sealed class ScheduleTests
{
    [Fact]
    public void A_constant_schedule_is_1() => Assert.Equal([1, 1, 1], Factors(Schedule.Constant, 1, 2, 1_000_000));

    [Fact]
    public void Steps_fall_by_a_factor() => Assert.Equal([1, 1, 1, 0.5, 0.5, 0.5, 0.25], Factors(Schedule.Step(3, 0.5), 1, 2, 3, 4, 5, 6, 7));

    [Fact]
    public void A_cosine_falls_from_1_to_the_last_value_and_stays_there()
    {
        double[] expected = [1, 0.1 + 0.9 * (1 + Math.Cos(Math.PI / 4)) / 2, 0.55, 0.1 + 0.9 * (1 - Math.Cos(Math.PI / 4)) / 2, 0.1, 0.1];
        Assert.All(expected.Zip(Factors(Schedule.Cosine(4, 0.1), 1, 2, 3, 4, 5, 100)), pair => Assert.Equal(pair.First, pair.Second, 1e-15));
    }

    [Fact]
    public void A_line_falls_from_1_to_the_last_value_and_stays_there() =>
        Assert.Equal([1, 0.875, 0.75, 0.625, 0.5, 0.5], Factors(Schedule.Linear(4, 0.5), 1, 2, 3, 4, 5, 100));

    [Fact]
    public void A_warm_up_rises_to_1_in_equal_parts() => Assert.Equal([0.25, 0.5, 0.75, 1, 1], Factors(Schedule.WarmUp(4), 1, 2, 3, 4, 5));

    [Fact]
    public void Schedules_multiply() => Assert.Equal([0.5, 1, 0.5, 0.25], Factors(Schedule.WarmUp(2) * Schedule.Step(2, 0.5).Then(3, Schedule.Step(1, 0.25).Times(new Schedule(_ => 0.25))), 1, 2, 3, 4));

    [Fact]
    public void Schedules_follow_each_other() => Assert.Equal([0.5, 1, 1, 0.5, 0], Factors(Schedule.WarmUp(2).Then(2, Schedule.Linear(2)), 1, 2, 3, 4, 5));

    [Fact]
    public void The_learning_rate_of_a_step_is_the_optimizers_times_the_schedules_factor() =>
        Assert.Equal(0.05, new Sgd(0.2) { Schedule = Schedule.WarmUp(4) }.LearningRateAt(1));

    [Fact]
    public void The_smallest_arguments_are_allowed()
    {
        Assert.Equal([1, 0, 0], Factors(Schedule.Step(1, 0), 1, 2, 3));
        Assert.Equal([1, 0], Factors(Schedule.Cosine(1), 1, 2));
        Assert.Equal([1, 0], Factors(Schedule.Linear(1), 1, 2));
        Assert.Equal([1, 1], Factors(Schedule.WarmUp(1), 1, 2));
        Assert.Equal([0.5, 1], Factors(Schedule.Constant.Then(0, Schedule.WarmUp(2)), 1, 2));
    }

    [Theory, InlineData(-0.5), InlineData(double.NaN), InlineData(double.PositiveInfinity)]
    public void A_factor_that_is_negative_or_not_finite_is_an_error_of_its_step(double factor)
    {
        var error = Assert.Throws<InvalidOperationException>(() => new Schedule(step => step == 3 ? factor : 1).FactorAt(3));
        Assert.Contains("step 3", error.Message, StringComparison.Ordinal);
    }

    [Theory, InlineData(-0.5), InlineData(double.NaN), InlineData(double.PositiveInfinity)]
    public void A_last_factor_that_is_negative_or_not_finite_is_refused(double factor)
    {
        AssertRefused("factor", () => Schedule.Step(1, factor));
        AssertRefused("final", () => Schedule.Cosine(1, factor));
        AssertRefused("final", () => Schedule.Linear(1, factor));
    }

    [Fact]
    public void Arguments_out_of_range_are_named()
    {
        AssertRefused("every", () => Schedule.Step(0, 0.5));
        AssertRefused("steps", () => Schedule.Cosine(0));
        AssertRefused("steps", () => Schedule.Linear(0));
        AssertRefused("steps", () => Schedule.WarmUp(0));
        AssertRefused("steps", () => Schedule.Constant.Then(-1, Schedule.Constant));
        AssertRefused("factor", () => new Schedule(null!));
        AssertRefused("next", () => Schedule.Constant.Then(1, null!));
        AssertRefused("other", () => Schedule.Constant.Times(null!));
        AssertRefused("left", () => (Schedule)null! * Schedule.Constant);
    }

    private static void AssertRefused(string parameter, Func<Schedule> create) =>
        Assert.Equal(parameter, Assert.ThrowsAny<ArgumentException>(create).ParamName);

    private static double[] Factors(Schedule schedule, params long[] steps) => [.. steps.Select(schedule.FactorAt)];
}
