using BlasNet.Cli.Output;

namespace BlasNet.Cli.Benchmarks;

/// <summary>What the timed steps of a workload took; names and units as in <c>bench --json</c>, times in seconds.</summary>
internal sealed record WorkloadMeasurement
{
    public required double FirstPassLoss { get; init; }

    /// <summary>Number of timed steps.</summary>
    public required int Steps { get; init; }

    public required double MedianSeconds { get; init; }

    public required double FastestSeconds { get; init; }

    public required double SlowestSeconds { get; init; }

    /// <summary>Of the timed steps together; 0 where examples have no words.</summary>
    public required double WordsPerSecond { get; init; }

    /// <summary>The best rate of the packed product, before or after the steps.</summary>
    public required double PeakGflops { get; init; }

    /// <summary>Floating-point operations of the matrix products of one step: those of the forward pass and of the parameters' gradients.</summary>
    public required long FlopsPerStep { get; init; }

    public required double ManagedBytesPerStep { get; init; }

    public required long PeakBytes { get; init; }

    public required int Launches { get; init; }

    public required int LaunchLowerBound { get; init; }

    public required double GemmCallsPerStep { get; init; }

    public required double GemvCallsPerStep { get; init; }

    public required long CopiedBytes { get; init; }

    public required ShareLine Share { get; init; }

    /// <summary>Part of the peak that the products make of the whole step's time, 0…1.</summary>
    public double ModelFlopUtilisation => FlopsPerStep / MedianSeconds / (PeakGflops * 1e9);
}
