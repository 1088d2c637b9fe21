using BlasNet.Differentiation;
using BlasNet.Graphs;

namespace BlasNet.Execution;

/// <summary>A minibatch graph, and what is to be computed of it.</summary>
/// <param name="graph">With batching off, gradients are appended to it.</param>
/// <param name="outputs">Expressions whose values are wanted.</param>
/// <param name="loss">The scalar to differentiate, if any.</param>
/// <param name="parameters">The parameters whose gradients are wanted.</param>
/// <param name="perExample">Asks for each example's gradient; <paramref name="loss"/> is the sum of the losses then too.</param>
internal readonly ref struct PlanRequest(Graph graph, ReadOnlySpan<Expr> outputs, Expr? loss, ReadOnlySpan<Parameter> parameters, PerExample? perExample)
{
    public Graph Graph { get; } = graph;

    public ReadOnlySpan<Expr> Outputs { get; } = outputs;

    public Expr? Loss { get; } = loss;

    public ReadOnlySpan<Parameter> Parameters { get; } = parameters;

    public PerExample? PerExample { get; } = perExample;

    /// <summary>What of a round stays for later ones; null where the graph is computed at once.</summary>
    public RoundValues? Round { get; init; }
}
