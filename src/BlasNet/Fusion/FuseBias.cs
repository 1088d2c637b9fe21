using BlasNet.Graphs;

namespace BlasNet.Fusion;

/// <summary>Copies a graph, computing W·x + b, where all examples share b, as one product that starts from its bias.</summary>
/// <remarks>Runs on a graph in which every node is needed. The sum stays a node of its own if the product has other readers, or if the sum's only reader
/// is element-wise: that one adds the bias in its own sweep. A graph without such sums stays itself. Time O(N + E).</remarks>
internal sealed class FuseBias(Graph target) : NodeRewrite(target)
{
    private readonly Readers _readers = new();
    private bool[] _isMerged = [];   // by product: its bias's sum computes it

    /// <summary>Whether a node adds a vector that all examples share to each column of a product.</summary>
    /// <param name="graph">Any graph.</param>
    /// <param name="sum">Any node of it.</param>
    /// <param name="product">W·x.</param>
    /// <param name="bias">b.</param>
    public static bool TryFind(Graph graph, int sum, out int product, out int bias)
    {
        (product, bias) = (-1, -1);
        if (!graph.OperatorOf(sum).IsAddition)
            return false;

        ReadOnlySpan<int> terms = graph.InputsOf(sum);
        (product, bias) = graph.OperatorOf(terms[0]).WithBias is null ? (terms[1], terms[0]) : (terms[0], terms[1]);
        return graph.OperatorOf(product).WithBias is not null && graph.ShapeOf(product) == graph.ShapeOf(sum) && graph.CountOf(product) == graph.CountOf(sum)
            && graph.IsShared(bias) && graph.ShapeOf(bias) == new Shape(graph.ShapeOf(sum).Rows);
    }

    protected override void Rewrite(Graph source, int node)
    {
        if (_isMerged[node])
            Rewriter[node] = -1;
        else if (TryFind(source, node, out int product, out int bias) && _isMerged[product])
            Rewriter[node] = AppendWithBias(source, node, product, bias);
        else
            Rewriter.Copy(node);
    }

    protected override bool FindChanges(Graph source, ReadOnlySpan<int> kept)
    {
        bool found = false, merges = false;
        for (int node = 0; node < source.Count; node++)
        {
            if (!TryFind(source, node, out int product, out _))
                continue;

            if (!found)
                Begin(source, kept);

            found = true;
            bool addsElsewhere = _readers.SoleReaderOf(node) is >= 0 and var reader && source.OperatorOf(reader).IsFusible;
            _isMerged[product] = _readers.SoleReaderOf(product) == node && !addsElsewhere;
            merges |= _isMerged[product];
        }

        return merges;
    }

    private void Begin(Graph source, ReadOnlySpan<int> kept)
    {
        if (_isMerged.Length < source.Count)
            _isMerged = new bool[source.Capacity];

        Array.Clear(_isMerged, 0, source.Count);
        _readers.Run(source, kept);
    }

    private int AppendWithBias(Graph source, int sum, int product, int bias)
    {
        Span<int> inputs = Rewriter.InputsOf(product, more: 1);
        inputs[^1] = Rewriter[bias];
        return Rewriter.Append(sum, source.OperatorOf(product).WithBias!, inputs);
    }
}
