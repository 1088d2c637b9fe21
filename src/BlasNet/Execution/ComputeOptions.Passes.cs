using BlasNet.Batching;
using BlasNet.Differentiation;
using BlasNet.Graphs;
using BlasNet.Kernels;

namespace BlasNet;

/// <content>Which passes run. Some may be left out for comparison.</content>
public sealed partial record ComputeOptions
{
    /// <summary>Every node is computed as its user wrote it, into a place of its own.</summary>
    internal static ComputeOptions AsWritten =>
        new() { Batching = false, Simplify = false, Fuse = false, ReuseMemory = false, CachedPlans = 0 };

    /// <summary>What counts on a thread while it computes by these options.</summary>
    internal ComputeSettings Settings => new(Threads, Kernels) { IsEager = IsEager };

    /// <summary>Differentiate the minibatch graph before batching it, instead of the batched graph.</summary>
    internal bool DifferentiateFirst { get; init; }

    /// <summary>Compute equal values of different examples once: a word's vector, and what follows from it alone.</summary>
    internal bool ShareEqual { get; init; } = true;

    /// <summary>How many integers a minibatch has at least for equal ones to be computed once.</summary>
    internal int ComparesFrom { get; init; } = ComputeSettings.Current.IsEager ? 0 : IntegerFacts.DefaultLeast;

    /// <inheritdoc cref="Signatures.NumbersApart"/>
    internal int NumbersApart { get; init; } = Signatures.DefaultNumbersApart;

    /// <summary>Compute common subexpressions once.</summary>
    internal bool Simplify { get; init; } = true;

    /// <summary>Compute chains of element-wise operators in one sweep, and a product with the bias that is added to it.</summary>
    internal bool Fuse { get; init; } = true;

    /// <inheritdoc cref="ComputeSettings.IsEager"/>
    internal bool IsEager { get; init; } = ComputeSettings.Current.IsEager;

    /// <summary>Use views, sums in place, and memory again.</summary>
    internal bool ReuseMemory { get; init; } = true;

    /// <summary>Receives the node for which each node of a gradient is made; null to keep no record.</summary>
    internal GradientTrail? Trail { get; init; }

    /// <summary>Called after each pass with its name and its graph, which the next pass changes.</summary>
    internal Action<string, Graph>? AfterPass { get; init; }

    /// <summary>Wait for a thread that prepares the next microbatch, however busy all of them are; for tests.</summary>
    internal bool AwaitPreparation { get; init; }
}
