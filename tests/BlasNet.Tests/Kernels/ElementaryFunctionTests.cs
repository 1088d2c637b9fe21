using System.Numerics;
using BlasNet.Kernels;
using BlasNet.Operators;

namespace BlasNet.Tests.Kernels;

/// <summary>Functions of one element against the C library's, or a definition, in float64, on every vector width.</summary>
public sealed unsafe class ElementaryFunctionTests
{
    private static readonly Dictionary<string, Function> Functions = new()
    {
        ["exp"] = Function.Of<ExpFunction>(Math.Exp, 2),
        ["log"] = Function.Of<LogFunction>(Math.Log, 2),
        ["tanh"] = Function.Of<TanhFunction>(Math.Tanh, 5),
        ["erf"] = Function.Of<ErfFunction>(Erf, 4),
        ["sigmoid"] = Function.Of<SigmoidFunction>(Sigmoid, 4),
        ["softplus"] = Function.Of<SoftplusFunction>(x => Math.Max(x, 0) + LogOnePlus(Math.Exp(-Math.Abs(x))), 4),
        ["gelu"] = Function.Of<GeluFunction>(x => Math.Max(x, -39) * Normal(x), 8) with { Smallest = 60 },
        ["silu"] = Function.Of<SiluFunction>(x => Math.Max(x, -800) * Sigmoid(x), 5) with { Smallest = 2000 },
        ["elu"] = Function.Of<EluFunction>(1.5, x => x < 0 ? 1.5 * ExpMinusOne(x) : x, 4),
    };

    private static readonly double[] Special =
    [
        0, -0.0, 1, -1, double.PositiveInfinity, double.NegativeInfinity, double.NaN, double.Epsilon, -double.Epsilon, 1e-310, -1e-310, float.Epsilon, -float.Epsilon,
        1e-40, 1e-38, double.MaxValue, double.MinValue, float.MaxValue, float.MinValue, 88.7, 88.73, 89, 90, -87, -88, -100, -103.9, -104, -200, 709.7, 709.8, 711,
        -708, -740, -745.1, -746, -1000, 9, 10, 11, 19, 20, 21, -9, -20,
    ];

    public static TheoryData<string, int> Cases() =>
        [.. from name in Functions.Keys from bits in Widths.Supported select new TheoryDataRow<string, int>(name, bits)];

    public static TheoryData<double, int> Powers() =>
        [.. from p in new[] { 0.5, -0.5, 1.5, 3, -1, -2, 4, 1 / 3.0, 10.25, 101, -200.5, 1e-3, 2.5e5, 1e30,
            -1e300 } from bits in Widths.Supported select new TheoryDataRow<double, int>(p, bits)];

    [Theory, MemberData(nameof(Cases))]
    public void It_is_right_to_a_few_units_of_the_last_place(string name, int bits) => Check(name, Functions[name], bits, Numbers(count: 20_000));

    [Theory, MemberData(nameof(Powers))]
    public void A_power_is_that_of_the_c_library(double exponent, int bits)
    {
        float single = (float)exponent;
        double[] x = [.. Numbers(count: 4000), .. Enumerable.Range(0, 2000).Select(i => Math.Exp(0.7 * (i - 1000) / exponent))];
        Function function = Math.IEEERemainder(exponent, 2) switch
        {
            0 => Function.Of<EvenPower>(exponent, x => Math.Pow(x, exponent), 4),
            1 or -1 => Function.Of<OddPower>(exponent, x => Math.Pow(x, exponent), 4),
            _ => Function.Of<RealPower>(exponent, x => Math.Pow(x, exponent), 4),
        };
        Check($"pow {exponent}", function, bits, x, x => Math.Pow(x, single));
    }

    private static double[] Numbers(int count)
    {
        var random = new Random(5);
        return
        [
            .. Enumerable.Range(0, count).Select(_ => random.NextDouble() * 8 - 4),
            .. Enumerable.Range(0, count).Select(_ => random.NextDouble() * 220 - 110),
            .. Enumerable.Range(0, count).Select(_ => random.NextDouble() * 1600 - 800),
            .. Enumerable.Range(0, count).Select(_ => (random.NextDouble() - 0.5) * Math.Pow(10, -320 * random.NextDouble())),
            .. Special,
        ];
    }

    private static void Check(string name, Function function, int bits, double[] x, Func<double, double>? exactOfSingle = null)
    {
        float[] singles = [.. x.Select(value => (float)value)];
        Check(name, function with { Exact = exactOfSingle ?? function.Exact }, singles, function.Single(bits, singles), y => float.BitIncrement(y) - y);
        Check(name, function, x, function.Double(bits, x), y => double.BitIncrement(y) - y);
    }

