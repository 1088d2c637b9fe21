using System.Numerics;
using BlasNet.Kernels;
using BlasNet.Memory;
using BlasNet.Operators;

namespace BlasNet.Tests.Kernels;

/// <summary>Kernels of every width over operands that end at a page nobody may touch: results by the definition, and nothing read or written beyond.</summary>
public sealed unsafe class KernelBoundsTests
{
    public static TheoryData<int, bool> Kernels() =>
        [.. from bits in Widths.Supported from single in new[] { true, false } select new TheoryDataRow<int, bool>(bits, single)];

    [Theory, MemberData(nameof(Kernels))]
    public void Products_of_random_sizes_stay_inside_their_operands(int bits, bool single)
    {
        var random = new Random(bits);
        for (int i = 0; i < 150; i++)
        {
            // Sizes around the widths of tiles, panels and blocks; now and then a long sum.
            (int n, int k, int m) = (Size(random, 40), random.Next(10) == 0 ? random.Next(500, 2500) : Size(random, 70), Size(random, 140));
            int form = random.Next(3);
            bool accumulate = random.Next(2) == 0, kept = random.Next(2) == 0, bias = form == 0 && !accumulate && random.Next(2) == 0;
            if (single)
                CheckProduct(Widths.Packed<float>(bits), form, n, k, m, accumulate, kept, bias, 2.4e-7);
            else
                CheckProduct(Widths.Packed<double>(bits), form, n, k, m, accumulate, kept, bias, 4.6e-16);
        }
    }

    [Theory, MemberData(nameof(Kernels))]
    public void Functions_of_elements_stay_inside_their_rows(int bits, bool single)
    {
        for (int length = 1; length <= 70; length++)
        {
            if (single)
                CheckElements<float>(bits, length);
            else
                CheckElements<double>(bits, length);
        }
    }

    [Theory, MemberData(nameof(Kernels))]
    public void Functions_of_columns_stay_inside_their_vectors(int bits, bool single)
    {
        for (int length = 1; length <= 70; length++)
        {
            if (single)
                CheckColumns(Widths.Columns<float>(bits), length, 1e-5);
            else
                CheckColumns(Widths.Columns<double>(bits), length, 1e-13);
        }
    }

    [Fact]
    public void Rows_are_moved_and_summed_inside_their_memory()
    {
        for (int length = 1; length <= 70; length++)
        {
            foreach (int count in new[] { 1, 2, 5 })
            {
                CheckRows<float>(length, count);
                CheckRows<double>(length, count);
            }
        }
    }

    private static void CheckProduct<T>(GemmPacked<T> kernels, int form, int n, int k, int m, bool accumulate, bool kept, bool bias, double ulp)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using GuardedMemory<T> xs = Random<T>(n * k), bs = Random<T>(k * m), ys = Random<T>(n * m), biases = Random<T>(m);
        Matrix<T> x = new(xs.Pointer, n, k), b = new(bs.Pointer, k, m), y = new(ys.Pointer, n, m);
        (GemmProduct<T> product, GuardedMemory<T> result, int rows, int columns, int inner) = form switch
        {
            0 => (GemmProduct<T>.Multiply(x, b, y, accumulate, bias ? biases.Pointer : null), ys, n, m, k),
            1 => (GemmProduct<T>.MultiplyTransposed(y, b, x, accumulate), xs, n, k, m),
            _ => (GemmProduct<T>.OuterProductSum(x, y, b, accumulate), bs, k, m, n),
        };
        double[] xn = Numbers(xs.Span), bn = Numbers(bs.Span), yn = Numbers(ys.Span), before = Numbers(result.Span);
        if (!accumulate)
            result.Span.Fill(T.NaN);   // what is not added to is not read

        using PackedWeights<T> packed = new();
        for (int run = 0; run < (kept && !accumulate && form != 2 ? 3 : 1); run++)
        {
            if (kept && form != 2)
                packed.Run(product, kernels);
            else
                kernels.Run(product);
        }

        double Left(int i, int p) => form switch { 0 => xn[(i * k) + p], 1 => yn[(i * m) + p], _ => xn[(p * k) + i] };
        double Right(int p, int j) => form switch { 0 => bn[(p * m) + j], 1 => bn[(j * m) + p], _ => yn[(p * m) + j] };
        for (int i = 0; i < rows; i++)
        {
            for (int j = 0; j < columns; j++)
            {
                double sum = accumulate ? before[(i * columns) + j] : bias ? double.CreateChecked(biases.Span[j]) : 0;
                for (int p = 0; p < inner; p++)
                    sum += Left(i, p) * Right(p, j);

                double actual = double.CreateChecked(result.Span[(i * columns) + j]);
                if (!(Math.Abs(actual - sum) <= ulp * (8 + inner)))
                    Assert.Fail($"form {form}, n={n} k={k} m={m}: [{i}, {j}] is {actual}, must be {sum}");
            }
        }

