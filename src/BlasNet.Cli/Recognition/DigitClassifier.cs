using BlasNet.Datasets;
using BlasNet.Graphs;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Cli.Recognition;

/// <summary>A multi-layer perceptron that names the digit in an image, written for ONE image.</summary>
internal sealed class DigitClassifier
{
    private readonly (Parameter W, Parameter B)[] _hidden;
    private readonly (Parameter W, Parameter B) _output;

    /// <param name="model">Receives the parameters.</param>
    /// <param name="pixels">Length of the input.</param>
    /// <param name="hidden">Lengths of the hidden layers.</param>
    /// <param name="classes">Length of the output.</param>
    public DigitClassifier(Model model, int pixels, IReadOnlyList<int> hidden, int classes = Digits.Classes)
    {
        int[] sizes = [pixels, .. hidden];
        _hidden = [.. hidden.Select((size, i) => (model.Weight($"W{i + 1}", size, sizes[i], Initializer.HeNormal), model.Bias($"b{i + 1}", size)))];
        _output = (model.Weight("W", classes, sizes[^1]), model.Bias("b", classes));
    }

    #region model
    /// <summary>One number for each class; the largest says which digit it is.</summary>
    /// <returns>[classes].</returns>
    public Expr Logits(Graph g, Digit digit)
    {
        Expr h = g.Input(digit.Pixels);
        foreach (var (w, b) in _hidden)
            h = Relu(w * h + b);

        return _output.W * h + _output.B;
    }

    /// <summary>The cross-entropy of the right class.</summary>
    public Expr Loss(Graph g, Digit digit) => CrossEntropy(Logits(g, digit), digit.Label);
    #endregion
}
