using BlasNet.Kernels;

namespace BlasNet.Tests.Kernels;

/// <summary>The gradients of attention without scores in memory, over examples of any sizes, by one thread or several.</summary>
[Collection(GemmSettings.Name)]
public sealed unsafe class HeadAttentionGradientTests
{
    private const int Heads = 2, KeyRows = 2 * 5, ValueRows = 2 * 3;

    // Keys, queries and heads of each example; the last one's scores are several blocks.
    private static readonly int[] Sizes = [3, 5, Heads, 40, 7, Heads, 1, 1, Heads, 90, 2, Heads, 150, 130, Heads];

    private readonly double[] _keys = Random(Total(0) * KeyRows, 1), _queries = Random(Total(1) * KeyRows, 2), _values = Random(Total(0) * ValueRows, 3);
    private readonly double[] _dy = Random(Total(1) * ValueRows, 4);

    [Theory, InlineData(1), InlineData(3)]
    public void They_are_those_of_the_definition(int threads)
    {
        using var count = new ThreadCount(threads);
        double[] dk = new double[_keys.Length], dq = new double[_queries.Length], dv = new double[_values.Length];
        fixed (double* k = _keys, q = _queries, v = _values, dy = _dy, keyGradient = dk, queryGradient = dq, valueGradient = dv)
        {
            var gradient = new HeadAttentionGradient<double>
            {
                Keys = k,
                Queries = q,
                Values = v,
                ResultGradient = dy,
                KeyGradient = keyGradient,
                QueryGradient = queryGradient,
                ValueGradient = valueGradient,
                KeyRows = KeyRows,
                ValueRows = ValueRows,
            };
            HeadSweep<HeadAttentionGradient<double>>.Run(gradient, Sizes, Sizes.Length / 3);
        }

        double[] keys = new double[_keys.Length], queries = new double[_queries.Length], values = new double[_values.Length];
        int key = 0, query = 0;
        for (int example = 0; example < Sizes.Length; example += 3)
        {
            for (int j = query; j < query + Sizes[example + 1]; j++)
            {
                for (int head = 0; head < Heads; head++)
                    AddQuery(key, Sizes[example], j, head, keys, queries, values);
            }

            (key, query) = (key + Sizes[example], query + Sizes[example + 1]);
        }

        AssertClose(keys, dk);
        AssertClose(queries, dq);
        AssertClose(values, dv);
    }

    // Adds what one query of a head contributes: p = softmax(Kᵀ·q), dp = Vᵀ·dy, ds = p∘(dp − p·dp).
    private void AddQuery(int first, int count, int query, int head, double[] dk, double[] dq, double[] dv)
    {
        int key = head * KeyRows / Heads, value = head * ValueRows / Heads;
        Span<double> q = _queries.AsSpan((query * KeyRows) + key, KeyRows / Heads), dy = _dy.AsSpan((query * ValueRows) + value, ValueRows / Heads);
        double[] p = new double[count], dp = new double[count];
        for (int i = 0; i < count; i++)
        {
            p[i] = Math.Exp(Dot(q, _keys.AsSpan(((first + i) * KeyRows) + key)));
            dp[i] = Dot(dy, _values.AsSpan(((first + i) * ValueRows) + value));
        }

        double sum = p.Sum(), mean = p.Zip(dp, (weight, gradient) => weight / sum * gradient).Sum();
        for (int i = 0; i < count; i++)
        {
            double weight = p[i] / sum, ds = weight * (dp[i] - mean);
            AddTimes(ds, q, dk.AsSpan(((first + i) * KeyRows) + key));
            AddTimes(ds, _keys.AsSpan(((first + i) * KeyRows) + key, q.Length), dq.AsSpan((query * KeyRows) + key));
            AddTimes(weight, dy, dv.AsSpan(((first + i) * ValueRows) + value));
        }
    }

    private static double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++)
            sum += a[i] * b[i];

        return sum;
    }

    private static void AddTimes(double factor, ReadOnlySpan<double> x, Span<double> y)
    {
        for (int i = 0; i < x.Length; i++)
            y[i] += factor * x[i];
    }

    private static void AssertClose(double[] expected, double[] actual)
    {
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], actual[i], 1e-11);
    }

    private static int Total(int which) => Enumerable.Range(0, Sizes.Length / 3).Sum(i => Sizes[(3 * i) + which]);

    private static double[] Random(int length, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, length).Select(_ => (2 * random.NextDouble()) - 1)];
    }
}
