using System.Numerics;
using BlasNet.Kernels;

namespace BlasNet.Tests.Kernels;

/// <summary>Functions of column vectors, at lengths around every vector width, against plain loops.</summary>
public sealed unsafe class ColumnsTests
{
    public static TheoryData<int, int> Cases() =>
        [.. from bits in Widths.Supported from length in new[] { 1, 2, 3, 5, 8, 15, 16, 17, 33, 100, 1025 } select new TheoryDataRow<int, int>(bits, length)];

    [Theory, InlineData(1e30f), InlineData(-1e30f), InlineData(0f)]
    public void Softmax_and_its_logarithm_do_not_depend_on_a_common_offset(float offset)
    {
        float* x = stackalloc float[] { offset, offset, offset }, y = stackalloc float[3];
        Columns<float>.Widest.Softmax(x, 3, y, 3, 3, 1);
        Assert.All(new Span<float>(y, 3).ToArray(), value => Assert.Equal(1f / 3, value, 1e-7));
        Columns<float>.Widest.LogSoftmax(x, 3, y, 3, 3, 1);
        Assert.All(new Span<float>(y, 3).ToArray(), value => Assert.Equal(-Math.Log(3), value, 1e-6));
        float label = 1, loss = 0, gradient = 1;
        Columns<float>.Widest.CrossEntropy(x, 3, &label, 1, &loss, 3, 1);
        Assert.Equal(Math.Log(3), loss, 1e-6);
        Columns<float>.Widest.CrossEntropyGradient(x, 3, &label, 1, &gradient, 1, &loss, 1, y, 3, 3, 1);
        Assert.Equal([1f / 3, -2f / 3, 1f / 3], new Span<float>(y, 3).ToArray(), (a, b) => Math.Abs(a - b) < 2e-7f);
    }

    [Fact]
    public void The_logarithm_of_an_impossible_class_is_exact()
    {
        double* x = stackalloc double[] { 0, -2000 }, y = stackalloc double[2];
        Columns<double>.Widest.LogSoftmax(x, 2, y, 2, 2, 1);
        Assert.Equal([0, -2000], new Span<double>(y, 2).ToArray());
    }

    [Fact]
    public void The_probabilities_beside_an_unlikely_class_do_not_suffer_from_its_large_loss()
    {
        float* x = stackalloc float[] { 0, 0, -1000.3f }, y = stackalloc float[3];
        float label = 2, loss = 1000.3f + MathF.Log(2), gradient = 1;
        Columns<float>.Widest.CrossEntropyGradient(x, 3, &label, 1, &gradient, 1, &loss, 1, y, 3, 3, 1);
        Assert.Equal([0.5f, 0.5f, -1f], new Span<float>(y, 3).ToArray());
    }

    [Theory, MemberData(nameof(Cases))]
    public void The_largest_of_columns_is_the_first_of_equal_ones_or_NaN(int bits, int length)
    {
        CheckLargest(Widths.Columns<double>(bits), length);
        CheckLargest(Widths.Columns<float>(bits), length);
    }

    [Theory, MemberData(nameof(Cases))]
    public void A_normalized_column_and_its_derivative_are_those_of_the_definition(int bits, int length)
    {
        CheckNormalization(Widths.Columns<double>(bits), length, 1e-11);
        CheckNormalization(Widths.Columns<float>(bits), length, 3e-5);
    }

    [Fact]
    public void The_variance_of_large_numbers_that_are_nearly_equal_does_not_cancel()
    {
        float* x = stackalloc float[] { 10000, 10001, 10002 }, y = stackalloc float[3];
        Columns<float>.Widest.Normalize(x, y, 3, 1, 1e-5f);
        Assert.Equal([-1.22474f, 0, 1.22474f], new Span<float>(y, 3).ToArray(), (a, b) => Math.Abs(a - b) < 1e-4f);
    }

    [Theory, MemberData(nameof(Cases))]
    public void They_equal_plain_loops_with_gaps_between_vectors_and_in_place(int bits, int length)
    {
        Check(Widths.Columns<double>(bits), length, 1e-13);
        Check(Widths.Columns<float>(bits), length, 2e-6);
    }

    private static void Check<T>(Columns<T> kernels, int length, double tolerance) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        const int Count = 3;
        int stride = length + 2, size = Count * stride;
        T* a = stackalloc T[size], b = stackalloc T[size], y = stackalloc T[size];
        var random = new Random(length);
        for (int i = 0; i < size; i++)
            (a[i], b[i], y[i]) = (T.CreateChecked(random.NextDouble() * 4 - 2), T.CreateChecked(random.NextDouble() * 4 - 2), T.CreateChecked(77));

        double[] Of(T* data, int v) => [.. Enumerable.Range(0, length).Select(i => double.CreateChecked(data[v * stride + i]))];
        void Equal(double expected, T actual) => Assert.Equal(expected, double.CreateChecked(actual), tolerance * Math.Max(1, Math.Abs(expected)));

        // Rounding is as large as the terms are, however much of them cancels.
        void EqualSum(IEnumerable<double> terms, T actual) => Assert.Equal(terms.Sum(), double.CreateChecked(actual), tolerance * Math.Max(1, terms.Sum(Math.Abs)));

        kernels.Dot(a, stride, b, stride, y, length, Count);
        for (int v = 0; v < Count; v++)
            EqualSum(Of(a, v).Zip(Of(b, v), (p, q) => p * q), y[v]);

