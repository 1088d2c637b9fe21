using BlasNet.Cli.Output;

namespace BlasNet.Cli.Benchmarks;

/// <summary>The middle one of some times, and those at the ends, in seconds.</summary>
internal readonly record struct Spread(double Median, double Fastest, double Slowest)
{
    /// <param name="seconds">At least one; is sorted.</param>
    public static Spread Of(double[] seconds)
    {
        Array.Sort(seconds);
        return new Spread(seconds[seconds.Length / 2], seconds[0], seconds[^1]);
    }
}

/// <summary>What the timed passes of a workload took; names and units as in <c>bench --json</c>.</summary>
internal sealed record WorkloadMeasurement
{
    /// <summary>Mean loss of the examples during the first pass, each before the step it was part of.</summary>
    public required double FirstPassLoss { get; init; }

    /// <summary>Number of timed steps.</summary>
    public required int Steps { get; init; }

    /// <summary>Of a pass over the data.</summary>
    public required Spread Pass { get; init; }

    /// <summary>Of a step.</summary>
    public required Spread Step { get; init; }

    /// <summary>Of the timed steps.</summary>
    public required Profile Profile { get; init; }

    /// <summary>Allocated during these.</summary>
    public required long ManagedBytes { get; init; }

    /// <summary>The best rate of the packed product, before or after the steps.</summary>
    public required double PeakGflops { get; init; }

    /// <summary>Of all timed steps.</summary>
    public required long LaunchLowerBound { get; init; }

    /// <summary>Parts of the time of all kernels, the largest first.</summary>
    public required IReadOnlyList<KernelLine> Kernels { get; init; }
}
