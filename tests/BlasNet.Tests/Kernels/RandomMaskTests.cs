using BlasNet.Kernels;

namespace BlasNet.Tests.Kernels;

public sealed class RandomMaskTests
{
    private const int Length = 1 << 20;

    /// <summary>The number of dropped elements is binomial; five standard deviations.</summary>
    [Theory, InlineData(0.1), InlineData(0.5), InlineData(0.9)]
    public void As_many_elements_are_dropped_as_the_rate_says(double rate)
    {
        float[] mask = Mask(1, 2, rate);
        Assert.All(mask.Distinct(), value => Assert.True(value is 0 || value == (float)(1 / (1 - rate))));
        int dropped = mask.Count(value => value == 0);
        Assert.InRange(dropped, Length * rate - 5 * Deviation(rate), Length * rate + 5 * Deviation(rate));
    }

    /// <summary>Of two independent masks, or of a mask and itself moved, rate² of the elements are dropped in both.</summary>
    [Theory, InlineData(1, 0, 0), InlineData(0, 1, 0), InlineData(1 << 23, 0, 0), InlineData(0, 1 << 23, 0), InlineData(0, 0, 1), InlineData(0, 0, 256)]
    public void Masks_of_neighbouring_keys_and_neighbouring_elements_are_independent(int low, int high, int moved)
    {
        const double Rate = 0.5;
        float[] mask = Mask(5, 7, Rate), other = Mask(5 ^ (uint)low, 7 ^ (uint)high, Rate);
        int both = mask.Skip(moved).Zip(other).Count(pair => pair is (0, 0));
        double expected = (Length - moved) * Rate * Rate;
        Assert.InRange(both, expected - 5 * Deviation(Rate * Rate), expected + 5 * Deviation(Rate * Rate));
    }

    [Theory, InlineData(1), InlineData(7), InlineData(255), InlineData(256), InlineData(257), InlineData(1000)]
    public void The_mask_does_not_depend_on_length_or_precision(int length)
    {
        double[] ones = [.. Enumerable.Repeat(1.0, length)], doubles = new double[length];
        RandomMask.Drop(ones, doubles, 1, 2, 0.5);
        Assert.Equal(Mask(1, 2, 0.5).Take(length).Select(value => (double)value), doubles);
    }

    private static float[] Mask(uint low, uint high, double rate)
    {
        float[] ones = new float[Length], mask = new float[Length];
        Array.Fill(ones, 1);
        RandomMask.Drop<float>(ones, mask, low, high, rate);
        return mask;
    }

    private static double Deviation(double rate) => Math.Sqrt(Length * rate * (1 - rate));
}
