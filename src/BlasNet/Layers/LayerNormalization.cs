using BlasNet.Graphs;
using static BlasNet.Operators.Op;

namespace BlasNet.Layers;

/// <summary>Gives each vector mean 0 and variance 1, then a gain and a bias: y = g∘(x − μ)/√(σ² + ε) + b.</summary>
/// <remarks>μ and σ² are the mean and the variance of one vector's elements, so examples do not depend on each other.
/// Source: Ba, Kiros, Hinton, "Layer Normalization", 2016, arXiv:1607.06450, equation 4.</remarks>
public sealed class LayerNormalization
{
    private readonly Parameter _g, _b;
    private readonly double _epsilon;

    /// <param name="parameters">The model, which receives <c>name.g</c>, at first ones, and <c>name.b</c>, zeros; [size] both.</param>
    /// <param name="name">Unique within the model.</param>
    /// <param name="size">Length of a vector.</param>
    /// <param name="epsilon">ε: keeps a constant vector from a division by 0.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="epsilon"/> is not above 0 and finite.</exception>
    public LayerNormalization(IParameters parameters, string name, int size, double epsilon = 1e-5)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        if (!(double.IsFinite(epsilon) && epsilon > 0))
            throw new ArgumentOutOfRangeException(nameof(epsilon), epsilon, "epsilon must be finite and above 0.");

        _epsilon = epsilon;
        _g = parameters.Bias($"{name}.g", size, Initializer.Constant(1));
        _b = parameters.Bias($"{name}.b", size);
    }

    /// <summary>Normalises each column.</summary>
    /// <param name="x">[size] or [size × c].</param>
    /// <returns>The same shape.</returns>
    /// <exception cref="ShapeException"><paramref name="x"/> has another number of rows.</exception>
    public Expr Apply(Expr x) => Multiply(_g, LayerNorm(x, _epsilon)) + _b;
}
