using BlasNet.Cli.CommandLine;
using BlasNet.Ranks;

namespace BlasNet.Cli.Benchmarks;

/// <summary>Which plans are kept for minibatches of a structure seen before.</summary>
internal enum PlanCache
{
    /// <summary>As many as in training, which has a new order of examples, and so new structures, in every epoch.</summary>
    On,

    /// <summary>None: every step finds its structure new.</summary>
    Off,

    /// <summary>Those of all minibatches: from the second pass on no structure is new.</summary>
    All,
}

/// <summary>How the model of a workload is written.</summary>
internal enum Writing
{
    /// <summary>An example's vectors are columns of matrices; a recurrence is one node.</summary>
    Matrix,

    /// <summary>Vector by vector, in loops.</summary>
    Loops,

    /// <summary>With values that are awaited.</summary>
    Await,

    /// <summary>With decisions that are known beforehand.</summary>
    Known,
}

/// <summary>How a workload is to run.</summary>
internal sealed record WorkloadOptions
{
    /// <summary>Examples of one optimizer step, and of one pass.</summary>
    public required int Batch { get; init; }

    /// <summary>Examples of a pass over the data, at most.</summary>
    public required int Limit { get; init; }

    /// <summary>The file of examples; null for synthetic ones.</summary>
    public string? Data { get; init; }

    /// <summary>How steps are computed, but for the plans that are kept.</summary>
    public ComputeOptions Compute { get; init; } = new();

    public PlanCache PlanCache { get; init; }

    /// <summary>How the model is written.</summary>
    public Writing Written { get; init; }

    /// <summary>Of the parameters and of synthetic examples.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>The processes that compute a step, each a part of its examples; null for this one alone.</summary>
    public Communicator? Ranks { get; init; }

    /// <param name="steps">Of one pass over the data.</param>
    public ComputeOptions ComputeFor(int steps) => PlanCache switch
    {
        PlanCache.Off => Compute with { CachedPlans = 0 },
        PlanCache.All => Compute with { CachedPlans = Math.Max(Compute.CachedPlans, steps) },
        _ => Compute,
    };

    /// <summary>The examples as a workload takes them.</summary>
    /// <param name="examples">Enumerated as far as the limit.</param>
    /// <param name="encode">From an example as it is read.</param>
    public TExample[] Take<T, TExample>(IEnumerable<T> examples, Func<T, TExample> encode) => [.. examples.Take(Limit).Select(encode)];

    public static Named<Writing>[] Writings { get; } = [new("matrix", Writing.Matrix), new("loops", Writing.Loops)];

    public static Named<Writing>[] AwaitedWritings { get; } = [new("await", Writing.Await), new("known", Writing.Known)];

    public static Named<PlanCache>[] PlanCaches { get; } = [new("on", PlanCache.On), new("off", PlanCache.Off), new("all", PlanCache.All)];
}
