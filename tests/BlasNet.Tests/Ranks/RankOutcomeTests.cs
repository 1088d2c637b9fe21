using BlasNet.Training;

namespace BlasNet.Tests.Ranks;

/// <summary>Whose error all ranks get.</summary>
public sealed class RankOutcomeTests
{
    /// <summary>Of errors the lowest rank's; what is not finite only where nothing else went wrong, as among workers.</summary>
    [Theory]
    [InlineData(-1, RankOutcome.Done, RankOutcome.Done, RankOutcome.Done)]
    [InlineData(0, RankOutcome.NonFinite, RankOutcome.Done, RankOutcome.NonFinite)]
    [InlineData(1, RankOutcome.Done, RankOutcome.NonFinite, RankOutcome.NonFinite)]
    [InlineData(2, RankOutcome.NonFinite, RankOutcome.NonFinite, RankOutcome.Failed)]
    [InlineData(0, RankOutcome.Failed, RankOutcome.NonFinite, RankOutcome.Failed)]
    [InlineData(1, RankOutcome.NonFinite, RankOutcome.Failed, RankOutcome.Failed)]
    public void The_lowest_rank_that_failed_comes_first(int expected, params object[] outcomes) =>
        Assert.Equal(expected, RankStep.Failed([.. outcomes.Select(outcome => default(RankStep) with { Outcome = (RankOutcome)outcome })]));
}
