using BlasNet.Training;

namespace BlasNet.Tests.Training;

public sealed class EarlyStoppingTests
{
    [Theory]
    [InlineData(true, new[] { 0.5, 0.6, 0.6, 0.59 }, 0.6, 2, 2)]
    [InlineData(false, new[] { 3.0, 2.0, double.NaN, 2.5 }, 2.0, 2, 2)]
    [InlineData(false, new[] { double.NaN, 4.0 }, 4.0, 2, 0)]
    public void The_best_value_counts_and_the_evaluations_since(bool higher, double[] values, double best, int bestEpoch, int waited)
    {
        EarlyStopping stopping = After(new EarlyStopping(2, higher), values);

        Assert.Equal((best, bestEpoch, waited), (stopping.Best, stopping.BestEpoch, stopping.Waited));
        Assert.Equal(waited >= 2, stopping.IsTimeToStop);
    }

    [Fact]
    public void A_change_below_the_minimum_is_nothing_better()
    {
        EarlyStopping stopping = After(new EarlyStopping(2, higherIsBetter: true, minimumChange: 0.1), [0.5, 0.55, 0.6]);

        Assert.Equal((0.5, 2), (stopping.Best, stopping.Waited));
    }

    [Theory]
    [InlineData(new double[0])]
    [InlineData(new[] { 1.0 / 3, 0.1 })]
    [InlineData(new[] { double.NaN })]
    [InlineData(new[] { double.NegativeInfinity, double.NegativeInfinity })]
    public void It_goes_on_from_what_was_saved(double[] values)
    {
        EarlyStopping saved = After(new EarlyStopping(3, higherIsBetter: true), values), restored = new(3, higherIsBetter: true);

        Assert.True(restored.TryRestore(saved.Save()));

        Assert.Equal((saved.Best, saved.BestEpoch, saved.Waited), (restored.Best, restored.BestEpoch, restored.Waited));
    }

    [Theory]
    [InlineData("")]
    [InlineData("1 2")]
    [InlineData("x 2 3")]
    [InlineData("1 -2 3")]
    [InlineData("1 2 3 4")]
    public void Another_text_is_not_understood_and_changes_nothing(string text)
    {
        EarlyStopping stopping = After(new EarlyStopping(3, higherIsBetter: true), [0.5]);

        Assert.False(stopping.TryRestore(text));
        Assert.Equal(0.5, stopping.Best);
    }

    [Fact]
    public void Impossible_settings_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new EarlyStopping(0, higherIsBetter: true));
        Assert.Throws<ArgumentOutOfRangeException>(() => new EarlyStopping(1, higherIsBetter: true, minimumChange: -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new EarlyStopping(1, higherIsBetter: true, minimumChange: double.NaN));
    }

    private static EarlyStopping After(EarlyStopping stopping, double[] values)
    {
        for (int i = 0; i < values.Length; i++)
            stopping.Add(i + 1, values[i]);

        return stopping;
    }
}
