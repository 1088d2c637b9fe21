using System.Diagnostics;

namespace BlasNet.Text.Benchmarks;

/// <summary>Times of one way to compute, by the clock and by the processor.</summary>
/// <remarks>On a machine that others use too, the time of the processor says more than that of the clock.</remarks>
internal sealed class Measured
{
    private readonly List<double> _seconds = [], _busy = [];

    /// <summary>Runs it once and takes its time.</summary>
    public void Add(Action run)
    {
        (long start, TimeSpan busy) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
        run();
        _seconds.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
        _busy.Add((Environment.CpuUsage.TotalTime - busy).TotalSeconds);
    }

    /// <summary>By the clock, the fraction <paramref name="part"/> of runs took no longer.</summary>
    public double Quantile(double part) => Quantile(_seconds, part);

    /// <summary>Things a second, of <paramref name="count"/> in each run: median (slowest … fastest), by the clock and of the processor's time.</summary>
    public string Rates(int count) => $"{Rate(_seconds, count),-30} {Rate(_busy, count),-30}";

    /// <summary>How many times as fast as another way: the median over the rounds, in which both ran one after the other.</summary>
    public string Against(Measured other) => $"{Ratio(other._seconds, _seconds):F2} {Ratio(other._busy, _busy):F2}";

    private static string Rate(List<double> times, int count) =>
        $"{count / Quantile(times, 0.5):F1} ({count / Quantile(times, 1):F1} … {count / Quantile(times, 0):F1})";

    private static double Ratio(List<double> a, List<double> b) => Quantile([.. a.Zip(b, (x, y) => x / y)], 0.5);

    private static double Quantile(List<double> values, double part)
    {
        double[] sorted = [.. values.Order()];
        return sorted[(int)Math.Min(sorted.Length - 1, part * sorted.Length)];
    }
}
