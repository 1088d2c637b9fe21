namespace BlasNet.Graphs;

/// <summary>What reverse mode has gathered so far, as the operators' gradient rules see it.</summary>
internal interface IGradients
{
    /// <summary>The graph that is differentiated.</summary>
    Graph Graph { get; }

    /// <summary>Whether what different examples contribute to a value that they share is left unsummed.</summary>
    bool KeepsExamplesApart { get; }

    /// <summary>Whether the gradient with respect to a node is wanted.</summary>
    bool IsNeeded(int node);

    /// <summary>Adds to a node's gradient an expression of its shape, for one value or for the whole stack.</summary>
    void Add(int node, int expression);

    /// <summary>Adds to some ranges of a node's gradient.</summary>
    /// <param name="node">Any node.</param>
    /// <param name="expression">What the moves read.</param>
    /// <param name="moves">From <see cref="Graph.AddMoves"/>.</param>
    void AddScattered(int node, int expression, long moves);

    /// <summary>The moves of one input of a gather or scatter-add, from output to input.</summary>
    long Reverse(int node, int input);

    /// <summary>Gather or scatter-add: what moves elements by these moves to a stack of so many elements.</summary>
    Operator MoverOf(long moves, int length);

    /// <summary>The gradient with respect to a node: one expression, of the node's shape and count.</summary>
    /// <exception cref="InvalidOperationException">The loss does not depend on the node.</exception>
    Expr SumOf(int node);

    /// <summary>For each column of a gradient's stack whether the loss reaches it; empty where it reaches all. The others are zero.</summary>
    ReadOnlySpan<bool> ReachedOf(int gradient);

    /// <summary>Nodes whose sum is the gradient with respect to a node.</summary>
    /// <returns>How many they are; 0 where the loss does not depend on the node.</returns>
    int GetTerms(int node, Span<int> terms);
}
