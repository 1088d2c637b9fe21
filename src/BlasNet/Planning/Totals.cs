using BlasNet.Graphs;
using BlasNet.Operators.Intrinsics;

namespace BlasNet.Planning;

/// <summary>Makes every gradient a sum of its own, into which its terms can be computed directly.</summary>
/// <remarks>The gradient buffer holds the sum over all microbatches of a step, so it is never read as a value: what a node, an output or another
/// parameter reads is computed elsewhere and then added. Time O(N + E).</remarks>
internal sealed class Totals
{
    private readonly HashSet<int> _wanted = [];
    private bool[] _isRead = [];

    /// <param name="graph">Extended in place.</param>
    /// <param name="kept">Nodes whose values are wanted besides the gradients.</param>
    /// <param name="gradients">Each is replaced by its sum.</param>
    public void Run(Graph graph, ReadOnlySpan<int> kept, Span<int> gradients)
    {
        FindRead(graph, kept, gradients);
        foreach (ref int gradient in gradients)
        {
            if (_isRead[gradient] || graph.OperatorOf(gradient).Storage != Storage.Accumulator)
                gradient = graph.Append(TotalOperator.Instance, 0, [gradient]);
        }
    }

    private void FindRead(Graph graph, ReadOnlySpan<int> kept, ReadOnlySpan<int> gradients)
    {
        if (_isRead.Length < graph.Count)
            _isRead = new bool[graph.Capacity];

        Array.Clear(_isRead, 0, graph.Count);
        for (int node = 0; node < graph.Count; node++)
        {
            foreach (int input in graph.InputsOf(node))
                _isRead[input] = true;
        }

        foreach (int node in kept)
            _isRead[node] = true;

        // One value may be the gradient with respect to several parameters.
        _wanted.Clear();
        foreach (int gradient in gradients)
        {
            if (!_wanted.Add(gradient))
                _isRead[gradient] = true;
        }
    }
}
