using BlasNet.Graphs;

namespace BlasNet.Fusion;

/// <summary>The nodes of Y = V·softmax(Kᵀ·Q) and of its gradients. With S the scores, P their softmax: dV = dY·Pᵀ, dP = Vᵀ·dY, dS = P∘(dP − Σ P∘dP),
/// dK = Q·dSᵀ, dQ = K·dS.</summary>
internal readonly record struct AttentionGradient
{
    /// <summary>Nodes on the way from K and Q to dK and dQ, which nothing else reads: S, P, dP, P∘dP, its sum, dP less that, dS.</summary>
    public required int Scores { get; init; }

    /// <inheritdoc cref="Scores"/>
    public required int Softmax { get; init; }

    /// <inheritdoc cref="Scores"/>
    public required int SoftmaxGradient { get; init; }

    /// <inheritdoc cref="Scores"/>
    public required int Product { get; init; }

    /// <inheritdoc cref="Scores"/>
    public required int Total { get; init; }

    /// <inheritdoc cref="Scores"/>
    public required int Difference { get; init; }

    /// <inheritdoc cref="Scores"/>
    public required int ScoresGradient { get; init; }

    /// <summary>Y.</summary>
    public required int Result { get; init; }

    /// <summary>dK, dQ and dV.</summary>
    public required int OfKeys { get; init; }

    /// <inheritdoc cref="OfKeys"/>
    public required int OfQueries { get; init; }

    /// <inheritdoc cref="OfKeys"/>
    public required int OfValues { get; init; }
}

/// <summary>Finds attention whose scores only its own gradients read, so that they need not be in memory.</summary>
/// <remarks>K, Q and V must be of one shape and have gradients, as where a sequence attends to itself: then the three gradients can be the results of one
/// node.</remarks>
internal sealed class AttentionGradients
{
    private readonly Dictionary<int, int> _byKey = [], _byQuery = [];   // of scores: the product that reads them
    private int[] _readers = [];   // how many, and many for what is wanted besides

    /// <summary>What was found last.</summary>
    public List<AttentionGradient> Found { get; } = [];

    /// <summary>Finds all.</summary>
    /// <param name="graph">After differentiation; N nodes, E edges. Time O(N + E), or O(N) without attention.</param>
    /// <param name="kept">Nodes whose values are wanted; negative entries are passed over.</param>
    public void Run(Graph graph, ReadOnlySpan<int> kept)
    {
        Found.Clear();
        _byKey.Clear();
        _byQuery.Clear();
        for (int node = 0; node < graph.Count; node++)
        {
            AttentionPart part = PartOf(graph, node);
            if (part == AttentionPart.ByKey)
                _byKey[graph.InputsOf(node)[1]] = node;
            else if (part == AttentionPart.Result)
                _byQuery[graph.InputsOf(node)[1]] = node;
        }

        if (_byKey.Count == 0)
            return;

        CountReaders(graph, kept);
        foreach ((int scoresGradient, int ofKeys) in _byKey)
        {
            if (_byQuery.TryGetValue(scoresGradient, out int ofQueries) && Find(graph, scoresGradient, ofKeys, ofQueries) is { } gradient)
                Found.Add(gradient);
        }
    }

    private void CountReaders(Graph graph, ReadOnlySpan<int> kept)
    {
        if (_readers.Length < graph.Count)
            _readers = new int[graph.Capacity];

        Array.Clear(_readers, 0, graph.Count);
        for (int node = 0; node < graph.Count; node++)
        {
            foreach (int input in graph.InputsOf(node))
                _readers[input]++;
        }

        foreach (int node in kept)
        {
            if (node >= 0)
                _readers[node] = int.MaxValue;
        }
    }

    // From dS back to S.
    private AttentionGradient? Find(Graph graph, int scoresGradient, int ofKeys, int ofQueries)
    {
        if (!TryRead(graph, scoresGradient, Arithmetic.Product, out int softmax, out int difference)
            || !TryRead(graph, difference, Arithmetic.Difference, out int softmaxGradient, out int total)
            || PartOf(graph, total) != AttentionPart.Total || PartOf(graph, softmax) != AttentionPart.Softmax
            || graph.InputsOf(total)[0] is var product && (!TryRead(graph, product, Arithmetic.Product, out int factor, out int other)
                || factor != softmax || other != softmaxGradient)
            || PartOf(graph, softmaxGradient) != AttentionPart.Scores
            || !_byQuery.TryGetValue(softmax, out int result) || !_byKey.TryGetValue(softmax, out int ofValues)
            || FusedAttention.Find(graph, result, out _, out int scores) is null)
            return null;

        var gradient = new AttentionGradient
        {
            Scores = scores,
            Softmax = softmax,
            SoftmaxGradient = softmaxGradient,
            Product = product,
            Total = total,
            Difference = difference,
            ScoresGradient = scoresGradient,
            Result = result,
            OfKeys = ofKeys,
            OfQueries = ofQueries,
            OfValues = ofValues,
        };
        return IsAlone(gradient) && IsOfOneShape(graph, gradient) ? gradient : null;
    }

    // P has the readers Y, dV, P∘dP and dS.
    private bool IsAlone(in AttentionGradient gradient) =>
        _readers[gradient.Scores] == 1 && _readers[gradient.Softmax] == 4 && _readers[gradient.SoftmaxGradient] == 2 && _readers[gradient.Product] == 1
        && _readers[gradient.Total] == 1 && _readers[gradient.Difference] == 1 && _readers[gradient.ScoresGradient] == 2;

    // Of those that are read, the same by all; and there where the first gradient is.
    private static bool IsOfOneShape(Graph graph, in AttentionGradient gradient)
    {
        if (graph.InputsOf(gradient.Scores) is not [var keys, var queries] || graph.InputsOf(gradient.SoftmaxGradient) is not [var values, var dy]
            || graph.InputsOf(gradient.Result)[0] != values || graph.InputsOf(gradient.OfValues)[0] != dy
            || graph.InputsOf(gradient.OfKeys)[0] != queries || graph.InputsOf(gradient.OfQueries)[0] != keys
            || Math.Max(values, gradient.Softmax) > gradient.OfValues || gradient.OfValues > Math.Min(gradient.OfKeys, gradient.OfQueries))
            return false;

        foreach (int node in (ReadOnlySpan<int>)[keys, queries, values, dy, gradient.OfKeys, gradient.OfQueries])
        {
            if (graph.IsShared(node) || graph.ShapeOf(node) != graph.ShapeOf(gradient.OfValues) || graph.CountOf(node) != graph.CountOf(gradient.OfValues))
                return false;
        }

        return true;
    }

    private static bool TryRead(Graph graph, int node, Arithmetic arithmetic, out int first, out int second)
    {
        ReadOnlySpan<int> inputs = graph.InputsOf(node);
        bool isRead = graph.OperatorOf(node).Traits.Arithmetic == arithmetic;
        (first, second) = isRead ? (inputs[0], inputs[1]) : (-1, -1);
        return isRead;
    }

    private static AttentionPart PartOf(Graph graph, int node) => graph.OperatorOf(node).Traits.Attention;
}
