using System.Numerics.Tensors;
using BlasNet.Training;

namespace BlasNet.Diagnostics;

/// <summary>How evenly steps divide among ranks: all wait for the one with the most work.</summary>
/// <param name="work">Of each example, such as its words.</param>
public sealed class WorkShares(IReadOnlyList<double> work)
{
    private readonly double[] _work = [.. work];
    private readonly double _mean = work.Average();

    /// <summary>The largest part of a step, as a number of examples of mean size; the mean over the steps of a pass.</summary>
    /// <param name="batch">Examples of a step.</param>
    /// <param name="ranks">Those beyond the batch have nothing to do.</param>
    public double Largest(int batch, int ranks)
    {
        int step = Math.Min(batch, _work.Length);
        var bounds = new int[Math.Min(ranks, step) + 1];
        double sum = 0;
        int steps = 0;
        for (int start = 0; start + step <= _work.Length; start += step, steps++)
        {
            ReadOnlySpan<double> examples = _work.AsSpan(start, step);
            WorkDivision.Divide(examples, example => example, bounds);
            sum += LargestPart(examples, bounds);
        }

        return sum / steps * ((double)batch / step);
    }

    private double LargestPart(ReadOnlySpan<double> examples, int[] bounds)
    {
        double largest = 0;
        for (int part = 0; part + 1 < bounds.Length; part++)
            largest = Math.Max(largest, TensorPrimitives.Sum(examples[bounds[part]..bounds[part + 1]]));

        return largest / _mean;
    }
}
