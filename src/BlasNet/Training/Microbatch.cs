using BlasNet.Differentiation;
using BlasNet.Execution;
using BlasNet.Graphs;

namespace BlasNet.Training;

/// <summary>Examples that are computed together: the minibatch graph, which is their graphs side by side, and its plan.</summary>
/// <param name="graph">Its own.</param>
internal sealed class Microbatch(Graph graph)
{
    public Graph Graph { get; } = graph;

    /// <summary>Where each example begins in the graph, its weighted loss, and what is asked of its gradient, if anything.</summary>
    public PerExample Examples { get; } = new();

    public int Count => Examples.Losses.Count;

    /// <summary>For each example, the elements of its graph and of those before it; empty without a memory budget.</summary>
    public List<long> Ends { get; } = [];

    /// <summary>The memory that it takes; 0 without a memory budget.</summary>
    public MicrobatchMemory Memory { get; set; }

    /// <summary>Whether each example's gradient is asked for.</summary>
    public bool IsByExample { get; private set; }

    /// <summary>Whether its losses are of a graph that rounds have computed in part; then this one has only the data.</summary>
    public bool IsInRounds { get; set; }

    /// <summary>The plan; null until there is one.</summary>
    public CompiledPlan? Compiled { get; private set; }

    /// <param name="seed">Of the random draws.</param>
    /// <param name="byExample">Asks for each example's gradient.</param>
    /// <param name="clipNorm">The longest that these may be.</param>
    public void Clear(long seed, bool byExample, double clipNorm)
    {
        Hold(null);
        Graph.Clear();
        Graph.RandomSeed = seed;
        Examples.Clear();
        Examples.ClipNorm = clipNorm;
        (IsByExample, IsInRounds) = (byExample, false);
        Ends.Clear();
    }

    /// <summary>Takes a plan, which no other microbatch's plan replaces until this one lets it go.</summary>
    public void Hold(CompiledPlan? plan)
    {
        if (Compiled is not null)
            Compiled.Holders--;

        Compiled = plan;
        if (plan is not null)
            plan.Holders++;
    }
}
