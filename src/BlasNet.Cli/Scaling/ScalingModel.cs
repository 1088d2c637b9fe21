using BlasNet.Diagnostics;

namespace BlasNet.Cli.Scaling;

/// <summary>Predicts an optimizer step's time over ranks.</summary>
/// <remarks>
/// The step of p ranks with B examples, as <c>RankGradient</c> makes it, b examples being the mean part and b' the largest:
/// <code>
/// compute      C(b)                                        measured on one rank
/// wait         C(b') − C(b)                                for the rank with the most work
/// communicate  ⌈log₂p⌉·α + (p − 1)·m·β                     what each rank says of its part
///            + ⌈log₂p⌉·α + (p − 1)·c·β                     a bit for each column, where tables are touched in part
///            + s·2·(p − 1)·α + (p − 1)/p·(g(b) + g(B))·β   parts of gradients exchanged, then of their sums, in s slabs
///            + s·4·α                                       where such a part is no eager message
///            + γ·(copies and additions)                    the sum in the order of ranks
/// update       U(B)                                        every rank updates all parameters
/// </code>
/// g is the touched gradient in bytes. Nothing overlaps. α and β: see <see cref="Network"/>.
/// </remarks>
internal sealed record ScalingModel
{
    public required StepCurve Curve { get; init; }

    public required WorkShares Shares { get; init; }

    public required Network Network { get; init; }

    /// <summary>m.</summary>
    public required double MessageBytes { get; init; }

    /// <summary>c; 0 where every gradient is touched as a whole or not at all.</summary>
    public required double ColumnBytes { get; init; }

    /// <summary>Whether the touched gradient lies in one piece, and is sent and received in place.</summary>
    public required bool IsContiguous { get; init; }

    /// <summary>γ: seconds to copy a byte of gradient, or to add one.</summary>
    public required double SecondsPerByte { get; init; }

    /// <summary>Of gradients exchanged at once.</summary>
    public required double SlabBytes { get; init; }

    /// <param name="ranks">p.</param>
    /// <param name="batch">B, the optimization batch.</param>
    public StepPrediction Predict(int ranks, int batch)
    {
        int parts = Math.Min(ranks, batch);
        StepPoint mean = Curve.At((double)batch / parts), whole = Curve.At(batch);
        double slowest = ranks == 1 ? mean.ComputeSeconds : Curve.At(Shares.Largest(batch, ranks)).ComputeSeconds;
        return new StepPrediction
        {
            Ranks = ranks,
            Batch = batch,
            Compute = mean.ComputeSeconds,
            Wait = Math.Max(0, slowest - mean.ComputeSeconds),
            Transfer = ranks == 1 ? 0 : TransferOf(ranks, mean.GradientBytes, whole.GradientBytes),
            Sum = ranks == 1 ? 0 : SumOf(ranks, mean.GradientBytes, whole.GradientBytes),
            Update = whole.UpdateSeconds,
            SentBytes = SentBytesOf(ranks, mean.GradientBytes, whole.GradientBytes),
        };
    }

    private double TransferOf(int ranks, double own, double whole)
    {
        double slabs = Math.Max(1, Math.Ceiling(whole / SlabBytes));
        double messages = Network.ShortAllGather(ranks, MessageBytes) + (ColumnBytes > 0 ? Network.ShortAllGather(ranks, ColumnBytes) : 0);
        return messages + slabs * (Network.Exchange(ranks, own / slabs) + Network.Exchange(ranks, whole / slabs));
    }

    // What is exchanged is added up once; the rank's part of the sum is copied; what lies in pieces is copied before it is sent, and again when it has come.
    private double SumOf(int ranks, double own, double whole) =>
        SecondsPerByte * (own + whole / ranks + (IsContiguous ? 0 : own + whole));

    private double SentBytesOf(int ranks, double own, double whole) =>
        (ranks - 1) * (MessageBytes + ColumnBytes + (own + whole) / ranks);
}
