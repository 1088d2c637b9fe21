namespace BlasNet.Cli.Scaling;

/// <summary>A step over ranks, as a <see cref="ScalingModel"/> has it; times in seconds.</summary>
internal sealed record StepPrediction
{
    public required int Ranks { get; init; }

    /// <summary>The optimization batch.</summary>
    public required int Batch { get; init; }

    /// <summary>The mean rank's part of the examples.</summary>
    public required double Compute { get; init; }

    /// <summary>For the rank with the most work.</summary>
    public required double Wait { get; init; }

    /// <summary>Messages on their way.</summary>
    public required double Transfer { get; init; }

    /// <summary>Copying and adding what came.</summary>
    public required double Sum { get; init; }

    public required double Update { get; init; }

    /// <summary>By each rank.</summary>
    public required double SentBytes { get; init; }

    public double Seconds => Compute + Wait + Transfer + Sum + Update;

    /// <summary>The part of 1 that <c>bench --json</c> calls <c>share.communicate</c>: waiting included, on the mean rank.</summary>
    public double CommunicateShare => (Wait + Transfer + Sum) / Seconds;

    public double ExamplesPerSecond => Batch / Seconds;
}
