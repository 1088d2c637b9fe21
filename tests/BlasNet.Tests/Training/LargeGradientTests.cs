using BlasNet.Graphs;
using BlasNet.Kernels;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Training;

/// <summary>Norms of gradients whose squares overflow, or are lost, in the type of the elements.</summary>
public sealed class LargeGradientTests
{
    public static TheoryData<Precision, double> Sizes => new()
    {
        { Precision.Single, 1e20 }, { Precision.Single, 1e-25 }, { Precision.Single, 1 },
        { Precision.Double, 1e200 }, { Precision.Double, 1e-200 }, { Precision.Double, 1 },
    };

    // Four elements of one size: a vector twice as long.
    [Theory, MemberData(nameof(Sizes))]
    public void Clipping_by_norm_makes_a_step_of_the_clipped_length(Precision precision, double size)
    {
        using var model = new Model(precision: precision);
        Parameter b = model.Bias("b", 4);
        var trainer = new Trainer<double>(model, (g, x) => Sum(Multiply(b, g.Input([x, x, x, x]))), new Sgd(0.5) { ClipNorm = Math.Min(1, size) });

        trainer.Step([size, size]);

        Assert.Equal(2 * size, trainer.LastStep.GradientNorm, 2e-6 * size);
        Assert.All(model.ValuesOf(b), value => Assert.Equal(-0.25 * Math.Min(1, size), value, 1e-6 * Math.Min(1, size)));
    }

    [Theory, MemberData(nameof(Sizes))]
    public void Clipping_each_example_makes_it_as_long_as_it_may_be(Precision precision, double size)
    {
        using var model = new Model(precision: precision);
        Parameter b = model.Bias("b", 4);
        double longest = Math.Min(1, size);
        var trainer = new Trainer<double>(model, (g, x) => Sum(Multiply(b, g.Input([x, x, x, x]))), new Sgd(1)) { ClipExampleNorm = longest };

        trainer.Step([size, size, 4 * size]);

        Assert.All(model.ValuesOf(b), value => Assert.Equal(-0.5 * longest, value, 1e-6 * longest));
    }

    // W x, used once and used twice by an example, and an embedding used twice: |x|·|dy| each, twice.
    [Theory, MemberData(nameof(Sizes))]
    public void Norms_of_single_examples_are_those_of_their_gradients(Precision precision, double size)
    {
        using var model = new Model(precision: precision);
        Parameter w = model.Weight("W", 2, 2), table = model.Weight("E", 2, 50);
        var norms = new GradientNorms<int>(model, (g, uses) =>
        {
            var terms = new List<Expr>();
            for (int i = 0; i < uses; i++)
            {
                terms.Add(Sum(w * g.Input([size, 0])));                          // dW = 1·[size, 0]: √2 size
                terms.Add(Sum(Lookup(g.Use(table), 3)) * g.Input(size));         // dE = [size, size] in one column: √2 size
            }

            return Total([.. terms]);
        });

        double[] found = norms.Of([1, 2, 3, 9], TestContext.Current.CancellationToken);

        for (int i = 0; i < 4; i++)
            Assert.Equal(2 * size * new[] { 1, 2, 3, 9 }[i], found[i], 1e-5 * size);
    }

    [Fact]
    public void A_norm_that_overflows_is_an_error()
    {
        using var model = new Model(precision: Precision.Double);
        Parameter b = model.Bias("b", 4);
        var trainer = new Trainer<double>(model, (g, x) => Sum(Multiply(b, g.Input([x, x, x, x]))), new Sgd(1) { ClipNorm = 1 });

        Assert.Contains("norm of the gradient", Assert.Throws<NonFiniteException>(() => trainer.Step([1.7e308])).Message, StringComparison.Ordinal);
        Assert.Equal([0, 0, 0, 0], model.ValuesOf(b));
    }

    [Fact]
    public void The_largest_magnitude_of_any_length_is_found_wherever_it_is()
    {
        for (int length = 1; length < 70; length++)
        {
            for (int place = 0; place < length; place++)
            {
                foreach (double value in new[] { -3.5, double.NegativeInfinity, double.NaN, -double.NaN })
                {
                    var x = new double[length];
                    Array.Fill(x, -1.25);
                    x[place] = value;
                    Assert.Equal(Math.Abs(value), Magnitude.Largest<double>(x));
                    Assert.Equal(Math.Abs(value), Magnitude.Largest<float>([.. x.Select(element => (float)element)]));
                }
            }
        }
    }

    [Fact]
    public void A_norm_of_norms_neither_overflows_nor_underflows()
    {
        var norm = new EuclideanNorm();
        Assert.Equal(0, norm.Value);
        foreach (double part in new[] { 0, 3e-300, 4e-300 })
            norm.Add(part);

        Assert.Equal(5e-300, norm.Value, 1e-312);
        norm.Add(3e300);
        norm.Add(4e300);
        Assert.Equal(5e300, norm.Value, 1e288);
        norm.Add(double.PositiveInfinity);
        norm.Add(1);
        Assert.Equal(double.PositiveInfinity, norm.Value);
        norm.Add(double.NaN);
        norm.Add(double.PositiveInfinity);
        Assert.Equal(double.NaN, norm.Value);
    }
}
