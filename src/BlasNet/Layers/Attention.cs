using BlasNet.Graphs;
using BlasNet.Operators;

namespace BlasNet.Layers;

/// <summary>Scaled dot-product attention of one example's vectors to each other, or to those of another sequence, of one head or several:
/// V·softmax(Kᵀ·Q/√d).</summary>
/// <remarks>A sequence is a matrix with one vector per column, as long as this example happens to be: nothing is padded, so nothing is masked. Over a minibatch
/// all lengths take the launches of one. Several heads have their results one below the other; <see cref="MultiHeadAttention"/> also brings them together.
/// Source: Vaswani et al., "Attention Is All You Need", NIPS 2017, arXiv:1706.03762, section 3.2, whose matrices have one vector per row.</remarks>
public sealed class Attention
{
    private readonly Parameter _q, _k, _v;
    private readonly Parameter? _bq, _bk, _bv;
    private readonly int _heads;
    private readonly double _dropout;
    private readonly Func<Parameter, Expr, Expr> _product;

    /// <param name="parameters">The model, which receives <c>name.Q</c>, <c>name.K</c> and <c>name.V</c>, [size × inputs] each; with biases also
    /// <c>name.bQ</c>, <c>name.bK</c> and <c>name.bV</c>, [size].</param>
    /// <param name="name">Unique within the model.</param>
    /// <param name="inputs">Length of a vector.</param>
    /// <param name="size">Length of a query, a key and a value, of all heads together.</param>
    /// <param name="heads">Number of heads, each with size/heads rows of queries, keys and values.</param>
    /// <param name="bias">Whether a bias is added to queries, keys and values.</param>
    /// <param name="dropout">In training, the probability that a weight of the softmax is set to 0, see <see cref="Op.Dropout"/>.</param>
    /// <param name="product">How a weight multiplies; null for W·x. See <see cref="LowRankAdapters.Multiply"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="heads"/> is below 1, or does not divide <paramref name="size"/>; or
    /// <paramref name="dropout"/> is not in 0 ≤ dropout &lt; 1.</exception>
    public Attention(
        IParameters parameters, string name, int inputs, int size, int heads = 1, bool bias = false, double dropout = 0,
        Func<Parameter, Expr, Expr>? product = null)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        if (heads < 1 || size % heads != 0)
            throw new ArgumentOutOfRangeException(nameof(heads), heads, $"the number of heads must divide the size ({size}).");

        if (!(dropout is >= 0 and < 1))
            throw new ArgumentOutOfRangeException(nameof(dropout), dropout, "the rate of dropout must be at least 0 and below 1.");

        (_heads, _dropout, _product) = (heads, dropout, product ?? Linear.WeightTimes);
        _q = parameters.Weight($"{name}.Q", size, inputs);
        _k = parameters.Weight($"{name}.K", size, inputs);
        _v = parameters.Weight($"{name}.V", size, inputs);
        if (bias)
            (_bq, _bk, _bv) = (parameters.Bias($"{name}.bQ", size), parameters.Bias($"{name}.bK", size), parameters.Bias($"{name}.bV", size));
    }

    /// <summary>For each vector the mean of all values, weighted by how well its query fits their keys.</summary>
    /// <param name="x">[inputs × n]; see <see cref="Op.ConcatenateColumns"/>.</param>
    /// <returns>[size × n].</returns>
    /// <exception cref="ShapeException"><paramref name="x"/> has another number of rows.</exception>
    public Expr Apply(Expr x) => Apply(x, x);

    /// <summary>The same with queries from one sequence, keys and values from another: of a decoder to what the encoder gave.</summary>
    /// <param name="x">[inputs × n], whose vectors ask.</param>
    /// <param name="context">[inputs × m], whose vectors answer.</param>
    /// <returns>[size × n].</returns>
    /// <exception cref="ShapeException">One of them has another number of rows.</exception>
    public Expr Apply(Expr x, Expr context) =>
        Op.Attention(Product(_q, x, _bq), Product(_k, context, _bk), Product(_v, context, _bv), _heads, _dropout);

    private Expr Product(Parameter w, Expr x, Parameter? b) => b is null ? _product(w, x) : Op.Add(_product(w, x), b);
}
