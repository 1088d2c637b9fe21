namespace BlasNet.Execution;

/// <summary>Where the time of a step goes, in ticks of the stopwatch.</summary>
internal sealed class PhaseTimes
{
    public long Build { get; set; }

    public long Batch { get; set; }

    public long Differentiate { get; set; }

    public long Simplify { get; set; }

    public long Plan { get; set; }

    public long Execute { get; set; }

    public long Update { get; set; }

    /// <summary>How many minibatch graphs had a structure seen before, and found its plan.</summary>
    public long PlansFound { get; set; }

    public long Total => Build + Batch + Differentiate + Simplify + Plan + Execute + Update;
}
