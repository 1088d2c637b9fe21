using System.Numerics.Tensors;
using BlasNet.Cli.Training;
using BlasNet.Text;
using BlasNet.Training;

namespace BlasNet.Cli.Prediction;

/// <summary>Classifies texts, or pairs separated by a tab: a line, or <c>{"text": …, "second": …}</c>, becomes <c>label TAB line</c> or
/// <c>{"label": …, "probability": …}</c>.</summary>
internal sealed class ClassifierPredictor : Predictor<TextInput, LabelledText>
{
    private readonly IReadOnlyList<string> _labels;

    /// <param name="classifier">Is disposed with this.</param>
    public ClassifierPredictor(TextClassifier classifier)
        : base(classifier.Model)
    {
        _labels = classifier.Labels;
        Evaluator = new Evaluator<LabelledText>(Model, (graph, example) => classifier.Logits(graph, example.Text));
    }

    public override string Sample => """{"text": "It works."}""";

    protected override Evaluator<LabelledText> Evaluator { get; }

    public override IReadOnlyList<KeyValuePair<string, double>> Evaluate(string data, CancellationToken cancellation)
    {
        var confusion = new ConfusionMatrix(_labels.Count);
        var numbers = _labels.Index().ToDictionary(label => label.Item, label => label.Index, StringComparer.Ordinal);
        long examples = Run(
            LabelledText.Read(data).Select(example => new LabelledText(example.Text, numbers.GetValueOrDefault(example.Label, -1))),
            (example, scores) => confusion.Add(example.Label, scores), cancellation);
        return [new("examples", examples), new("accuracy", confusion.Accuracy), new("macro_f1", confusion.MacroF1)];
    }

    protected override TextInput Parse(string text) => text.Split('\t', 2) is [var first, var second] ? new TextInput(first, second) : text;

    protected override TextInput Parse(JsonLine line) => new(line.Text("text"), line.TextOrNull("second"));

    protected override LabelledText Encode(TextInput input) => new(input, Label: -1);

    protected override string ToText(TextInput input, ReadOnlySpan<float> value) =>
        $"{_labels[TensorPrimitives.IndexOfMax(value)]}\t{input.First}{(input.Second is null ? "" : $"\t{input.Second}")}";

    protected override string ToJson(TextInput input, ReadOnlySpan<float> value)
    {
        float[] probabilities = ProbabilitiesOf(value);
        int label = TensorPrimitives.IndexOfMax<float>(probabilities);
        return JsonLine.Write(json =>
        {
            json.WriteString("label", _labels[label]);
            json.WriteFinite("probability", probabilities[label]);
        });
    }
}
