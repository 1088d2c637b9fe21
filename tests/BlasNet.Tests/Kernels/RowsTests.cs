using BlasNet.Kernels;

namespace BlasNet.Tests.Kernels;

public sealed unsafe class RowsTests
{
    public static TheoryData<int> Lengths() => [1, 2, 7, 16, 17, 50, 64, 65, 200];

    [Theory, MemberData(nameof(Lengths))]
    public void Rows_are_copied_added_and_summed_whatever_their_length_and_distance(int length)
    {
        const int Count = 5;
        foreach (int stride in new[] { length, length + 3 })
        {
            float[] source = [.. Enumerable.Range(0, Count * stride).Select(i => (float)(i % 91))], target = [.. Enumerable.Range(0, Count * stride).Select(i => (float)(-i % 13))];
            float[] copy = [.. target], sum = [.. target], total = [.. target.AsSpan(0, length)], more = [.. total];
            fixed (float* from = source, c = copy, s = sum, t = total, m = more)
            {
                Rows.Copy(from, stride, c, stride, length, Count);
                Rows.Add(from, stride, s, stride, length, Count);
                Rows.SumOver(from, stride, t, length, Count, accumulate: false);
                Rows.SumOver(from, stride, m, length, Count, accumulate: true);
            }

            for (int i = 0; i < copy.Length; i++)
            {
                Assert.Equal(i % stride < length ? source[i] : target[i], copy[i]);
                Assert.Equal(i % stride < length ? source[i] + target[i] : target[i], sum[i]);
            }

            for (int i = 0; i < length; i++)
            {
                float expected = Enumerable.Range(0, Count).Sum(row => source[row * stride + i]);
                Assert.Equal(expected, total[i]);
                Assert.Equal(target[i] + expected, more[i]);
            }
        }
    }

    [Fact]
    public void Rows_of_a_table_are_gathered_and_added_back_in_order_repeated_ones_too()
    {
        const int Length = 37;
        float[] table = [.. Enumerable.Range(0, 10 * Length).Select(i => (float)i)], rows = new float[7 * (Length + 1)], gradient = new float[table.Length];
        int[] indices = [3, 9, 3, 0, 7, 3, 1];
        fixed (float* t = table, r = rows, g = gradient)
        {
            Rows.Gather(t, indices, r, Length + 1, Length);
            Rows.ScatterAdd(r, Length + 1, indices, g, Length);
        }

        for (int i = 0; i < table.Length; i++)
            Assert.Equal(table[i] * indices.Count(index => index == i / Length), gradient[i]);
    }
}
