using BlasNet.Graphs;
using static BlasNet.Operators.Op;

namespace BlasNet.Layers;

/// <summary>A multi-layer perceptron: linear layers with rectified units between them, and no function after the last.</summary>
public sealed class Mlp
{
    private readonly Function<Expr, Expr> _apply;

    /// <param name="parameters">The model, which receives <c>name.1.W</c>, <c>name.1.b</c>, <c>name.2.W</c>….</param>
    /// <param name="name">Unique within the model.</param>
    /// <param name="sizes">Length of the argument, of each hidden layer, and of the result: at least two.</param>
    /// <exception cref="ArgumentException">Fewer than two sizes.</exception>
    public Mlp(IParameters parameters, string name, params ReadOnlySpan<int> sizes)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        if (sizes.Length < 2)
            throw new ArgumentException("An MLP has at least the sizes of its argument and of its result.", nameof(sizes));

        var layers = new Linear[sizes.Length - 1];
        for (int i = 0; i < layers.Length; i++)
            layers[i] = new Linear(parameters, $"{name}.{i + 1}", sizes[i + 1], sizes[i], i < layers.Length - 1 ? Initializer.HeNormal : null);

        _apply = Function.Of(name, (Expr x) =>
        {
            foreach (Linear layer in layers.AsSpan(0, layers.Length - 1))
                x = Relu(layer.Apply(x));

            return layers[^1].Apply(x);
        });
    }

    /// <summary>The last layer's value.</summary>
    /// <param name="x">[first size] or [first size × c].</param>
    /// <returns>[last size] or [last size × c].</returns>
    /// <exception cref="ShapeException"><paramref name="x"/> has another number of rows.</exception>
    public Expr Apply(Expr x) => _apply.Call(x);
}
