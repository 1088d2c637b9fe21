using BlasNet.Graphs;
using BlasNet.Operators;

namespace BlasNet.Layers;

/// <summary>Scaled dot-product attention of one example's vectors to each other, of one head or several: V·softmax(Kᵀ·Q/√d).</summary>
/// <remarks>A sequence is a matrix with one vector per column, as long as this example happens to be: nothing is padded, so nothing is masked. Over a minibatch
/// all lengths take the launches of one. Several heads have their results one below the other; a <see cref="Linear"/> layer brings them together.
/// Source: Vaswani et al., "Attention Is All You Need", NIPS 2017, arXiv:1706.03762, section 3.2, whose matrices have one vector per row.</remarks>
public sealed class Attention
{
    private readonly Parameter _q, _k, _v;
    private readonly int _heads;

    /// <param name="parameters">The model, which receives <c>name.Q</c>, <c>name.K</c> and <c>name.V</c>, [size × inputs] each.</param>
    /// <param name="name">Unique within the model.</param>
    /// <param name="inputs">Length of a vector.</param>
    /// <param name="size">Length of a query, a key and a value, of all heads together.</param>
    /// <param name="heads">Number of heads, each with size/heads rows of queries, keys and values.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="heads"/> is below 1, or does not divide <paramref name="size"/>.</exception>
    public Attention(IParameters parameters, string name, int inputs, int size, int heads = 1)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        if (heads < 1 || size % heads != 0)
            throw new ArgumentOutOfRangeException(nameof(heads), heads, $"the number of heads must divide the size ({size}).");

        _heads = heads;
        _q = parameters.Weight($"{name}.Q", size, inputs);
        _k = parameters.Weight($"{name}.K", size, inputs);
        _v = parameters.Weight($"{name}.V", size, inputs);
    }

    /// <summary>For each vector the mean of all values, weighted by how well its query fits their keys.</summary>
    /// <param name="x">[inputs × n]; see <see cref="Op.ConcatenateColumns"/>.</param>
    /// <returns>[size × n].</returns>
    /// <exception cref="ShapeException"><paramref name="x"/> has another number of rows.</exception>
    public Expr Apply(Expr x) => Op.Attention(Op.MatMul(_q, x), Op.MatMul(_k, x), Op.MatMul(_v, x), _heads);
}
