using BlasNet.Batching;
using BlasNet.Differentiation;
using BlasNet.Graphs;

namespace BlasNet.Execution;

/// <summary>Which passes run. Some may be left out for comparison.</summary>
internal sealed record EngineOptions
{
    /// <summary>Every node is computed as its user wrote it, into a place of its own.</summary>
    public static EngineOptions AsWritten { get; } = new() { Batching = false, Simplify = false, Fuse = false, ReuseMemory = false, CachedPlans = 0 };

    /// <summary>Merge the examples' nodes into stacks; if not, every example is computed separately.</summary>
    public bool Batching { get; init; } = true;

    /// <summary>Differentiate the minibatch graph before batching it, instead of the batched graph.</summary>
    public bool DifferentiateFirst { get; init; }

    /// <summary>Compute equal values of different examples once: a word's vector, and what follows from it alone.</summary>
    public bool ShareEqual { get; init; } = true;

    /// <inheritdoc cref="Signatures.NumbersApart"/>
    public int NumbersApart { get; init; } = Signatures.DefaultNumbersApart;

    /// <summary>Compute common subexpressions once.</summary>
    public bool Simplify { get; init; } = true;

    /// <summary>Compute chains of element-wise operators in one sweep, and a product with the bias that is added to it.</summary>
    public bool Fuse { get; init; } = true;

    /// <summary>Use views, sums in place, and memory again.</summary>
    public bool ReuseMemory { get; init; } = true;

    /// <summary>Size of the plan cache; 0 disables it. The plan of a large graph is cached only the second time its structure is seen.</summary>
    public int CachedPlans { get; init; } = 8;

    /// <summary>Receives the node for which each node of a gradient is made; null to keep no record.</summary>
    public GradientTrail? Trail { get; init; }

    /// <summary>Called after each pass with its name and its graph, which the next pass changes.</summary>
    public Action<string, Graph>? AfterPass { get; init; }

    /// <summary>Check every graph and plan; for tests.</summary>
    public bool Verify { get; init; }

    /// <summary>Wait for a thread that prepares the next microbatch, however busy all of them are; for tests.</summary>
    public bool AwaitPreparation { get; init; }
}
