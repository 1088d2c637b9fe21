using BlasNet.Kernels;

namespace BlasNet.Tests.Kernels;

/// <summary>Kernels of attention over examples of any sizes, by one thread or several.</summary>
[Collection(GemmSettings.Name)]
public sealed unsafe class HeadProductsTests
{
    private const int Heads = 3, HeadRows = 16, Rows = Heads * HeadRows;

    // Keys, queries and heads of each example.
    private static readonly int[] Sizes = [3, 5, Heads, 40, 70, Heads, 1, 1, Heads, 90, 2, Heads, 33, 64, Heads];

    [Theory, InlineData(1), InlineData(3)]
    public void Each_matrix_of_a_head_follows_from_the_two_others(int threads)
    {
        using var count = new ThreadCount(threads);
        foreach (HeadMatrix computed in Enum.GetValues<HeadMatrix>())
        {
            double[][] matrices = [Random(Total(0) * Rows, 1), Random(Total(1) * Rows, 2), Random(Scores, 3)];
            double[] expected = [.. matrices[(int)computed]];
            Define(computed, matrices, expected);
            fixed (double* keys = matrices[0], queries = matrices[1], scores = matrices[2])
            {
                var products = new HeadProducts<double> { Computed = computed, Keys = keys, Queries = queries, Scores = scores, Rows = Rows, Accumulate = true };
                HeadSweep<HeadProducts<double>>.Run(products, Sizes, Sizes.Length / 3);
            }

            AssertClose(expected, matrices[(int)computed]);
        }
    }

    [Theory, InlineData(1), InlineData(3)]
    public void Each_query_has_a_softmax_or_a_sum_of_its_own(int threads)
    {
        using var count = new ThreadCount(threads);
        foreach (bool isSoftmax in (bool[])[true, false])
        {
            double[] x = Random(Scores, 4), y = new double[Scores], expected = new double[Scores];
            int at = 0;
            for (int i = 0; i < Sizes.Length; i += 3)
            {
                for (int query = 0; query < Sizes[i + 1] * Heads; query++, at += Sizes[i])
                {
                    double[] own = [.. x[at..(at + Sizes[i])].Select(score => isSoftmax ? Math.Exp(score) : score)];
                    for (int key = 0; key < own.Length; key++)
                        expected[at + key] = isSoftmax ? own[key] / own.Sum() : own.Sum();
                }
            }

            fixed (double* source = x, target = y)
                new ScoreSweep<double>(source, target, isSoftmax).Run(Sizes);

            AssertClose(expected, y);
        }
    }

    private static int Scores => Enumerable.Range(0, Sizes.Length / 3).Sum(i => Sizes[3 * i] * Sizes[(3 * i) + 1] * Heads);

    private static int Total(int which) => Enumerable.Range(0, Sizes.Length / 3).Sum(i => Sizes[(3 * i) + which]);

    // s_ij = k_i·q_j adds to one of the three, element by element.
    private static void Define(HeadMatrix computed, double[][] matrices, double[] sums)
    {
        int keys = 0, queries = 0, scores = 0;
        for (int example = 0; example < Sizes.Length; example += 3)
        {
            for (int head = 0; head < Heads; head++)
            {
                for (int j = 0; j < Sizes[example + 1]; j++)
                {
                    for (int i = 0; i < Sizes[example]; i++, scores++)
                    {
                        for (int row = head * HeadRows; row < (head + 1) * HeadRows; row++)
                        {
                            int[] places = [((keys + i) * Rows) + row, ((queries + j) * Rows) + row, scores];
                            double product = 1;
                            for (int other = 0; other < 3; other++)
                                product *= other == (int)computed ? 1 : matrices[other][places[other]];

                            sums[places[(int)computed]] += product;
                        }
                    }
                }
            }

            keys += Sizes[example];
            queries += Sizes[example + 1];
        }
    }

    private static double[] Random(int length, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, length).Select(_ => (2 * random.NextDouble()) - 1)];
    }

    private static void AssertClose(double[] expected, double[] actual)
    {
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], actual[i], 1e-12);
    }
}
