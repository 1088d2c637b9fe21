namespace BlasNet.Graphs;

/// <summary>Where a value lies in another graph: in a node's stack, from an element on.</summary>
/// <param name="Node">The node; −1 for a value that the graph does not have.</param>
/// <param name="Offset">The first element.</param>
internal readonly record struct Location(int Node, int Offset = 0);
