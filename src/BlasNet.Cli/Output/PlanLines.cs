using BlasNet.Cli.Scaling;

namespace BlasNet.Cli.Output;

/// <summary>A line of <c>plan --json</c>: a step over so many ranks. Times are in seconds; <c>communicate_seconds</c> without waiting, <c>share_communicate</c>
/// with it, as in <c>bench --json</c>; <c>best_batch</c> and the speed-up that goes with it where the noise scale is known.</summary>
internal sealed record PlanLine(
    int Ranks, double ExamplesPerRank, double StepSeconds, double ComputeSeconds, double WaitSeconds, double CommunicateSeconds, double UpdateSeconds,
    double ShareCommunicate, double SentBytes, double ExamplesPerSecond, double SpeedUp, double Efficiency, int? BestBatch, double? BestBatchSpeedUp)
{
    public static PlanLine Of(ScalingPlan plan, StepPrediction row, (int Batch, double SpeedUp)? best) => new(
        row.Ranks, (double)row.Batch / row.Ranks, row.Seconds, row.Compute, row.Wait, row.Transfer + row.Sum, row.Update,
        row.CommunicateShare, row.SentBytes, row.ExamplesPerSecond, plan.SpeedUpOf(row), plan.EfficiencyOf(row), best?.Batch, best?.SpeedUp);
}

/// <summary>Its last line.</summary>
/// <param name="Model">The workload's name.</param>
/// <param name="Batch">The optimization batch.</param>
/// <param name="Threads">Of each rank.</param>
/// <param name="LatencySeconds">Of the network.</param>
/// <param name="BytesPerSecond">Of the network.</param>
/// <param name="Network">Whether these were given, measured between ranks, or assumed.</param>
/// <param name="MeasuredRanks">Processes that measured steps at the same time.</param>
/// <param name="GradientBytes">Of the whole step.</param>
/// <param name="LastRanksThatPay">See <see cref="ScalingPlan.LastThatPays"/>.</param>
/// <param name="FastestRanks">The number of ranks with the shortest step.</param>
/// <param name="NoiseScale">As it was given.</param>
internal sealed record PlanSummaryLine(
    string Model, int Batch, int Threads, double LatencySeconds, double BytesPerSecond, string Network, int MeasuredRanks, double GradientBytes,
    int LastRanksThatPay, int FastestRanks, double? NoiseScale);
