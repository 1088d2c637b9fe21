using System.Diagnostics;

namespace BlasNet.Await.Benchmarks;

/// <summary>One run of a way. The processor's time says more than the clock's on a machine that others use, too.</summary>
internal sealed record Measurement(long Looks, double Sum, double Seconds, double ProcessorSeconds, double Bytes)
{
    public static Measurement Of(IWay way)
    {
        (long start, TimeSpan busy, long bytes) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime, GC.GetAllocatedBytesForCurrentThread());
        (long looks, double sum) = way.Run();
        return new Measurement(
            looks, sum, Stopwatch.GetElapsedTime(start).TotalSeconds, (Environment.CpuUsage.TotalTime - busy).TotalSeconds,
            GC.GetAllocatedBytesForCurrentThread() - bytes);
    }

    /// <summary>Writes the medians of measurements made in turns with those of a baseline.</summary>
    public static void Print(string name, List<Measurement> all, string baseline, List<Measurement> ofBaseline)
    {
        double looks = all[0].Looks, rate = looks / Median(all.Select(m => m.Seconds)), processor = 1e6 * Median(all.Select(m => m.ProcessorSeconds)) / looks;
        double byClock = Ratio(m => m.Looks / m.Seconds), byProcessor = Ratio(m => m.Looks / m.ProcessorSeconds);
        Console.WriteLine(
            $"{name,-10} {rate,9:N0} a second ({looks / all.Max(m => m.Seconds):N0} to {looks / all.Min(m => m.Seconds):N0}), {1e6 / rate:F2} µs each, "
            + $"{processor:F2} µs of processor, {Median(all.Select(m => m.Bytes)) / looks:F0} B; {byClock:F2} × {baseline}, {byProcessor:F2} × by processor");

        double Ratio(Func<Measurement, double> rateOf) => Median(all.Zip(ofBaseline, (own, other) => rateOf(own) / rateOf(other)));
    }

    private static double Median(IEnumerable<double> numbers)
    {
        double[] sorted = [.. numbers.Order()];
        return sorted[sorted.Length / 2];
    }
}
