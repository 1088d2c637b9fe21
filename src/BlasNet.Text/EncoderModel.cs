using BlasNet.Graphs;
using BlasNet.Layers;
using BlasNet.Operators;
using BlasNet.Text.Files;

namespace BlasNet.Text;

/// <summary>The network: written for one text, of whatever length, with the layers that any model is made of.</summary>
internal sealed class EncoderModel
{
    private readonly SequenceEmbedding _embeddings;
    private readonly TransformerLayer[] _layers;
    private readonly double _dropout;
    private readonly bool _marksSecond;

    /// <param name="parameters">Receives the parameters.</param>
    /// <param name="sizes">The network's.</param>
    /// <param name="drops">Whether training drops what the configuration says.</param>
    /// <param name="product">How a weight multiplies; null for W·x.</param>
    public EncoderModel(IParameters parameters, EncoderConfiguration sizes, bool drops = false, Func<Parameter, Expr, Expr>? product = null)
    {
        (_dropout, _marksSecond) = (drops ? sizes.Dropout : 0, sizes.MarksSecond);
        _embeddings = new SequenceEmbedding(
            parameters, "embeddings", sizes.Size, sizes.Vocabulary, sizes.Positions, sizes.Types, sizes.FirstPosition, sizes.Epsilon);
        _layers = [.. Enumerable.Range(0, sizes.Layers).Select(number => new TransformerLayer(
            parameters, $"layers.{number}", sizes.Size, sizes.Inner, sizes.Heads, Activations[sizes.Activation], sizes.Epsilon,
            _dropout, drops ? sizes.AttentionDropout : 0, product))];
    }

    /// <summary>By the name that configurations have for them.</summary>
    public static IReadOnlyDictionary<string, Func<Expr, Expr>> Activations { get; } =
        new Dictionary<string, Func<Expr, Expr>> { ["gelu"] = Op.Gelu, ["relu"] = Op.Relu };

    /// <summary>A text's vectors: one for each token, given all of them.</summary>
    /// <param name="graph">The graph to add them to.</param>
    /// <param name="tokens">n of them, those that begin and end a text included.</param>
    /// <param name="secondStart">The first token of the second type, where there are types.</param>
    /// <returns>[size × n].</returns>
    public Expr Apply(Graph graph, ReadOnlySpan<int> tokens, int secondStart = int.MaxValue)
    {
        int[] types = [];
        if (_marksSecond && secondStart < tokens.Length)
        {
            types = new int[tokens.Length];
            types.AsSpan(secondStart).Fill(1);
        }

        return _layers.Aggregate(
            Op.Dropout(_embeddings.Of(graph, tokens, types), _dropout), (vectors, layer) => layer.Apply(vectors));
    }
}