    private static void Check<T>(string name, Function function, T[] x, T[] y, Func<T, T> ulp) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int i = 0; i < x.Length; i++)
        {
            double exact = function.Exact(double.CreateChecked(x[i]));
            T expected = T.CreateChecked(exact);
            double error = Math.Abs(double.CreateChecked(y[i]) - exact), unit = double.CreateChecked(T.Max(ulp(T.Abs(expected)), T.Epsilon));
            bool right = !T.IsFinite(expected) ? y[i].Equals(expected)
                : error <= Math.Max(function.Ulps * unit, function.Smallest * double.CreateChecked(T.Epsilon)) && T.IsNegative(y[i]) == T.IsNegative(expected);
            if (!right)
                Assert.Fail($"{name}({x[i]:R}) is {y[i]:R} instead of {expected:R}, {error / unit:F1} ulp, {typeof(T).Name}");
        }
    }

    // Maclaurin's series, its small terms first, for small x; for large x Laplace's continued fraction.
    // Source: Abramowitz, Stegun, Handbook of Mathematical Functions, 7.1.5 and 7.1.14.
    private static double Erf(double x)
    {
        double size = Math.Abs(x);
        if (size >= 1)
            return Math.CopySign(1 - Math.Exp(-size * size) * Tail(size), x);

        double power = 1;
        double[] terms = [.. Enumerable.Range(1, 25).Select(n => (power *= -x * x / n) / (2 * n + 1))];
        return 2 / Math.Sqrt(Math.PI) * (x + x * terms.Reverse().Sum());
    }

    // e^x²·(1 − erf(x)) for x ≥ ½, from the fraction's end.
    private static double Tail(double x)
    {
        double fraction = x;
        for (int n = Math.Max(10, (int)(1000 / x)); n > 0; n--)
            fraction = x + 0.5 * n / fraction;

        return 1 / (Math.Sqrt(Math.PI) * fraction);
    }

    // Of x² no bit is lost: half of them are squared exactly.
    private static double Normal(double x)
    {
        if (!(x < -0.75))
            return 0.5 + 0.5 * Erf(x / Math.Sqrt(2));

        double high = (float)x;
        return double.IsInfinity(high) ? 0 : 0.5 * Math.Exp(-high * high / 2) * Math.Exp(-(x - high) * (x + high) / 2) * Tail(-x / Math.Sqrt(2));
    }

    private static double Sigmoid(double x) => x < 0 ? Math.Exp(x) / (1 + Math.Exp(x)) : 1 / (1 + Math.Exp(-x));

    // Kahan's: what rounding does to 1 + x it does to both logarithm and difference.
    private static double LogOnePlus(double x) => 1 + x is var y && y == 1 ? x : Math.Log(y) * x / (y - 1);

    private static double ExpMinusOne(double x)
    {
        double y = Math.Exp(x);
        return y == 1 ? x : y < 1e-300 ? -1 : (y - 1) * x / Math.Log(y);
    }

    /// <summary>A function, and its kernels.</summary>
    private sealed record Function(Func<double, double> Exact, double Ulps, Func<int, float[], float[]> Single, Func<int, double[], double[]> Double)
    {
        /// <summary>The error that is allowed of a result that is nearly 0, in multiples of the smallest number.</summary>
        public double Smallest { get; init; }

        public static Function Of<F>(Func<double, double> exact, double ulps) where F : struct, IMap => new(exact, ulps, Map<float, F>, Map<double, F>);

        public static Function Of<F>(double number, Func<double, double> exact, double ulps) where F : struct, IZip =>
            new(exact, ulps, (bits, x) => Zip<float, F>(bits, x, (float)number), (bits, x) => Zip<double, F>(bits, x, number));

        private static T[] Map<T, F>(int bits, T[] x) where T : unmanaged where F : struct, IMap
        {
            var y = new T[x.Length];
            fixed (T* from = x, to = y)
                Widths.Map<T, F>(bits, from, to, x.Length, 1);

            return y;
        }

        private static T[] Zip<T, F>(int bits, T[] x, T number) where T : unmanaged where F : struct, IZip
        {
            T[] y = new T[x.Length], numbers = new T[x.Length];
            Array.Fill(numbers, number);
            fixed (T* from = x, with = numbers, to = y)
                Widths.Zip<T, F>(bits, from, with, to, x.Length, 1);

            return y;
        }
    }
}
