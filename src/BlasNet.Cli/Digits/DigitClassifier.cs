using BlasNet.Datasets;
using BlasNet.Graphs;
using BlasNet.Operators;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Cli.Digits;

/// <summary>A multi-layer perceptron that names the digit in an image, written for ONE image.</summary>
internal sealed class DigitClassifier
{
    private readonly (Parameter W, Parameter B)[] _layers;

    /// <param name="model">Receives the parameters.</param>
    /// <param name="pixels">Length of the input.</param>
    /// <param name="hidden">Lengths of the hidden layers.</param>
    public DigitClassifier(Model model, int pixels, IReadOnlyList<int> hidden)
    {
        int[] sizes = [pixels, .. hidden, Digit.Classes];
        _layers = [.. sizes.Zip(sizes.Skip(1), (inputs, outputs) => (inputs, outputs)).Select((size, i) =>
            (model.Weight($"W{i + 1}", size.outputs, size.inputs, Initializer.HeNormal), model.Bias($"b{i + 1}", size.outputs)))];
    }

    /// <summary>One number for each class; the largest says which digit it is.</summary>
    /// <returns>[10].</returns>
    public Expr Logits(Graph g, Digit digit)
    {
        Expr h = g.Input(digit.Pixels);
        foreach (var (w, b) in _layers[..^1])
            h = Relu(w * h + b);

        var (last, bias) = _layers[^1];
        return last * h + bias;
    }

    /// <summary>The cross-entropy of the right class.</summary>
    public Expr Loss(Graph g, Digit digit) => CrossEntropy(Logits(g, digit), digit.Label);
}
