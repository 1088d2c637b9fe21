namespace BlasNet.Tests.Oracle;

/// <summary>The oracle's derivatives against those of textbooks, and forward mode against reverse mode.</summary>
public sealed class TapeTests
{
    private const double X = 0.7;

    public static TheoryData<string, double, double, double> Functions => new()
    {
        // f, f′, f″ and f‴ at 0.7.
        { "exp", Math.Exp(X), Math.Exp(X), Math.Exp(X) },
        { "log", 1 / X, -1 / (X * X), 2 / (X * X * X) },
        { "sqrt", 0.5 / Math.Sqrt(X), -0.25 * Math.Pow(X, -1.5), 0.375 * Math.Pow(X, -2.5) },
        { "tanh", 1 - T * T, -2 * T * (1 - T * T), (1 - T * T) * (6 * T * T - 2) },
        { "inverse", -1 / (X * X), 2 / (X * X * X), -6 / (X * X * X * X) },
        { "cube", 3 * X * X, 6 * X, 6 },
        { "quotient", -2 / (X * X), 4 / (X * X * X), -12 / (X * X * X * X) },
    };

    private static double T => Math.Tanh(X);

    [Theory, MemberData(nameof(Functions))]
    public void Derivatives_up_to_the_third_are_those_of_the_textbook(string name, double first, double second, double third)
    {
        var tape = new Tape();
        Number x = tape.Number(X), y = Apply(name, x);
        Number byX = Gradient(y, x), twice = Gradient(byX, x), thrice = Gradient(twice, x);
        Assert.Equal(first, byX.Value, 1e-12);
        Assert.Equal(first, tape.Backward(y)[x.Index], 1e-12);
        Assert.Equal(second, twice.Value, 1e-12);
        Assert.Equal(third, thrice.Value, 1e-11);
        Assert.Equal(second, tape.Tangents([x], [tape.Number(1)], [byX])[0].Value, 1e-12);
    }

    [Fact]
    public void What_comes_before_the_floor_counts_as_given()
    {
        var tape = new Tape();
        Number x = tape.Number(X), argument = x.Copy();
        tape.Floor = tape.Count;
        Number y = argument * argument + x;
        Assert.Equal(1, Gradient(y, x).Value);
        tape.Floor = 0;
        Assert.Equal(1 + 2 * X, Gradient(y, x).Value);
    }

    private static Number Gradient(Number of, Number by) => of.Tape.Gradient([of], [of.Tape.Number(1)], [by])[0];

    private static Number Apply(string name, Number x) => name switch
    {
        "exp" => x.Exp(),
        "log" => x.Log(),
        "sqrt" => x.Sqrt(),
        "tanh" => x.Tanh(),
        "inverse" => x.Inverse(),
        "cube" => x * x * x - x + x,
        _ => x.Tape.Number(2) / x,
    };
}
