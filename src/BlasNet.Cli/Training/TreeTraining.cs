using System.Globalization;
using BlasNet.Cli.Corpora;
using BlasNet.Cli.Models;
using BlasNet.Cli.Prediction;
using BlasNet.Datasets;
using BlasNet.Training;

namespace BlasNet.Cli.Training;

/// <summary>Trains a <see cref="TreeClassifier"/>, and tests it after each epoch.</summary>
internal static class TreeTraining
{
    /// <param name="data">At least one tree of each part.</param>
    /// <param name="coding">How it was made.</param>
    /// <param name="create">Adds the classifier's parameters to a model.</param>
    /// <param name="sizes">By name.</param>
    /// <param name="settings">How to train.</param>
    public static TrainingRun Create(
        Split<LabelledTree> data, TreeCoding coding, Func<Model, TreeClassifier> create, IReadOnlyDictionary<string, int> sizes, TrainingSettings settings)
    {
        TreeClassifier classifier = Network.Create(settings, create, out Model model);
        Evaluator<LabelledTree> evaluator = settings.NewEvaluator<LabelledTree>(model, classifier.Scores);

        return new TrainingRun<LabelledTree>(model, classifier.Loss, data.Train, Test, settings, tree => tree.Words.Length, tree => tree.Nodes.Length)
        {
            TestExamples = data.Dev.Length,
            Sizes = sizes,
            Card = new ModelCard("tree", sizes)
            {
                Vocabularies = new Dictionary<string, Vocabulary> { ["words"] = coding.Words, ["labels"] = coding.Labels },
            },
            Description = data.Describe(
                "trees", string.Create(CultureInfo.InvariantCulture, $"{coding.Words.Count:N0} words, {coding.Labels.Count} labels"), model.Size),
        };

        Quality Test(CancellationToken cancellation)
        {
            var (accuracy, roots) = (new Accuracy(), new Accuracy());
            int classes = coding.Labels.Count;
            evaluator.Run(data.Dev, Count, cancellation);
            return new Quality { DevAccuracy = accuracy.Value, DevRootAccuracy = roots.Value };

            void Count(int example, ReadOnlySpan<float> scores)
            {
                bool isRight = false;
                foreach (LabelledNode node in data.Dev[example].Nodes)
                {
                    isRight = accuracy.Add(node.Label, scores[..classes]);
                    scores = scores[classes..];
                }

                roots.Add(isRight);   // the root comes last
            }
        }
    }
}
