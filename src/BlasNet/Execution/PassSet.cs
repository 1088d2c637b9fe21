using BlasNet.Batching;
using BlasNet.Differentiation;
using BlasNet.Fusion;
using BlasNet.Graphs;
using BlasNet.Planning;

namespace BlasNet.Execution;

/// <summary>The passes that lead to a graph of a pipeline's own, with the memory they work in; pipelines that take turns share them.</summary>
internal sealed class PassSet
{
    public PassSet(Precision precision, EngineOptions options)
    {
        Batch = new Batch(new Graph(precision));
        Inline = new Inline(new Graph(precision)) { Fuse = options.Fuse ? FuseBody.Run : null };
        BatchInlined = new Batch(new Graph(precision));
        Differentiate = new Differentiate { MergeSums = options.Batching && !options.DifferentiateFirst, Trail = options.Trail };
        BufferPlanner = new BufferPlanner { Reuse = options.ReuseMemory };
    }

    public Batch Batch { get; }

    public Inline Inline { get; }

    /// <summary>Batches once more, when calls have been replaced by what they call.</summary>
    public Batch BatchInlined { get; }

    public Differentiate Differentiate { get; }

    public BufferPlanner BufferPlanner { get; }
}
