using BlasNet.Kernels;

namespace BlasNet.Tests.Kernels;

public sealed class ColumnsTests
{
    [Theory, InlineData(1e30f), InlineData(-1e30f), InlineData(0f)]
    public void Softmax_and_its_logarithm_do_not_depend_on_a_common_offset(float offset)
    {
        float[] x = [offset, offset, offset], y = new float[3];
        Columns.Softmax<float>(x, y, rows: 3);
        Assert.All(y, value => Assert.Equal(1f / 3, value, 1e-7));
        Columns.LogSoftmax<float>(x, y, rows: 3);
        Assert.All(y, value => Assert.Equal(-Math.Log(3), value, 1e-6));
    }

    [Fact]
    public void The_logarithm_of_an_impossible_class_is_exact()
    {
        double[] y = new double[2];
        Columns.LogSoftmax<double>([0, -2000], y, rows: 2);
        Assert.Equal([0, -2000], y);
    }

    /// <summary>Lengths around the chunks in which the sums are made.</summary>
    [Theory, InlineData(1), InlineData(255), InlineData(256), InlineData(257), InlineData(1025)]
    public void Sums_over_long_columns_equal_a_plain_loop(int rows)
    {
        var random = new Random(rows);
        double[] x = [.. Enumerable.Range(0, rows).Select(_ => random.NextDouble() * 4 - 2)], t = [.. x.Select(value => value * value - 1)];
        Assert.Equal(Math.Log(x.Sum(Math.Exp)), Columns.LogSumExp<double>(x, out double largest) + largest, 1e-12);
        Assert.Equal(x.Zip(t, (a, b) => (a - b) * (a - b)).Sum(), Columns.SquaredDistance<double>(x, t), 1e-9);
    }
}
