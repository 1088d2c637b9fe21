namespace BlasNet.Cli.Training;

/// <summary>How alike two lists of numbers order the same things.</summary>
internal static class RankCorrelation
{
    /// <summary>Spearman's ρ: the correlation of the ranks, equal numbers having the mean of theirs.</summary>
    /// <returns>−1 … 1; NaN where all numbers of a list are equal.</returns>
    public static double Of(double[] a, double[] b)
    {
        double[] x = RanksOf(a), y = RanksOf(b);
        double mean = (a.Length - 1) / 2.0, xy = 0, xx = 0, yy = 0;
        for (int i = 0; i < x.Length; i++)
        {
            (double dx, double dy) = (x[i] - mean, y[i] - mean);
            (xy, xx, yy) = (xy + dx * dy, xx + dx * dx, yy + dy * dy);
        }

        return xy / Math.Sqrt(xx * yy);
    }

    private static double[] RanksOf(double[] values)
    {
        int[] order = [.. Enumerable.Range(0, values.Length).OrderBy(i => values[i])];
        var ranks = new double[values.Length];
        for (int start = 0, end; start < order.Length; start = end)
        {
            end = start + 1;
            while (end < order.Length && values[order[end]] == values[order[start]])
                end++;

            foreach (int i in order.AsSpan(start..end))
                ranks[i] = (start + end - 1) / 2.0;
        }

        return ranks;
    }
}
