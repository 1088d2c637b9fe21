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

    public EncoderModel(IParameters parameters, EncoderConfiguration sizes)
    {
        _embeddings = new SequenceEmbedding(
            parameters, "embeddings", sizes.Size, sizes.Vocabulary, sizes.Positions, sizes.Types, sizes.FirstPosition, sizes.Epsilon);
        _layers = [.. Enumerable.Range(0, sizes.Layers).Select(number => new TransformerLayer(
            parameters, $"layers.{number}", sizes.Size, sizes.Inner, sizes.Heads, Activations[sizes.Activation], sizes.Epsilon))];
    }

    /// <summary>By the name that configurations have for them.</summary>
    public static IReadOnlyDictionary<string, Func<Expr, Expr>> Activations { get; } =
        new Dictionary<string, Func<Expr, Expr>> { ["gelu"] = Op.Gelu, ["relu"] = Op.Relu };

    /// <summary>A text's vectors: one for each token, given all of them.</summary>
    /// <param name="graph">The graph to add them to.</param>
    /// <param name="tokens">n of them, those that begin and end a text included.</param>
    /// <returns>[size × n].</returns>
    public Expr Apply(Graph graph, ReadOnlySpan<int> tokens) =>
        _layers.Aggregate(_embeddings.Of(graph, tokens), (vectors, layer) => layer.Apply(vectors));
}
