using System.Numerics;
using BlasNet.Kernels;
using BlasNet.Operators;

namespace BlasNet.Tests.Kernels;

/// <summary>NaN, infinities, zeros of either sign and subnormal numbers in every lane of every width.</summary>
public sealed unsafe class SpecialValueTests
{
    private static readonly double[] Values =
        [double.NaN, double.PositiveInfinity, double.NegativeInfinity, 0, -0.0, double.Epsilon, -double.Epsilon, float.Epsilon, 1e-310, 1e-40, 2, -2, 1e38];

    public static TheoryData<int> Bits => [.. Widths.Supported];

    [Theory, MemberData(nameof(Bits))]
    public void Functions_of_one_element_are_those_of_the_definition(int bits)
    {
        Check<float, ReluFunction>(bits, x => x > 0 ? x : x < 0 ? 0 : x);
        Check<double, ReluFunction>(bits, x => x > 0 ? x : x < 0 ? 0 : x);
        Check<float, SquareFunction>(bits, x => x * x);
        Check<double, SquareFunction>(bits, x => x * x);
        Check<float, SqrtFunction>(bits, Math.Sqrt);
        Check<double, SqrtFunction>(bits, Math.Sqrt);
        Check<float, AbsFunction>(bits, Math.Abs);
        Check<double, AbsFunction>(bits, Math.Abs);
        Check<float, SignFunction>(bits, x => x > 0 ? 1 : x < 0 ? -1 : x);
        Check<double, SignFunction>(bits, x => x > 0 ? 1 : x < 0 ? -1 : x);
    }

    [Theory, MemberData(nameof(Bits))]
    public void Functions_of_two_elements_are_those_of_the_definition(int bits)
    {
        CheckPairs<MaxFunction>(bits, Math.Max);
        CheckPairs<MinFunction>(bits, Math.Min);
        CheckPairs<GreaterFunction>(bits, (a, b) => a > b ? 1 : 0);
        CheckPairs<GreaterOrEqualFunction>(bits, (a, b) => a >= b ? 1 : 0);
        CheckPairs<EqualFunction>(bits, (a, b) => a == b ? 1 : 0);
        CheckPairs<LeakyReluFunction>(bits, (x, slope) => x > 0 ? x : slope * x);
        CheckPairs<LeakyReluSlopeFunction>(bits, (x, slope) => x > 0 ? 1 : x <= 0 ? slope : x);
    }

    [Theory, MemberData(nameof(Bits))]
    public void A_selection_takes_one_of_two_for_any_condition_but_zero(int bits)
    {
        foreach (double condition in Values)
        {
            Assert.Equal(condition == 0 ? double.NaN : -0.0, Select<double>(bits, condition, -0.0, double.NaN));
            Assert.Equal(condition == 0 ? -0.0 : double.NegativeInfinity, Select<double>(bits, condition, double.NegativeInfinity, -0.0));
        }
    }

    [Theory, MemberData(nameof(Bits))]
    public void Activations_and_their_gradients_have_their_limits_at_infinity(int bits)
    {
        CheckLimits<GeluFunction, GeluGradientFunction>(bits);
        CheckLimits<GeluTanhFunction, GeluTanhGradientFunction>(bits);
        CheckLimits<SiluFunction, SiluGradientFunction>(bits);
    }

    [Theory, MemberData(nameof(Bits))]
    public void An_infinite_logit_costs_nothing_where_it_is_right(int bits)
    {
        const double Infinity = double.PositiveInfinity;
        foreach (var (logit, target, expected) in new[] { (Infinity, 1, 0), (-Infinity, 0, 0), (Infinity, 0, Infinity), (-Infinity, 1, Infinity),
            (Infinity, 0.5, Infinity) })
        {
            Assert.Equal(expected, Zip<double, BinaryCrossEntropyFunction>(bits, logit, target));
            Assert.Equal(expected, Zip<float, BinaryCrossEntropyFunction>(bits, logit, target));
        }

        Assert.Equal(double.NaN, Zip<double, BinaryCrossEntropyFunction>(bits, double.NaN, 0));
        Assert.Equal(double.NaN, Zip<double, BinaryCrossEntropyFunction>(bits, 0, double.NaN));
    }

    [Theory, MemberData(nameof(Bits))]
    public void The_gradient_of_relu_keeps_what_is_not_a_number(int bits)
    {
        foreach (double y in Values)
        {
            foreach (double dy in Values)
            {
                double expected = double.IsNaN(y) ? double.NaN : y > 0 ? dy : 0;
                Assert.Equal(expected, Zip<double, ReluGradientFunction>(bits, y, dy));
                Assert.Equal((float)((float)y > 0 || double.IsNaN(y) ? expected : 0), (float)Zip<float, ReluGradientFunction>(bits, y, dy));
            }
        }
    }

    [Theory, MemberData(nameof(Bits))]
    public void A_single_nan_anywhere_in_a_vector_is_not_lost(int bits)
    {
        CheckNaN(Widths.Columns<float>(bits));
        CheckNaN(Widths.Columns<double>(bits));
    }

    [Theory, MemberData(nameof(Bits))]
    public void Infinite_logits_give_what_their_limit_gives(int bits)
    {
        Columns<double> kernels = Widths.Columns<double>(bits);
        double* x = stackalloc double[] { double.NegativeInfinity, 0, double.NegativeInfinity }, y = stackalloc double[3];
        kernels.Softmax(x, 3, y, 3, 3, 1);
        Assert.Equal([0, 1, 0], new Span<double>(y, 3).ToArray());
        kernels.LogSoftmax(x, 3, y, 3, 3, 1);
        Assert.Equal([double.NegativeInfinity, 0, double.NegativeInfinity], new Span<double>(y, 3).ToArray());
        double label = 1, loss;
        kernels.CrossEntropy(x, 3, &label, 1, &loss, 3, 1);
        Assert.Equal(0, loss);
        label = 0;
        kernels.CrossEntropy(x, 3, &label, 1, &loss, 3, 1);
        Assert.Equal(double.PositiveInfinity, loss);
    }

