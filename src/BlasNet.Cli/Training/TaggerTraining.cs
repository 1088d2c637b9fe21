using System.Globalization;
using BlasNet.Cli.Corpora;
using BlasNet.Cli.Models;
using BlasNet.Cli.Prediction;
using BlasNet.Datasets;
using BlasNet.Training;

namespace BlasNet.Cli.Training;

/// <summary>Trains a tagger, and tests it after each epoch.</summary>
internal static class TaggerTraining
{
    /// <param name="data">At least one sentence of each part.</param>
    /// <param name="coding">How it was made.</param>
    /// <param name="create">Adds the tagger's parameters to a model.</param>
    /// <param name="sizes">By name.</param>
    /// <param name="settings">How to train.</param>
    public static TrainingRun Create(
        Split<TaggedSentence> data, TaggerCoding coding, Func<Model, Tagger> create, IReadOnlyDictionary<string, int> sizes, TrainingSettings settings)
    {
        Tagger tagger = Network.Create(settings, create, out Model model);
        Evaluator<TaggedSentence> evaluator = settings.NewEvaluator<TaggedSentence>(model, tagger.Scores);
        return new TrainingRun<TaggedSentence>(model, tagger.Loss, data.Train, Test, settings, sentence => sentence.Words.Length)
        {
            TestExamples = data.Dev.Length,
            Sizes = sizes,
            Card = new ModelCard(coding.Spells ? "tagger-char" : "tagger", sizes)
            {
                Vocabularies = new Dictionary<string, Vocabulary> { ["words"] = coding.Words, ["tags"] = coding.Tags, ["characters"] = coding.Characters },
            },
            Description = data.Describe(
                "sentences", string.Create(CultureInfo.InvariantCulture, $"{coding.Words.Count:N0} words, {coding.Tags.Count} tags"), model.Size),
        };

        Quality Test(CancellationToken cancellation)
        {
            var accuracy = new Accuracy();
            int classes = coding.Tags.Count;
            evaluator.Run(data.Dev, (example, scores) => Count(accuracy, data.Dev[example].Tags, scores, classes), cancellation);
            return new Quality { DevAccuracy = accuracy.Value };
        }
    }

    /// <summary>Counts the tags of a sentence that have the largest of their word's scores.</summary>
    public static void Count(Accuracy accuracy, ReadOnlySpan<int> tags, ReadOnlySpan<float> scores, int classes)
    {
        foreach (int tag in tags)
        {
            accuracy.Add(tag, scores[..classes]);
            scores = scores[classes..];
        }
    }
}
