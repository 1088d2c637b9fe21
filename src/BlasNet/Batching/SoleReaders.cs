using System.Runtime.InteropServices;
using BlasNet.Graphs;

namespace BlasNet.Batching;

/// <summary>Tells which n-ary sum is the only reader of a node.</summary>
/// <remarks>Terms that add up over a stack may merge only if they go into the same sum and nowhere else. Found when first asked for, because only graphs
/// with gradients have such terms.</remarks>
internal sealed class SoleReaders
{
    private readonly Readers _readers = new();
    private readonly List<int> _kept = [];
    private bool _isKnown;
    private Graph _graph = null!;

    /// <param name="graph">The graph.</param>
    /// <param name="kept">Nodes whose own values are wanted, whatever sum they go into.</param>
    public void Begin(Graph graph, ReadOnlySpan<int> kept)
    {
        (_graph, _isKnown) = (graph, false);
        _kept.Clear();
        _kept.AddRange(kept);
    }

    /// <summary>The n-ary sum that alone reads a node; −1 if there is none.</summary>
    public int Of(int node)
    {
        if (!_isKnown)
            _readers.Run(_graph, CollectionsMarshal.AsSpan(_kept));

        _isKnown = true;
        int reader = _readers.SoleReaderOf(node);
        return reader >= 0 && _graph.OperatorOf(reader).Merging == Merging.Reduction ? reader : -1;
    }

    /// <summary>Whether two nodes are terms of one sum and read by nothing else.</summary>
    public bool HaveOne(int node, int other) => Of(node) >= 0 && Of(node) == Of(other);
}
