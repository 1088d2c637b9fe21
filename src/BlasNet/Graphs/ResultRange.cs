namespace BlasNet.Graphs;

/// <summary>The nodes that hold what one node computes: the node itself or, where its operator has several results, those right after it.</summary>
/// <param name="First">The node of the first result.</param>
/// <param name="Count">Number of results, at least 1.</param>
internal readonly record struct ResultRange(int First, int Count)
{
    /// <summary>The node after the last of them.</summary>
    public int End => First + Count;

    /// <summary>The node of one result.</summary>
    public int this[int result] => First + result;
}
