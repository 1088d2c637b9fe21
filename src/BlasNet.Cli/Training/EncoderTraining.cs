using System.Globalization;
using BlasNet.Cli.Corpora;
using BlasNet.Datasets;
using BlasNet.Graphs;
using BlasNet.Text;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Cli.Training;

/// <summary>Trains heads above a pretrained encoder, and the encoder with them.</summary>
internal static class EncoderTraining
{
    /// <param name="encoder">Is disposed with the training.</param>
    /// <param name="source">At least one sentence of each part.</param>
    /// <param name="groupsOf">What is not trained, of an encoder.</param>
    /// <param name="settings">How to train.</param>
    public static TrainingRun Tagger(
        TextEncoder encoder, Source<TaggedWord[]> source, Func<TextEncoder, IReadOnlyList<ParameterGroup>> groupsOf, TrainingSettings settings)
    {
        var tags = Numbers(source.Train.SelectMany(sentence => sentence.Select(word => word.Tag)));
        Split<TaggedText> data = source.Read(sentence => TaggedText.Of(sentence, tags));
        var tagger = new TextTagger(encoder, [.. tags.Keys]);
        Evaluator<TaggedText> evaluator = settings.NewEvaluator<TaggedText>(tagger.Model, Scores);
        return new TrainingRun<TaggedText>(
            tagger.Model, Loss, data.Train, Test, settings, sentence => sentence.Words.Length, groups: groupsOf(encoder))
        {
            TestExamples = data.Dev.Length,
            SaveFolder = tagger.Save,
            Description = Describe(encoder, data.Train.Length, "sentences", data.Dev.Length, $"{tags.Count} tags"),
        };

        Expr Scores(Graph graph, TaggedText sentence) => tagger.Logits(graph, sentence.Words);

        Expr Loss(Graph graph, TaggedText sentence) => Sum(CrossEntropy(Scores(graph, sentence), sentence.Tags));

        Quality Test(CancellationToken cancellation)
        {
            var accuracy = new Accuracy();
            evaluator.Run(data.Dev, (example, scores) => TaggerTraining.Count(accuracy, data.Dev[example].Tags, scores, tags.Count), cancellation);
            return new Quality { DevAccuracy = accuracy.Value };
        }
    }

    /// <inheritdoc cref="Tagger"/>
    public static TrainingRun Classifier(
        TextEncoder encoder, Source<(TextInput Text, string Label)> source, Func<TextEncoder, IReadOnlyList<ParameterGroup>> groupsOf,
        TrainingSettings settings)
    {
        var labels = Numbers(source.Train.Select(example => example.Label));
        Split<LabelledText> data = source.Read(example => new LabelledText(example.Text, labels.GetValueOrDefault(example.Label, -1)));
        var classifier = new TextClassifier(encoder, [.. labels.Keys]);
        Evaluator<LabelledText> evaluator = settings.NewEvaluator<LabelledText>(classifier.Model, Scores);
        return new TrainingRun<LabelledText>(classifier.Model, Loss, data.Train, Test, settings, groups: groupsOf(encoder))
        {
            TestExamples = data.Dev.Length,
            SaveFolder = classifier.Save,
            Description = Describe(encoder, data.Train.Length, "texts", data.Dev.Length, $"{labels.Count} labels"),
        };

        Expr Scores(Graph graph, LabelledText example) => classifier.Logits(graph, example.Text);

        Expr Loss(Graph graph, LabelledText example) => CrossEntropy(Scores(graph, example), example.Label);

        Quality Test(CancellationToken cancellation)
        {
            var accuracy = new Accuracy();
            evaluator.Run(data.Dev, (example, scores) => accuracy.Add(data.Dev[example].Label, scores), cancellation);
            return new Quality { DevAccuracy = accuracy.Value };
        }
    }

    /// <summary>What is trained with what, in one line.</summary>
    internal static string Describe(TextEncoder encoder, int train, string what, int dev, string classes) => string.Create(
        CultureInfo.InvariantCulture,
        $"{train:N0} {what} to train with, {dev:N0} to test with; {classes}; {encoder.Name} with {encoder.Model.Size:N0} parameters.");

    // In the order in which they come.
    private static OrderedDictionary<string, int> Numbers(IEnumerable<string> names)
    {
        OrderedDictionary<string, int> numbers = new(StringComparer.Ordinal);
        foreach (string name in names)
            numbers.TryAdd(name, numbers.Count);

        return numbers;
    }
}
