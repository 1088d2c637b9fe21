using BlasNet.Graphs;
using BlasNet.Operators;

namespace BlasNet.Layers;

/// <summary>y = W·x + b.</summary>
public sealed class Linear
{
    private readonly Func<Parameter, Expr, Expr> _product;

    /// <param name="parameters">The model, which receives <c>name.W</c> [outputs × inputs] and <c>name.b</c> [outputs].</param>
    /// <param name="name">Unique within the model.</param>
    /// <param name="outputs">Length of the result.</param>
    /// <param name="inputs">Length of the argument.</param>
    /// <param name="weights">First values of W; by default <see cref="Initializer.GlorotUniform"/>.</param>
    /// <param name="product">How a weight multiplies; null for W·x. See <see cref="LowRankAdapters.Multiply"/>.</param>
    public Linear(
        IParameters parameters, string name, int outputs, int inputs, Initializer? weights = null, Func<Parameter, Expr, Expr>? product = null)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        _product = product ?? WeightTimes;
        (W, B) = (parameters.Weight($"{name}.W", outputs, inputs, weights), parameters.Bias($"{name}.b", outputs));
    }

    /// <summary>[outputs × inputs].</summary>
    public Parameter W { get; }

    /// <summary>[outputs].</summary>
    public Parameter B { get; }

    /// <summary>W·x + b, for each column of x.</summary>
    /// <param name="x">[inputs] or [inputs × c].</param>
    /// <returns>[outputs] or [outputs × c].</returns>
    /// <exception cref="ShapeException"><paramref name="x"/> has another number of rows.</exception>
    public Expr Apply(Expr x) => _product(W, x) + B;

    /// <summary>W·x.</summary>
    internal static Expr WeightTimes(Parameter weight, Expr x) => Op.MatMul(weight, x);
}
