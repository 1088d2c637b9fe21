using BlasNet.Training;

namespace BlasNet.Tests.Training;

/// <summary>The noise scale by its formula.</summary>
public sealed class GradientNoiseScaleTests
{
    [Fact]
    public void Before_the_first_step_nothing_is_known()
    {
        var scale = new GradientNoiseScale();

        Assert.Equal((0, double.NaN, double.NaN, double.NaN), (scale.Steps, scale.SquaredGradientNorm, scale.Variance, scale.Value));
    }

    [Fact]
    public void Two_batches_tell_the_gradient_from_its_noise()
    {
        var scale = new GradientNoiseScale();
        scale.Add(smallBatch: 1, smallSquaredNorm: 5, largeBatch: 4, largeSquaredNorm: 2);   // |G|² = (4·2 − 1·5) / 3, tr(Σ) = (5 − 2) / (1 − ¼)

        Assert.Equal([1, 4, 4], [scale.SquaredGradientNorm, scale.Variance, scale.Value], Close);
    }

    [Fact]
    public void Later_steps_count_more_by_the_decay()
    {
        var scale = new GradientNoiseScale(decay: 0.5);
        scale.Add(1, 5, 4, 2);       // |G|² = 1, tr(Σ) = 4
        scale.Add(1, 5, 4, 2.75);    // |G|² = 2, tr(Σ) = 3, and twice the weight

        Assert.Equal([5.0 / 3, 10.0 / 3, 2], [scale.SquaredGradientNorm, scale.Variance, scale.Value], Close);
        Assert.Equal(2, scale.Steps);
    }

    [Fact]
    public void A_gradient_that_cannot_be_told_from_0_has_an_infinite_scale()
    {
        var scale = new GradientNoiseScale();
        scale.Add(1, 4, 4, 1);

        Assert.Equal((0, double.PositiveInfinity), (scale.SquaredGradientNorm, scale.Value));
    }

    [Fact]
    public void A_variance_below_0_has_the_scale_0()
    {
        var scale = new GradientNoiseScale();
        scale.Add(1, 1, 2, 2);

        Assert.Equal([3, -2, 0], [scale.SquaredGradientNorm, scale.Variance, scale.Value], Close);
    }

    [Theory, InlineData(true, "examples, decay 0.9"), InlineData(false, "passes, decay 0.9")]
    public void It_says_what_it_compares(bool fromExamples, string text) => Assert.Equal(text, new GradientNoiseScale(0.9, fromExamples).ToString());

    private static bool Close(double expected, double given) => Math.Abs(expected - given) < 1e-12;
}
