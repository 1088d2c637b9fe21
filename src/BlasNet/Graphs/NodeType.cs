namespace BlasNet.Graphs;

/// <summary>What is known of a node beside its inputs. Nodes of one operator, attribute and input types share one: in a minibatch graph, thousands of nodes
/// have a few dozen types.</summary>
/// <param name="Operator">What it computes.</param>
/// <param name="Attribute">The operator's argument: a number, a place, a list of moves. For data, the place where its pool begins.</param>
/// <param name="Shape">Of one value.</param>
/// <param name="Count">Values of the stack.</param>
/// <param name="InputCount">Number of inputs.</param>
/// <param name="IsShared">The same value for every example. Shared nodes of one type have one value.</param>
internal readonly record struct NodeType(Operator Operator, long Attribute, Shape Shape, int Count, int InputCount, bool IsShared)
{
    /// <summary>For a node that stands for one of several results: which one, from 1; 0 for other nodes.</summary>
    public int Result { get; init; }

    /// <summary>How many nodes after this one stand for its results; 0 for a node with one result, which it is itself.</summary>
    public int ResultNodes { get; init; }

    /// <summary>What inputs must agree in for their readers to have one type: shape and count, and for shared inputs the value.</summary>
    public required ulong Token { get; init; }

    /// <summary>Where the graph keeps the tokens of the inputs.</summary>
    public int FirstToken { get; init; }

    /// <summary>Elements of the whole stack.</summary>
    public int Length => checked(Count * Shape.Size);

    /// <summary>Where the results of a node of this type are; nothing else needs to know whether they are nodes of their own.</summary>
    public ResultRange ResultsAt(int node) => ResultNodes > 0 ? new ResultRange(node + 1, ResultNodes) : new ResultRange(node, 1);
}
