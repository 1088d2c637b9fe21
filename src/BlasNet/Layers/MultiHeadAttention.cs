using BlasNet.Graphs;

namespace BlasNet.Layers;

/// <summary>Attention of several heads, whose results one matrix brings together: W·[head₁; …; head_h] + b.</summary>
/// <remarks>See <see cref="Attention"/>. Source: Vaswani et al., "Attention Is All You Need", NIPS 2017, arXiv:1706.03762, section 3.2.2.</remarks>
public sealed class MultiHeadAttention
{
    private readonly Attention _attention;
    private readonly Linear _output;

    /// <param name="parameters">The model, which receives <c>name.Q</c>, <c>name.K</c>, <c>name.V</c> and <c>name.output.W</c>, [size × size] each, and
    /// <c>name.output.b</c>; with biases also <c>name.bQ</c>, <c>name.bK</c> and <c>name.bV</c>, [size].</param>
    /// <param name="name">Unique within the model.</param>
    /// <param name="size">Length of a vector, and of a query, a key and a value of all heads together.</param>
    /// <param name="heads">Number of heads, each with size/heads rows of queries, keys and values.</param>
    /// <param name="bias">Whether a bias is added to queries, keys and values.</param>
    /// <param name="dropout">In training, the probability that a weight of the softmax is set to 0.</param>
    /// <param name="product">How a weight multiplies; null for W·x. See <see cref="LowRankAdapters.Multiply"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="heads"/> is below 1, or does not divide <paramref name="size"/>; or
    /// <paramref name="dropout"/> is not in 0 ≤ dropout &lt; 1.</exception>
    public MultiHeadAttention(
        IParameters parameters, string name, int size, int heads, bool bias = true, double dropout = 0, Func<Parameter, Expr, Expr>? product = null)
    {
        _attention = new Attention(parameters, name, size, size, heads, bias, dropout, product);
        _output = new Linear(parameters, $"{name}.output", size, size, product: product);
    }

    /// <summary>Attention of a sequence's vectors to each other.</summary>
    /// <param name="x">[size × n].</param>
    /// <returns>[size × n].</returns>
    /// <exception cref="ShapeException"><paramref name="x"/> has another number of rows.</exception>
    public Expr Apply(Expr x) => Apply(x, x);

    /// <summary>Attention of a sequence's vectors to those of another one.</summary>
    /// <param name="x">[size × n], whose vectors ask.</param>
    /// <param name="context">[size × m], whose vectors answer.</param>
    /// <returns>[size × n].</returns>
    /// <exception cref="ShapeException">One of them has another number of rows.</exception>
    public Expr Apply(Expr x, Expr context) => _output.Apply(_attention.Apply(x, context));
}
