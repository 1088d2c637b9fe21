using BlasNet.Graphs;
using BlasNet.Operators;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Cli.Explanation;

/// <summary>A small network to explain batching with.</summary>
/// <param name="Formula">What one example's loss is.</param>
/// <param name="Define">Adds the parameters to a model and returns one example's loss as a function of the example's number.</param>
internal sealed record Subject(string Formula, Func<Model, Func<Graph, int, Expr>> Define)
{
    /// <summary>One weight, and a loss that depends on it and on one example: s = ℓ(w, x).</summary>
    public static Subject OneWeight { get; } = new("s = ℓ(w, x) = Σ (w·x)²", model =>
    {
        Parameter w = model.Weight("w", outputs: 2, inputs: 3);
        return (g, example) => Sum(Square(w * g.Input([example, 1f, 2f])));
    });

    /// <summary>Two layers and three classes.</summary>
    public static Subject Perceptron { get; } = new("s = cross-entropy(W2·tanh(W1·x + b1) + b2, label)", model =>
    {
        var (w1, b1) = (model.Weight("W1", outputs: 5, inputs: 4), model.Bias("b1", 5));
        var (w2, b2) = (model.Weight("W2", outputs: 3, inputs: 5), model.Bias("b2", 3));
        return (g, example) => CrossEntropy(w2 * Tanh(w1 * g.Input([example, 1f, 2f, 3f]) + b1) + b2, label: example % 3);
    });
}
