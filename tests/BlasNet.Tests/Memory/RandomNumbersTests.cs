using BlasNet.Memory;

namespace BlasNet.Tests.Memory;

public sealed class RandomNumbersTests
{
    // Known answers published with the reference implementation, Random123.
    [Theory]
    [InlineData(0, 0, 0, 0xE169C58D_6627E8D5, 0x9B00DBD8_BC57AC4C)]
    [InlineData(ulong.MaxValue, ulong.MaxValue, ulong.MaxValue, 0x41C83B0E_408F276D, 0x6D5451FD_A20BC7C6)]
    [InlineData(0x299F31D0_A4093822, 0x85A308D3_243F6A88, 0x03707344_13198A2E, 0x94FDCCEB_D16CFE09, 0x24126EA1_5001E420)]
    public void Philox_gives_its_published_answers(ulong key, ulong counterLow, ulong counterHigh, ulong low, ulong high) =>
        Assert.Equal((low, high), Philox.Block(key, counterLow, counterHigh));

    [Theory]
    [InlineData("", 0xCBF29CE484222325)]
    [InlineData("a", 0xAF63DC4C8601EC8C)]
    [InlineData("foobar", 0x85944171F73967E8)]
    public void Names_are_hashed_by_fnv_1a(string name, ulong hash) => Assert.Equal(hash, RandomNumbers.Hash(name));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(0.5)]
    [InlineData(1e-300)]
    [InlineData(1.7e308)]
    [InlineData(0.99999999999999989)]
    [InlineData(1.4142135623730951)]
    [InlineData(0.70710678118654757)]
    public void The_own_logarithm_agrees_with_the_library(double x) =>
        Assert.Equal(Math.Log(x), RandomNumbers.Log(x), Math.Abs(Math.Log(x)) * 4e-16 + 1e-300);

    [Fact]
    public void The_own_logarithm_is_accurate_over_its_whole_interval()
    {
        for (double x = 0.5; x < 2; x += 1.0 / 4096)
            Assert.Equal(Math.Log(x), RandomNumbers.Log(x), Math.Abs(Math.Log(x)) * 1e-15);
    }

    [Fact]
    public void Streams_repeat_by_seed_and_name_and_differ_otherwise()
    {
        Assert.Equal(Draw(1, "W"), Draw(1, "W"));
        Assert.Empty(Draw(1, "W").Intersect(Draw(1, "b")));
        Assert.Empty(Draw(1, "W").Intersect(Draw(2, "W")));
        Assert.Distinct(Draw(1, "W"));

        static ulong[] Draw(ulong seed, string name)
        {
            var random = new RandomNumbers(seed, name);
            return [.. Enumerable.Range(0, 1000).Select(_ => random.NextBits())];
        }
    }

    [Fact]
    public void Uniform_numbers_fill_the_open_interval_evenly()
    {
        const int Draws = 100_000, Bins = 100;
        var random = new RandomNumbers(1, "uniform");
        int[] counts = new int[Bins];

        for (int i = 0; i < Draws; i++)
            counts[(int)(random.NextUniform() * Bins)]++;

        // χ² with 99 degrees of freedom: mean 99, deviation √198; 5 deviations.
        double expected = (double)Draws / Bins;
        Assert.InRange(counts.Sum(count => (count - expected) * (count - expected) / expected), 30, 170);
    }

    [Fact]
    public void Normal_numbers_have_the_moments_and_the_tails_of_the_distribution()
    {
        const int Draws = 200_000;
        var random = new RandomNumbers(1, "normal");
        double[] x = [.. Enumerable.Range(0, Draws).Select(_ => random.NextNormal())];

        // Deviations of the sample moments: 1, √2, √15, √96 over √n; each is allowed 5.
        double unit = 5 / Math.Sqrt(Draws);
        Assert.Equal(0, x.Average(), unit);
        Assert.Equal(1, x.Average(v => v * v), Math.Sqrt(2) * unit);
        Assert.Equal(0, x.Average(v => v * v * v), Math.Sqrt(15) * unit);
        Assert.Equal(3, x.Average(v => v * v * v * v), Math.Sqrt(96) * unit);
        Assert.Equal(0.0455, x.Count(v => Math.Abs(v) > 2) / (double)Draws, 0.0025);
        Assert.Equal(0.0027, x.Count(v => Math.Abs(v) > 3) / (double)Draws, 0.0006);
    }
}
