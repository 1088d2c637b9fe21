using BlasNet.Kernels;

namespace BlasNet.Tests.Kernels;

/// <summary>Attention without scores in memory, over examples of any sizes, by one thread or several.</summary>
[Collection(GemmSettings.Name)]
public sealed unsafe class HeadAttentionTests
{
    private const int Heads = 2, KeyRows = 2 * 5, ValueRows = 2 * 3;

    // Keys, queries and heads of each example; the last one's scores are several blocks.
    private static readonly int[] Sizes = [3, 5, Heads, 40, 7, Heads, 1, 1, Heads, 90, 2, Heads, 33, 64, Heads, 300, 250, Heads];

    [Theory, InlineData(1), InlineData(3)]
    public void Each_query_has_the_mean_of_the_values_weighted_by_the_softmax_of_its_scores(int threads)
    {
        using var count = new ThreadCount(threads);
        double[] keys = Random(Total(0) * KeyRows, 1), queries = Random(Total(1) * KeyRows, 2), values = Random(Total(0) * ValueRows, 3);
        double[] results = new double[Total(1) * ValueRows];
        fixed (double* k = keys, q = queries, v = values, y = results)
        {
            var attention = new HeadAttention<double> { Keys = k, Queries = q, Values = v, Results = y, KeyRows = KeyRows, ValueRows = ValueRows };
            HeadSweep<HeadAttention<double>>.Run(attention, Sizes, Sizes.Length / 3);
        }

        int key = 0, query = 0;
        for (int example = 0; example < Sizes.Length; example += 3)
        {
            for (int j = query; j < query + Sizes[example + 1]; j++)
                AssertMean(keys, queries, values, results, key, Sizes[example], j);

            (key, query) = (key + Sizes[example], query + Sizes[example + 1]);
        }
    }

    [Fact]
    public void Keys_and_values_may_be_the_same_for_all_examples()
    {
        int[] sizes = [6, 2, Heads];
        double[] keys = Random(6 * KeyRows, 1), queries = Random(8 * KeyRows, 2), values = Random(6 * ValueRows, 3), results = new double[8 * ValueRows];
        fixed (double* k = keys, q = queries, v = values, y = results)
        {
            var attention = new HeadAttention<double>
            {
                Keys = k,
                Queries = q,
                Values = v,
                Results = y,
                KeyRows = KeyRows,
                ValueRows = ValueRows,
                SharesKeys = true,
                SharesValues = true,
            };
            HeadSweep<HeadAttention<double>>.Run(attention, sizes, 4);
        }

        for (int query = 0; query < 8; query++)
            AssertMean(keys, queries, values, results, 0, 6, query);
    }

    private static void AssertMean(double[] keys, double[] queries, double[] values, double[] results, int firstKey, int count, int query)
    {
        for (int row = 0; row < ValueRows; row++)
        {
            int head = row / (ValueRows / Heads), rows = KeyRows / Heads;
            double sum = 0, total = 0;
            for (int key = firstKey; key < firstKey + count; key++)
            {
                double score = 0;
                for (int i = head * rows; i < (head + 1) * rows; i++)
                    score += keys[(key * KeyRows) + i] * queries[(query * KeyRows) + i];

                (sum, total) = (sum + (Math.Exp(score) * values[(key * ValueRows) + row]), total + Math.Exp(score));
            }

            Assert.Equal(sum / total, results[(query * ValueRows) + row], 1e-12);
        }
    }

    private static int Total(int which) => Enumerable.Range(0, Sizes.Length / 3).Sum(i => Sizes[(3 * i) + which]);

    private static double[] Random(int length, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, length).Select(_ => (2 * random.NextDouble()) - 1)];
    }
}
