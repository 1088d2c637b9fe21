using System.Numerics;
using BlasNet.Graphs;
using BlasNet.Stranger;
using BlasNet.Training;

namespace BlasNet.Tests.Graphs;

public sealed class InitializerTests
{
    private static readonly Shape Wide = new(200, 300);

    public static TheoryData<string, Initializer> All => new()
    {
        { "zeros", Initializer.Zeros },
        { "constant", Initializer.Constant(0.1) },
        { "uniform", Initializer.Uniform(-2, 3) },
        { "normal", Initializer.Normal(1, 2) },
        { "Glorot uniform", Initializer.GlorotUniform() },
        { "Glorot normal", Initializer.GlorotNormal() },
        { "He uniform", Initializer.HeUniform },
        { "He normal", Initializer.HeNormal },
        { "orthogonal", Initializer.Orthogonal() },
    };

    [Theory, MemberData(nameof(All))]
    public void Float_and_double_values_agree_after_rounding(string name, Initializer initializer) =>
        Assert.Equal(Fill<double>(initializer, new Shape(17, 9), name: name).Select(value => (float)value), Fill<float>(initializer, new Shape(17, 9), name: name));

    [Theory, MemberData(nameof(All))]
    public void Values_depend_on_seed_and_name_only(string name, Initializer initializer)
    {
        double[] first = Fill<double>(initializer, new Shape(5, 7), seed: 3, name);

        Assert.Equal(first, Fill<double>(initializer, new Shape(5, 7), seed: 3, name));

        if (first.Distinct().Count() > 1)
        {
            Assert.NotEqual(first, Fill<double>(initializer, new Shape(5, 7), seed: 4, name));
            Assert.NotEqual(first, Fill<double>(initializer, new Shape(5, 7), seed: 3, name + "'"));
        }
    }

    [Fact]
    public void Constants_fill_every_element()
    {
        Assert.All(Fill<float>(Initializer.Zeros, Wide), value => Assert.Equal(0, value));
        Assert.All(Fill<float>(Initializer.Constant(0.1), Wide), value => Assert.Equal(0.1f, value));
    }

    // Fan-in is 300, fan-out 200.
    public static TheoryData<string, Initializer, double, double> Moments => new()
    {
        { "uniform", Initializer.Uniform(-2, 4), 1, 3 },
        { "normal", Initializer.Normal(-1, 0.5), -1, 0.25 },
        { "Glorot uniform", Initializer.GlorotUniform(), 0, 2.0 / 500 },
        { "Glorot uniform, gain", Initializer.GlorotUniform(gain: 5.0 / 3), 0, 25.0 / 9 * 2 / 500 },
        { "Glorot normal", Initializer.GlorotNormal(), 0, 2.0 / 500 },
        { "He uniform", Initializer.HeUniform, 0, 2.0 / 300 },
        { "He normal", Initializer.HeNormal, 0, 2.0 / 300 },
    };

    [Theory, MemberData(nameof(Moments))]
    public void Mean_and_variance_are_those_of_the_formula(string name, Initializer initializer, double mean, double variance)
    {
        double[] values = Fill<double>(initializer, Wide, name: name);

        // Five deviations of the sample mean and of the sample variance (of normal numbers, the larger).
        Assert.Equal(mean, values.Average(), 5 * Math.Sqrt(variance / values.Length));
        Assert.Equal(variance, values.Average(v => (v - mean) * (v - mean)), 5 * variance * Math.Sqrt(2.0 / values.Length));
    }

