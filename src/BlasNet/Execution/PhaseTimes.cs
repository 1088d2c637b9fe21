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

    /// <summary>What has been measured until now.</summary>
    public PhaseTimes Copy() => (PhaseTimes)MemberwiseClone();

    /// <summary>Becomes a copy of others.</summary>
    public void Take(PhaseTimes other)
    {
        (Build, Batch, Differentiate, Simplify, Plan) = (other.Build, other.Batch, other.Differentiate, other.Simplify, other.Plan);
        (Execute, Update, Communicate) = (other.Execute, other.Update, other.Communicate);
        (PlansFound, Launches, CopiedBytes) = (other.PlansFound, other.Launches, other.CopiedBytes);
    }

    /// <summary>Adds what was measured between two moments.</summary>
    public void Add(PhaseTimes later, PhaseTimes earlier)
    {
        Build += later.Build - earlier.Build;
        Batch += later.Batch - earlier.Batch;
        Differentiate += later.Differentiate - earlier.Differentiate;
        Simplify += later.Simplify - earlier.Simplify;
        Plan += later.Plan - earlier.Plan;
        Execute += later.Execute - earlier.Execute;
        Update += later.Update - earlier.Update;
        Communicate += later.Communicate - earlier.Communicate;
        PlansFound += later.PlansFound - earlier.PlansFound;
        Launches += later.Launches - earlier.Launches;
        CopiedBytes += later.CopiedBytes - earlier.CopiedBytes;
    }
}
