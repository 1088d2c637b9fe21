using BlasNet.Graphs;
using BlasNet.Operators;

namespace BlasNet.Layers;

/// <summary>A layer of a Transformer's encoder, for one example's vectors: attention, then two products with an activation between them; after each
/// the argument is added and the sum normalised (post-norm).</summary>
/// <remarks>a = norm(x + attention(x)); y = norm(a + W₂·f(W₁·a + b₁) + b₂); in training, dropout on what is added to x and to a. Over a minibatch all lengths
/// take the launches of one.
/// Source: Vaswani et al., "Attention Is All You Need", NIPS 2017, arXiv:1706.03762, section 3.1; Devlin et al., "BERT", NAACL 2019,
/// arXiv:1810.04805.</remarks>
public sealed class TransformerLayer
{
    private readonly MultiHeadAttention _attention;
    private readonly Linear _up, _down;
    private readonly LayerNormalization _attended, _fed;
    private readonly Func<Expr, Expr> _activation;
    private readonly double _dropout;

    /// <param name="parameters">The model, which receives the parameters of <see cref="MultiHeadAttention"/> <c>name.attention</c>, of
    /// <see cref="Linear"/> <c>name.up</c> and <c>name.down</c>, and of <see cref="LayerNormalization"/> <c>name.attended</c> and <c>name.fed</c>.</param>
    /// <param name="name">Unique within the model.</param>
    /// <param name="size">Length of a vector.</param>
    /// <param name="inner">Length of a vector between the two products.</param>
    /// <param name="heads">Number of attention heads; divides <paramref name="size"/>.</param>
    /// <param name="activation">f, element by element.</param>
    /// <param name="epsilon">Of both normalisations.</param>
    /// <param name="dropout">In training, the probability that an element of the attention's result, or of the second product's, is set to 0.</param>
    /// <param name="attentionDropout">In training, the probability that a weight of the softmax is set to 0.</param>
    /// <param name="product">How a weight multiplies; null for W·x. See <see cref="LowRankAdapters.Multiply"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="heads"/> is below 1, or does not divide <paramref name="size"/>; or
    /// a rate of dropout is not in 0 ≤ rate &lt; 1.</exception>
    public TransformerLayer(
        IParameters parameters, string name, int size, int inner, int heads, Func<Expr, Expr> activation, double epsilon = 1e-5,
        double dropout = 0, double attentionDropout = 0, Func<Parameter, Expr, Expr>? product = null)
    {
        ArgumentNullException.ThrowIfNull(activation);
        Op.RequireRate(dropout);
        (_activation, _dropout) = (activation, dropout);
        _attention = new MultiHeadAttention(parameters, $"{name}.attention", size, heads, dropout: attentionDropout, product: product);
        _attended = new LayerNormalization(parameters, $"{name}.attended", size, epsilon);
        _up = new Linear(parameters, $"{name}.up", inner, size, product: product);
        _down = new Linear(parameters, $"{name}.down", size, inner, product: product);
        _fed = new LayerNormalization(parameters, $"{name}.fed", size, epsilon);
    }

    /// <summary>What the layer makes of each vector, given all of them.</summary>
    /// <param name="x">[size × n].</param>
    /// <returns>[size × n].</returns>
    /// <exception cref="ShapeException"><paramref name="x"/> has another number of rows.</exception>
    public Expr Apply(Expr x)
    {
        Expr attended = _attended.Apply(x + Op.Dropout(_attention.Apply(x), _dropout));
        return _fed.Apply(attended + Op.Dropout(_down.Apply(_activation(_up.Apply(attended))), _dropout));
    }
}
