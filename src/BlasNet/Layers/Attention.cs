using BlasNet.Graphs;
using BlasNet.Operators;
using static BlasNet.Operators.Op;

namespace BlasNet.Layers;

/// <summary>Scaled dot-product attention of one example's vectors to each other: V·softmax(Kᵀ·Q/√d).</summary>
/// <remarks>A sequence is a matrix with one vector per column, as long as this example happens to be: nothing is padded, so nothing is masked.
/// Source: Vaswani et al., "Attention Is All You Need", NIPS 2017, arXiv:1706.03762, equation 1, whose matrices have one vector per row.</remarks>
public sealed class Attention
{
    private readonly Parameter _q, _k, _v;

    /// <param name="parameters">The model, which receives <c>name.Q</c>, <c>name.K</c> and <c>name.V</c>, [size × inputs] each.</param>
    /// <param name="name">Unique within the model.</param>
    /// <param name="inputs">Length of a vector.</param>
    /// <param name="size">Length of a query, a key and a value.</param>
    public Attention(IParameters parameters, string name, int inputs, int size)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        _q = parameters.Weight($"{name}.Q", size, inputs);
        _k = parameters.Weight($"{name}.K", size, inputs);
        _v = parameters.Weight($"{name}.V", size, inputs);
    }

    /// <summary>For each vector the mean of all values, weighted by how well its query fits their keys.</summary>
    /// <param name="x">[inputs × n]; see <see cref="ConcatenateColumns"/>.</param>
    /// <returns>[size × n].</returns>
    /// <exception cref="ShapeException"><paramref name="x"/> has another number of rows.</exception>
    public Expr Apply(Expr x) => ScaledDotProduct(_q * x, _k * x, _v * x);

    /// <summary>V·softmax(Kᵀ·Q/√d), the softmax of each column.</summary>
    /// <param name="queries">Q [d × n].</param>
    /// <param name="keys">K [d × m].</param>
    /// <param name="values">V [e × m].</param>
    /// <returns>[e × n].</returns>
    /// <exception cref="ShapeException">The shapes do not fit.</exception>
    public static Expr ScaledDotProduct(Expr queries, Expr keys, Expr values) =>
        MatMul(values, Softmax(MatMulTransposed(keys, queries) / Math.Sqrt(keys.Shape.Rows)));
}
