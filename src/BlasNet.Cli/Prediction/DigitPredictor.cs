using System.Globalization;
using System.Numerics.Tensors;
using BlasNet.Cli.CommandLine;
using BlasNet.Cli.Recognition;
using BlasNet.Datasets;
using BlasNet.Training;

namespace BlasNet.Cli.Prediction;

/// <summary>Names what images show: pixels from 0 (paper) to 1 (ink), separated by commas or spaces, or <c>{"pixels": […]}</c>, become the label, or
/// <c>{"label": …, "probability": …}</c>.</summary>
internal sealed class DigitPredictor : Predictor<Digit, Digit>
{
    private readonly int _pixels, _classes;

    public DigitPredictor(ModelCard card)
    {
        (_pixels, _classes) = (card.SizeOf("pixels"), card.SizeOf("classes"));
        var classifier = new DigitClassifier(Model, _pixels, card.Hidden, _classes);
        Evaluator = new Evaluator<Digit>(Model, classifier.Logits);
    }

    public override string Sample => $$"""{"pixels": [{{string.Join(", ", Enumerable.Repeat("0.5", _pixels))}}]}""";

    protected override Evaluator<Digit> Evaluator { get; }

    public override IReadOnlyList<KeyValuePair<string, double>> Evaluate(string data, CancellationToken cancellation)
    {
        var confusion = new ConfusionMatrix(_classes);
        long digits = Run(
            DigitFile.Read(data).Select((digit, i) => Checked(digit, $"{data}: digit {i + 1} ")),
            (digit, scores) => confusion.Add(digit.Label < _classes ? digit.Label : -1, scores), cancellation);
        return [new("examples", digits), new("accuracy", confusion.Accuracy), new("macro_f1", confusion.MacroF1)];
    }

    protected override Digit Parse(string text)
    {
        string[] parts = text.Split([',', ' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        float[] pixels = new float[parts.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            if (!float.TryParse(parts[i], NumberStyles.Float, CultureInfo.InvariantCulture, out pixels[i]) || !float.IsFinite(pixels[i]))
                throw new CommandException($"'{parts[i]}' is not a number");
        }

        return Checked(new Digit(pixels, 0));
    }

    protected override Digit Parse(JsonLine line) => Checked(new Digit(line.Numbers("pixels"), 0));

    protected override Digit Encode(Digit input) => input;

    protected override string ToText(Digit input, ReadOnlySpan<float> value) => TensorPrimitives.IndexOfMax(value).ToString(CultureInfo.InvariantCulture);

    protected override string ToJson(Digit input, ReadOnlySpan<float> value)
    {
        float[] probabilities = ProbabilitiesOf(value);
        int label = TensorPrimitives.IndexOfMax<float>(probabilities);
        return JsonLine.Write(json =>
        {
            json.WriteNumber("label", label);
            json.WriteFinite("probability", probabilities[label]);
        });
    }

    private Digit Checked(Digit digit, string name = "") => digit.Pixels.Length == _pixels ? digit
        : throw new CommandException($"{name}has {digit.Pixels.Length} pixels; the model was trained with {_pixels}");
}