    private static void CheckNaN<T>(Columns<T> kernels) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        const int Longest = 67;
        T* x = stackalloc T[Longest], other = stackalloc T[Longest], y = stackalloc T[Longest];
        T label = T.Zero, scalar, one = T.One;
        foreach (int length in new[] { 1, 2, 3, 15, 16, 17, 33, Longest })
        {
            for (int at = 0; at < length; at++)
            {
                new Span<T>(x, length).Fill(T.One);
                new Span<T>(other, length).Fill(T.One);
                x[at] = T.NaN;
                kernels.Dot(x, length, other, length, &scalar, length, 1);
                Assert.True(T.IsNaN(scalar));
                kernels.SquaredDistance(x, length, other, length, &scalar, length, 1);
                Assert.True(T.IsNaN(scalar));
                kernels.Softmax(x, length, y, length, length, 1);
                Assert.All(new Span<T>(y, length).ToArray(), value => Assert.True(T.IsNaN(value)));
                kernels.SoftmaxGradient(other, x, y, length, 1);
                Assert.All(new Span<T>(y, length).ToArray(), value => Assert.True(T.IsNaN(value)));
                kernels.LogSoftmax(x, length, y, length, length, 1);
                Assert.All(new Span<T>(y, length).ToArray(), value => Assert.True(T.IsNaN(value)));
                kernels.CrossEntropy(x, length, &label, 1, &scalar, length, 1);
                Assert.True(T.IsNaN(scalar));
                kernels.CrossEntropyGradient(x, length, &label, 1, &one, 1, &scalar, 1, y, length, length, 1);
                Assert.All(new Span<T>(y, length).ToArray(), value => Assert.True(T.IsNaN(value)));
                Rows.SumOver(x, 1, &scalar, 1, length, accumulate: false);
                Assert.True(T.IsNaN(scalar));
            }
        }
    }

    private static void Check<T, F>(int bits, Func<double, double> definition)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> where F : struct, IMap
    {
        // Each value in every lane, so that no tail or head is left out.
        const int Length = 37;
        T* x = stackalloc T[Length], y = stackalloc T[Length];
        foreach (double value in Values)
        {
            for (int at = 0; at < Length; at++)
            {
                new Span<T>(x, Length).Fill(T.One);
                x[at] = T.CreateChecked(value);
                T expected = T.CreateChecked(definition(double.CreateChecked(x[at])));
                Widths.Map<T, F>(bits, x, y, Length, 1);
                bool right = expected.Equals(y[at]) && (T.IsNaN(expected) || T.IsNegative(expected) == T.IsNegative(y[at]));
                if (!right)
                    Assert.Fail($"f({x[at]:R}) is {y[at]:R}, must be {expected:R}");

                Assert.Equal(T.One, y[(at + 1) % Length]);
            }
        }
    }

    // f(x) = x·g(x), where g goes from 0 to 1.
    private static void CheckLimits<F, G>(int bits) where F : struct, IMap where G : struct, IZip
    {
        foreach (double x in (double[])[double.NegativeInfinity, -1e30, -1e4, 1e4, 1e30, double.PositiveInfinity, double.NaN])
        {
            double expected = x < 0 ? -0.0 : x;
            Assert.Equal(expected, Map<double, F>(bits, x));
            Assert.Equal((float)expected, (float)Map<float, F>(bits, x));
            Assert.Equal(x < 0 ? 0 : x > 0 ? 3 : x, Zip<double, G>(bits, x, 3));
            Assert.Equal(x < 0 ? 0 : x > 0 ? 3 : x, Zip<float, G>(bits, x, 3));
        }
    }

    private static void CheckPairs<F>(int bits, Func<double, double, double> definition) where F : struct, IZip
    {
        foreach (double a in Values)
        {
            foreach (double b in Values)
            {
                AssertSame(definition(a, b), Zip<double, F>(bits, a, b), a, b);
                AssertSame((float)definition((float)a, (float)b), (float)Zip<float, F>(bits, a, b), a, b);
            }
        }
    }

    private static void AssertSame(double expected, double actual, double a, double b) =>
        Assert.True(
            expected.Equals(actual) && (double.IsNaN(expected) || double.IsNegative(expected) == double.IsNegative(actual)),
            $"f({a:R}, {b:R}) is {actual:R}, must be {expected:R}");

    private static double Map<T, F>(int bits, double x) where T : unmanaged, IBinaryFloatingPointIeee754<T> where F : struct, IMap
    {
        T value = T.CreateChecked(x), y;
        Widths.Map<T, F>(bits, &value, &y, 1, 1);
        return double.CreateChecked(y);
    }

    private static double Select<T>(int bits, double condition, double a, double b) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T c = T.CreateChecked(condition), yes = T.CreateChecked(a), no = T.CreateChecked(b), y;
        Widths.Select(bits, &c, &yes, &no, &y, 1);
        return double.CreateChecked(y);
    }

    private static double Zip<T, F>(int bits, double a, double b) where T : unmanaged, IBinaryFloatingPointIeee754<T> where F : struct, IZip
    {
        T left = T.CreateChecked(a), right = T.CreateChecked(b), y;
        Widths.Zip<T, F>(bits, &left, &right, &y, 1, 1);
        return double.CreateChecked(y);
    }
}