        kernels.Dot(a, 0, b, stride, y, length, Count);
        for (int v = 0; v < Count; v++)
            EqualSum(Of(a, 0).Zip(Of(b, v), (p, q) => p * q), y[v]);

        kernels.SquaredDistance(a, stride, b, stride, y, length, Count);
        for (int v = 0; v < Count; v++)
            Equal(Of(a, v).Zip(Of(b, v), (p, q) => (p - q) * (p - q)).Sum(), y[v]);

        double[][] x = [.. Enumerable.Range(0, Count).Select(v => Of(a, v))];
        double[] sums = [.. x.Select(column => column.Sum(Math.Exp))];
        T[] before = new Span<T>(a, size).ToArray();

        void CheckVectors(T* data, Func<int, int, double> expected)
        {
            for (int i = 0; i < size; i++)
            {
                if (i % stride < length)
                    Equal(expected(i / stride, i % stride), data[i]);
                else
                    Assert.Equal(before[i], a[i]);
            }
        }

        kernels.LogSoftmax(a, stride, y, stride, length, Count);
        CheckVectors(y, (v, i) => x[v][i] - Math.Log(sums[v]));

        if (stride == length)
        {
            kernels.SoftmaxGradient(a, b, y, length, Count);
            CheckVectors(y, (v, i) => x[v][i] * (Of(b, v)[i] - x[v].Zip(Of(b, v), (p, q) => p * q).Sum()));
        }

        T* labels = stackalloc T[Count], losses = stackalloc T[Count];
        for (int v = 0; v < Count; v++)
            labels[v] = T.CreateChecked(v * (length - 1) / 2);

        kernels.CrossEntropy(a, stride, labels, 1, losses, length, Count);
        for (int v = 0; v < Count; v++)
            Equal(Math.Log(sums[v]) - x[v][v * (length - 1) / 2], losses[v]);

        T half = T.CreateChecked(0.5);
        kernels.CrossEntropyGradient(a, stride, labels, 1, &half, 0, losses, 1, b, stride, length, Count);
        CheckVectors(b, (v, i) => 0.5 * (Math.Exp(x[v][i]) / sums[v] - (i == v * (length - 1) / 2 ? 1 : 0)));

        kernels.Softmax(a, stride, a, stride, length, Count);
        CheckVectors(a, (v, i) => Math.Exp(x[v][i]) / sums[v]);
    }

    private static void CheckLargest<T>(Columns<T> kernels, int rows) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        const int Columns = 7;
        var random = new Random(rows);
        var x = new T[rows * Columns];
        for (int i = 0; i < x.Length; i++)
            x[i] = random.Next(12) == 0 ? T.NaN : T.CreateChecked(random.Next(-2, 3));

        var column = new T[rows];
        fixed (T* from = x, to = column)
            kernels.LargestColumn(from, rows, Columns, to);

        for (int i = 0; i < rows; i++)
        {
            T[] row = [.. Enumerable.Range(0, Columns).Select(j => x[(j * rows) + i])];
            int expected = row.Any(T.IsNaN) ? Array.FindIndex(row, T.IsNaN) : Array.IndexOf(row, row.Max());
            Assert.Equal(T.CreateChecked(expected), column[i]);
        }
    }

    // y = (x − μ)/s with s = √(σ² + ε); dx is the derivative of Σ y·dy by x, here by differences of the definition.
    private static void CheckNormalization<T>(Columns<T> kernels, int length, double tolerance) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        const int Count = 2;
        const double Epsilon = 0.25, Step = 1e-4;
        var random = new Random(length);
        T[] x = [.. Enumerable.Range(0, Count * length).Select(_ => T.CreateChecked(random.NextDouble() * 4 - 1))];
        T[] dy = [.. Enumerable.Range(0, Count * length).Select(_ => T.CreateChecked(random.NextDouble() * 2 - 1))];
        T[] y = new T[x.Length], dx = new T[x.Length];
        fixed (T* px = x, pdy = dy, py = y, pdx = dx)
        {
            kernels.Normalize(px, py, length, Count, T.CreateChecked(Epsilon));
            kernels.NormalizeGradient(px, pdy, pdx, length, Count, T.CreateChecked(Epsilon));
        }

        for (int v = 0; v < Count; v++)
        {
            double[] column = [.. x[(v * length)..((v + 1) * length)].Select(double.CreateChecked)];
            double[] weights = [.. dy[(v * length)..((v + 1) * length)].Select(double.CreateChecked)];
            double[] normalized = Normalized(column);
            for (int i = 0; i < length; i++)
            {
                Assert.Equal(normalized[i], double.CreateChecked(y[(v * length) + i]), tolerance);
                double expected = (Weighted(i, Step) - Weighted(i, -Step)) / (2 * Step);
                Assert.Equal(expected, double.CreateChecked(dx[(v * length) + i]), Math.Max(tolerance, 1e-7));
            }

            double Weighted(int i, double step)
            {
                double[] moved = [.. column];
                moved[i] += step;
                return Normalized(moved).Zip(weights, (a, b) => a * b).Sum();
            }
        }

        static double[] Normalized(double[] x)
        {
            double mean = x.Average(), s = Math.Sqrt(x.Average(e => (e - mean) * (e - mean)) + Epsilon);
            return [.. x.Select(e => (e - mean) / s)];
        }
    }
}
