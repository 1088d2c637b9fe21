namespace BlasNet.Graphs.Functions;

/// <summary>An operator that stands for a graph of others, which is put in its place before anything is computed: a call, a recurrence.</summary>
internal abstract class CompositeOperator(Traits traits) : Operator(traits)
{
    /// <summary>Indices of the parameters that this graph reads by itself: they are not among the node's inputs.</summary>
    public abstract IReadOnlySet<int> Parameters { get; }
}
