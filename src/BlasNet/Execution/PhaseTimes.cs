namespace BlasNet.Execution;

/// <summary>Where the time of a step goes, in ticks of the stopwatch.</summary>
internal sealed class PhaseTimes
{
    public long Build;

    public long Batch;

    public long Differentiate;

    public long Simplify;

    public long Plan;

    public long Execute;

    public long Update;

    /// <summary>Exchanging with other ranks, and waiting for them.</summary>
    public long Communicate;

    /// <summary>How many minibatch graphs had a structure seen before, and found its plan.</summary>
    public long PlansFound;

    /// <summary>Launches of kernels.</summary>
    public long Launches;

    /// <summary>Bytes that gathers have copied.</summary>
    public long CopiedBytes;

    public long Total => Build + Batch + Differentiate + Simplify + Plan + Execute + Update + Communicate;
}
