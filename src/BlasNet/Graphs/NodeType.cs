namespace BlasNet.Graphs;

/// <summary>All that is known of a node but for its inputs. Nodes that are made alike share one: in a minibatch graph thousands of nodes have a dozen forms.</summary>
/// <param name="Operator">What it computes.</param>
/// <param name="Attribute">What else the operator needs to know: a number, a place, a list of runs. Of an example's numbers: the place where their pool begins.</param>
/// <param name="Shape">Of one value.</param>
/// <param name="Count">Values of the stack.</param>
/// <param name="InputCount">Number of inputs.</param>
/// <param name="IsShared">The same value for every example. Shared nodes of one form have one value.</param>
internal readonly record struct NodeType(Operator Operator, long Attribute, Shape Shape, int Count, int InputCount, bool IsShared)
{
    /// <summary>For a node that stands for one of the results of the node before it: which one, from 1; 0 for others.</summary>
    public int Result { get; init; }

    /// <summary>How many nodes after this one stand for its results; 0 where it has a single one and is that itself.</summary>
    public int ResultNodes { get; init; }

    /// <summary>What must agree of the inputs of nodes that are made alike: shape, count, and, of a shared input, the value.</summary>
    public required ulong Token { get; init; }

    /// <summary>Where the graph keeps the tokens of the inputs.</summary>
    public int FirstToken { get; init; }

    /// <summary>Elements of the whole stack.</summary>
    public int Length => checked(Count * Shape.Size);

    /// <summary>Where the results of a node of this type are; nothing else needs to know whether they are nodes of their own.</summary>
    public ResultRange ResultsAt(int node) => ResultNodes > 0 ? new ResultRange(node + 1, ResultNodes) : new ResultRange(node, 1);
}
