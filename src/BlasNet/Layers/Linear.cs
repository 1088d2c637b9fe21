using BlasNet.Graphs;
using BlasNet.Operators;

namespace BlasNet.Layers;

/// <summary>y = W·x + b.</summary>
public sealed class Linear
{
    /// <param name="parameters">The model, which receives <c>name.W</c> [outputs × inputs] and <c>name.b</c> [outputs].</param>
    /// <param name="name">Unique within the model.</param>
    /// <param name="outputs">Length of the result.</param>
    /// <param name="inputs">Length of the argument.</param>
    /// <param name="weights">First values of W; by default <see cref="Initializer.GlorotUniform"/>.</param>
    public Linear(IParameters parameters, string name, int outputs, int inputs, Initializer? weights = null)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
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
    public Expr Apply(Expr x) => Op.MatMul(W, x) + B;
}
