namespace BlasNet.Graphs.Functions;

/// <summary>How the steps of a recurrence become one node: what is computed before it, for all vertices at once, and what the node computes.</summary>
/// <param name="Operator">Of the node. Inputs: for each part of a state the states of the starts; the results of <paramref name="Before"/>; the values of
/// <paramref name="Shared"/>. Its first results are the states.</param>
/// <param name="Before">What does not depend on a state; its arguments are those of the step without the states. Null where there is no such thing.</param>
/// <param name="Step">The step's graph, without calls.</param>
/// <param name="Shared">Nodes of <paramref name="Step"/> that are the same for all vertices.</param>
internal sealed record Scan(ScanOperator Operator, Body? Before, Graph Step, int[] Shared);
