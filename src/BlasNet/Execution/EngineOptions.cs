using BlasNet.Differentiation;
using BlasNet.Graphs;

namespace BlasNet.Execution;

/// <summary>Which passes run; all of them, except to compare.</summary>
internal sealed record EngineOptions
{
    /// <summary>Every node is computed as its user wrote it, into a place of its own.</summary>
    public static EngineOptions AsWritten { get; } = new() { Batching = false, Simplify = false, Fuse = false, ReuseMemory = false, CachedPlans = 0 };

    /// <summary>Merge the examples' nodes into stacks; without, every example is computed by itself.</summary>
    public bool Batching { get; init; } = true;

    /// <summary>Differentiate the minibatch graph before batching it, instead of the batched graph.</summary>
    public bool DifferentiateFirst { get; init; }

    /// <summary>Compute once what is equal in several examples: the same word's vector, and what follows from it alone.</summary>
    public bool ShareEqual { get; init; } = true;

    /// <summary>Compute common subexpressions once.</summary>
    public bool Simplify { get; init; } = true;

    /// <summary>Compute chains of element-wise operators in one sweep, and a product with the bias that is added to it.</summary>
    public bool Fuse { get; init; } = true;

    /// <summary>Views, sums in place and memory that is used again.</summary>
    public bool ReuseMemory { get; init; } = true;

    /// <summary>How many plans are kept for minibatch graphs of a structure seen before, twice if it is a large one; 0 for none.</summary>
    public int CachedPlans { get; init; } = 8;

    /// <summary>Notes which node each node of a gradient is made for; null for not.</summary>
    public GradientTrail? Trail { get; init; }

    /// <summary>Is shown each pass's name and the graph after it, which the next pass changes; to explain.</summary>
    public Action<string, Graph>? AfterPass { get; init; }

    /// <summary>Check every graph and plan; for tests.</summary>
    public bool Verify { get; init; }

    /// <summary>Wait for a thread that prepares the next pass, however busy all of them are; for tests.</summary>
    public bool AwaitPreparation { get; init; }
}