        Assert.All([xs, bs, ys, biases], memory => memory.AssertUntouchedAround());
    }

    private static void CheckElements<T>(int bits, int length)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        const int Rows = 3;
        using GuardedMemory<T> a = Random<T>(Rows * length), b = Random<T>(Rows * length), y = Random<T>(Rows * length);
        Widths.Map<T, SquareFunction>(bits, a.Pointer, y.Pointer, length, Rows);
        Assert.Equal(a.Span.ToArray().Select(value => value * value), y.Span.ToArray());
        Widths.Zip<T, SubtractFunction>(bits, a.Pointer, b.Pointer, y.Pointer, length, Rows);
        Assert.Equal(a.Span.ToArray().Zip(b.Span.ToArray(), (p, q) => p - q), y.Span.ToArray());
        Assert.All([a, b, y], memory => memory.AssertUntouchedAround());
    }

    private static void CheckColumns<T>(Columns<T> kernels, int length, double tolerance)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using GuardedMemory<T> a = Random<T>(2 * length), b = Random<T>(2 * length), y = Random<T>(2 * length), scalars = Random<T>(2), labels = Random<T>(2);
        double[] x = Numbers(a.Span[..length]), z = Numbers(b.Span[..length]);
        void Equal(double expected, T actual) => Assert.Equal(expected, double.CreateChecked(actual), tolerance * length);

        kernels.Dot(a.Pointer, length, b.Pointer, length, scalars.Pointer, length, 2);
        Equal(x.Zip(z, (p, q) => p * q).Sum(), scalars.Span[0]);
        kernels.SquaredDistance(a.Pointer, length, b.Pointer, length, scalars.Pointer, length, 2);
        Equal(x.Zip(z, (p, q) => (p - q) * (p - q)).Sum(), scalars.Span[0]);

        double total = x.Sum(Math.Exp);
        kernels.Softmax(a.Pointer, length, y.Pointer, length, length, 2);
        Equal(Math.Exp(x[^1]) / total, y.Span[length - 1]);
        kernels.SoftmaxGradient(a.Pointer, b.Pointer, y.Pointer, length, 2);
        Equal(x[^1] * (z[^1] - x.Zip(z, (p, q) => p * q).Sum()), y.Span[length - 1]);
        kernels.LogSoftmax(a.Pointer, length, y.Pointer, length, length, 2);
        Equal(x[^1] - Math.Log(total), y.Span[length - 1]);

        labels.Span.Fill(T.CreateChecked(length - 1));
        kernels.CrossEntropy(a.Pointer, length, labels.Pointer, 1, scalars.Pointer, length, 2);
        Equal(Math.Log(total) - x[^1], scalars.Span[0]);
        T one = T.One;
        kernels.CrossEntropyGradient(a.Pointer, length, labels.Pointer, 1, &one, 0, scalars.Pointer, 1, y.Pointer, length, length, 2);
        Equal((Math.Exp(x[^1]) / total) - 1, y.Span[length - 1]);

        kernels.Normalize(a.Pointer, y.Pointer, length, 2, one);
        double mean = x.Average(), deviation = Math.Sqrt(x.Average(e => (e - mean) * (e - mean)) + 1);
        Equal((x[^1] - mean) / deviation, y.Span[length - 1]);
        kernels.NormalizeGradient(a.Pointer, b.Pointer, y.Pointer, length, 2, one);
        kernels.LargestColumn(a.Pointer, length, 2, y.Pointer + length);
        Assert.True(y.Span[^1] == T.Zero || y.Span[^1] == T.One);
        Assert.All([a, b, y, scalars, labels], memory => memory.AssertUntouchedAround());
    }

    private static void CheckRows<T>(int length, int count)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using GuardedMemory<T> source = Random<T>(length * count), target = Random<T>(length * count), sum = Random<T>(length);
        T[] rows = source.Span.ToArray();
        double[] sums = [.. Enumerable.Range(0, length).Select(i => Enumerable.Range(0, count).Sum(row => double.CreateChecked(rows[(row * length) + i])))];
        void EqualSums(double factor)
        {
            for (int i = 0; i < length; i++)
                Assert.Equal(factor * sums[i], double.CreateChecked(sum.Span[i]), 1e-5);
        }

        Rows.Copy(source.Pointer, length, target.Pointer, length, length, count);
        Assert.Equal(rows, target.Span.ToArray());
        Rows.SumOver(source.Pointer, length, sum.Pointer, length, count, accumulate: false);
        EqualSums(1);
        Rows.SumOver(source.Pointer, length, sum.Pointer, length, count, accumulate: true);
        EqualSums(2);

        T** places = stackalloc T*[count];
        for (int row = 0; row < count; row++)
            places[row] = source.Pointer + (row * length);

        Rows.SumOf(places, count, sum.Pointer, length);
        EqualSums(1);

        int[] reversed = [.. Enumerable.Range(0, count).Reverse()];
        T[] expected = [.. reversed.SelectMany(row => rows[(row * length)..((row + 1) * length)])];
        Rows.Gather(source.Pointer, reversed, target.Pointer, length, length);
        Assert.Equal(expected, target.Span.ToArray());
        Rows.ScatterAdd(source.Pointer, length, reversed, target.Pointer, length);
        Assert.Equal(expected.Select(value => value + value), target.Span.ToArray());

        nint* picks = stackalloc nint[count];
        for (int row = 0; row < count; row++)
            picks[row] = row == 1 ? -1 : (count - 1 - row) * length;

        Rows.Pick(source.Pointer, picks, target.Pointer, length, length, count);
        Assert.Equal(expected.Select((value, i) => i / length == 1 ? T.Zero : value), target.Span.ToArray());
        Rows.Transpose(source.Pointer, target.Pointer, count, length);
        Assert.Equal(Enumerable.Range(0, length * count).Select(i => rows[(i % count * length) + (i / count)]), target.Span.ToArray());
        Assert.All([source, target, sum], memory => memory.AssertUntouchedAround());
    }

    private static int Size(Random random, int largest) => random.Next(3) == 0 ? 1 + random.Next(4) : 1 + random.Next(largest);

    private static double[] Numbers<T>(Span<T> values) where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        [.. values.ToArray().Select(double.CreateChecked)];

    private static GuardedMemory<T> Random<T>(int length)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var memory = new GuardedMemory<T>(length);
        var random = new Random(length);
        foreach (ref T value in memory.Span)
            value = T.CreateChecked((random.NextDouble() * 2) - 1);

        return memory;
    }
}