    [Fact]
    public void Uniform_values_stay_within_their_bounds_and_come_near_them()
    {
        double[] values = Fill<double>(Initializer.Uniform(-2, 3), Wide);

        Assert.InRange(values.Min(), -2, -1.999);
        Assert.InRange(values.Max(), 2.999, 3);
    }

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(40, 40, 1)]
    [InlineData(67, 13, 1)]
    [InlineData(13, 67, 2.5)]
    public void Orthogonal_matrices_have_orthonormal_vectors_along_the_shorter_side(int rows, int columns, double gain)
    {
        double[] w = Fill<double>(Initializer.Orthogonal(gain), new Shape(rows, columns));
        int count = Math.Min(rows, columns), length = Math.Max(rows, columns);

        for (int i = 0; i < count; i++)
        {
            for (int j = 0; j < count; j++)
            {
                double dot = Enumerable.Range(0, length).Sum(k => Element(i, k) * Element(j, k));
                Assert.Equal(i == j ? gain * gain : 0, dot, 1e-13 * gain * gain);
            }
        }

        double Element(int vector, int k) => rows >= columns ? w[vector * rows + k] : w[k * rows + vector];
    }

    [Fact]
    public void Orthogonal_matrices_are_uniform_so_their_trace_has_mean_0_and_variance_1()
    {
        // Without the sign rule of the QR factorisation the diagonal would lean to one side. Source: Mezzadri 2007; Diaconis, Shahshahani 1994.
        const int Draws = 4000, Size = 5;
        double[] traces = [.. Enumerable.Range(0, Draws).Select(Trace)];

        Assert.Equal(0, traces.Average(), 5 / Math.Sqrt(Draws));
        Assert.Equal(1, traces.Average(trace => trace * trace), 5 * Math.Sqrt(2.0 / Draws));

        static double Trace(int draw)
        {
            double[] w = Fill<double>(Initializer.Orthogonal(), new Shape(Size, Size), seed: (ulong)draw);
            return Enumerable.Range(0, Size).Sum(i => w[i * Size + i]);
        }
    }

    [Fact]
    public void The_parts_of_a_stack_are_drawn_one_after_another()
    {
        double[] stacked = Fill<double>(new StackedInitializer(Initializer.Uniform(0, 1), Initializer.Uniform(0, 1)), new Shape(6, 4));
        var random = new RandomNumbers(1, "W");
        double[] expected = new double[24];
        foreach (int part in new[] { 0, 1 })
        {
            for (int i = 0; i < 12; i++)
                expected[i / 3 * 6 + part * 3 + i % 3] = random.NextUniform();
        }

        Assert.Equal(expected, stacked);
    }

    [Fact]
    public void An_own_initializer_fills_a_parameter_from_its_own_stream()
    {
        using var model = new Model(seed: 5, Precision.Double);
        Parameter w = model.Weight("W", 2, 3, new OwnIdentity(noise: 0.01));
        var random = new RandomNumbers(5, "W");
        Assert.Equal(new[] { 1.0, 0, 0, 1, 0, 0 }.Select(one => one + 0.01 * random.NextNormal()), model.ValuesOf(w));
    }

    [Fact]
    public void A_first_value_that_is_not_finite_is_refused_and_the_model_is_as_before()
    {
        using var model = new Model();
        Parameter a = model.Bias("a", 3, Initializer.Constant(1));
        var error = Assert.Throws<ArithmeticException>(() => model.Weight("W", 2, 2, new OwnIdentity(double.NaN)));
        Assert.Equal("OwnIdentity gave parameter W [2 × 2] a value that is infinite or NaN.", error.Message);
        Parameter w = model.Weight("W", 2, 2, new OwnIdentity(0));
        Assert.Equal([1, 1, 1], model.ValuesOf(a));
        Assert.Equal([1, 0, 0, 1], model.ValuesOf(w));
        Assert.Equal(7, model.Size);
    }

    [Fact]
    public void Arguments_out_of_range_are_named()
    {
        Assert.Equal("value", Assert.Throws<ArgumentOutOfRangeException>(() => Initializer.Constant(double.NaN)).ParamName);
        Assert.Equal("maximum", Assert.Throws<ArgumentOutOfRangeException>(() => Initializer.Uniform(1, 0)).ParamName);
        Assert.Equal("minimum", Assert.Throws<ArgumentOutOfRangeException>(() => Initializer.Uniform(double.NegativeInfinity, 0)).ParamName);
        Assert.Equal("standardDeviation", Assert.Throws<ArgumentOutOfRangeException>(() => Initializer.Normal(0, -1)).ParamName);
        Assert.Equal("gain", Assert.Throws<ArgumentOutOfRangeException>(() => Initializer.GlorotUniform(0)).ParamName);
        Assert.Equal("gain", Assert.Throws<ArgumentOutOfRangeException>(() => Initializer.Orthogonal(double.NaN)).ParamName);
    }

    private static T[] Fill<T>(Initializer initializer, Shape shape, ulong seed = 1, string name = "W")
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T[] values = new T[shape.Size];
        initializer.Fill<T>(values, shape, new RandomNumbers(seed, name));
        return values;
    }
}
