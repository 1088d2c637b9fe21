using System.Diagnostics;

namespace BlasNet.Cli.Benchmarks.Encoders;

/// <summary>Times of one way to compute, by the clock and by the processor.</summary>
/// <remarks>On a machine that others use too, the time of the processor says more than that of the clock.</remarks>
internal sealed class WayTimes
{
    private readonly List<double> _seconds = [], _busy = [];

    /// <summary>Times ways in turns, one after another, again and again, so that what else the machine does falls on all.</summary>
    /// <param name="ways">Each is run once to warm up.</param>
    /// <param name="rounds">How often each is timed.</param>
    /// <param name="cancellation">Asked before each.</param>
    /// <exception cref="OperationCanceledException">Between two runs.</exception>
    public static WayTimes[] InTurns(IReadOnlyList<Action> ways, int rounds, CancellationToken cancellation)
    {
        WayTimes[] times = [.. ways.Select(_ => new WayTimes())];
        for (int run = -ways.Count; run < rounds * ways.Count; run++)
        {
            cancellation.ThrowIfCancellationRequested();
            int way = (run + ways.Count) % ways.Count;
            if (run < 0)
                ways[way]();
            else
                times[way].Add(ways[way]);
        }

        return times;
    }

    /// <summary>By the clock.</summary>
    public Spread Seconds => Spread.Of([.. _seconds]);

    /// <summary>Of the processor's time.</summary>
    public Spread Busy => Spread.Of([.. _busy]);

    /// <summary>By the clock, the fraction <paramref name="part"/> of runs took no longer.</summary>
    public double Quantile(double part)
    {
        double[] sorted = [.. _seconds.Order()];
        return sorted[(int)Math.Min(sorted.Length - 1, part * sorted.Length)];
    }

    /// <summary>How many times as fast as another way, by the clock: over the rounds, in which both ran one after the other.</summary>
    public Spread Against(WayTimes other) => Spread.Of([.. other._seconds.Zip(_seconds, (others, own) => others / own)]);

    /// <summary>Runs it once and takes its time.</summary>
    public void Add(Action run)
    {
        (long start, TimeSpan busy) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
        run();
        _seconds.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
        _busy.Add((Environment.CpuUsage.TotalTime - busy).TotalSeconds);
    }
}
