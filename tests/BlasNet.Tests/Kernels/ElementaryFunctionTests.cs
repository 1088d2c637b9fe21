using BlasNet.Kernels;
using BlasNet.Operators;

namespace BlasNet.Tests.Kernels;

/// <summary>Exponential, logarithm, tanh, logistic and error function against the C library's, or a definition, in float64, on every vector width.</summary>
public sealed unsafe class ElementaryFunctionTests
{
    private static readonly Dictionary<string, (Func<double, double> Exact, double Ulps)> Functions = new()
    {
        ["exp"] = (Math.Exp, 2),
        ["log"] = (Math.Log, 2),
        ["tanh"] = (Math.Tanh, 5),
        ["erf"] = (Erf, 4),
        ["sigmoid"] = (x => x < 0 ? Math.Exp(x) / (1 + Math.Exp(x)) : 1 / (1 + Math.Exp(-x)), 4),
    };

    private static readonly double[] Special =
    [
        0, -0.0, 1, -1, double.PositiveInfinity, double.NegativeInfinity, double.NaN, double.Epsilon, -double.Epsilon, 1e-310, -1e-310, float.Epsilon, -float.Epsilon,
        1e-40, 1e-38, double.MaxValue, double.MinValue, float.MaxValue, float.MinValue, 88.7, 88.73, 89, 90, -87, -88, -100, -103.9, -104, -200, 709.7, 709.8, 711,
        -708, -740, -745.1, -746, -1000, 9, 10, 11, 19, 20, 21, -9, -20,
    ];

    public static TheoryData<string, int> Cases() =>
        [.. from name in Functions.Keys from bits in new[] { 128, 256, 512 } where IsSupported(bits) select new TheoryDataRow<string, int>(name, bits)];

    [Theory, MemberData(nameof(Cases))]
    public void It_is_right_to_a_few_units_of_the_last_place(string name, int bits)
    {
        var random = new Random(5);
        double[] x =
        [
            .. Enumerable.Range(0, 20_000).Select(_ => random.NextDouble() * 8 - 4),
            .. Enumerable.Range(0, 20_000).Select(_ => random.NextDouble() * 220 - 110),
            .. Enumerable.Range(0, 20_000).Select(_ => random.NextDouble() * 1600 - 800),
            .. Enumerable.Range(0, 20_000).Select(_ => (random.NextDouble() - 0.5) * Math.Pow(10, -320 * random.NextDouble())),
        ];

        foreach (double[] values in new[] { x, Special })
        {
            Check(name, bits, [.. values.Select(value => (float)value)], y => y, y => float.IsFinite((float)y) ? Math.Max(float.BitIncrement(Math.Abs((float)y)) - Math.Abs((float)y), float.Epsilon) : 0);
            Check(name, bits, values, y => y, y => double.IsFinite(y) ? Math.Max(double.BitIncrement(Math.Abs(y)) - Math.Abs(y), double.Epsilon) : 0);
        }
    }

    private static void Check<T>(string name, int bits, T[] x, Func<double, double> round, Func<double, double> ulp) where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T>
    {
        var (exact, ulps) = Functions[name];
        T[] y = Apply(name, bits, x);
        for (int i = 0; i < x.Length; i++)
        {
            double expected = double.CreateChecked(T.CreateChecked(exact(double.CreateChecked(x[i])))), actual = double.CreateChecked(y[i]);
            bool right = double.IsFinite(expected)
                ? Math.Abs(actual - exact(double.CreateChecked(x[i]))) <= ulps * ulp(expected) && double.IsNegative(actual) == double.IsNegative(expected)
                : actual.Equals(expected);
            Assert.True(right, $"{name}({x[i]:R}) is {y[i]:R} instead of {expected:R}, {typeof(T).Name}");
        }
    }

    private static bool IsSupported(int bits) => bits == 512 ? Simd512<float>.IsSupported : bits == 128 || Simd256<float>.IsSupported;

    private static T[] Apply<T>(string name, int bits, T[] x) where T : unmanaged => bits switch
    {
        512 => Apply<Simd512<T>, T>(name, x),
        256 => Apply<Simd256<T>, T>(name, x),
        _ => Apply<Simd128<T>, T>(name, x),
    };

    private static T[] Apply<V, T>(string name, T[] x) where V : struct, ISimd<V, T> where T : unmanaged
    {
        T[] y = new T[x.Length];
        fixed (T* from = x, to = y)
        {
            switch (name)
            {
                case "exp":
                    Elementwise.MapRows<V, T, ExpFunction>(from, 0, to, 0, x.Length, 1);
                    break;
                case "log":
                    Elementwise.MapRows<V, T, LogFunction>(from, 0, to, 0, x.Length, 1);
                    break;
                case "tanh":
                    Elementwise.MapRows<V, T, TanhFunction>(from, 0, to, 0, x.Length, 1);
                    break;
                case "erf":
                    Elementwise.MapRows<V, T, ErfFunction>(from, 0, to, 0, x.Length, 1);
                    break;
                default:
                    Elementwise.MapRows<V, T, SigmoidFunction>(from, 0, to, 0, x.Length, 1);
                    break;
            }
        }

        return y;
    }

    // Maclaurin's series, its small terms first, for small x; for large x Laplace's continued fraction of erfc, from its end.
    // Source: Abramowitz, Stegun, Handbook of Mathematical Functions, 7.1.5 and 7.1.14.
    private static double Erf(double x)
    {
        double size = Math.Abs(x), decay = Math.Exp(-size * size);
        if (!(size >= 1))
        {
            double power = 1;
            double[] terms = [.. Enumerable.Range(1, 25).Select(n => (power *= -x * x / n) / (2 * n + 1))];
            return 2 / Math.Sqrt(Math.PI) * (x + x * terms.Reverse().Sum());
        }

        double fraction = size;
        for (int n = 200; n > 0; n--)
            fraction = size + 0.5 * n / fraction;

        return Math.CopySign(1 - decay / (Math.Sqrt(Math.PI) * fraction), x);
    }
}
