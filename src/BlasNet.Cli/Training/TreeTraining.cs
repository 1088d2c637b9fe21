using System.Globalization;
using System.Numerics.Tensors;
using BlasNet.Cli.Corpora;
using BlasNet.Cli.Models;
using BlasNet.Training;

namespace BlasNet.Cli.Training;

/// <summary>Trains a <see cref="TreeClassifier"/>, and tests it after each epoch.</summary>
internal static class TreeTraining
{
    /// <param name="corpus">At least one tree of each part.</param>
    /// <param name="create">Adds the classifier's parameters to a model.</param>
    /// <param name="sizes">By name.</param>
    /// <param name="settings">How to train.</param>
    public static TrainingRun Create(
        TreeCorpus corpus, Func<Model, TreeClassifier> create, IReadOnlyDictionary<string, int> sizes, TrainingSettings settings)
    {
        TreeClassifier classifier = Network.Create(settings.Seed, create, out Model model);
        var evaluator = new Evaluator<LabelledTree>(model, classifier.Scores, settings.NewPasses());
        return new TrainingRun<LabelledTree>(model, classifier.Loss, corpus.Train, Test, settings, tree => tree.Words, tree => tree.Nodes.Length)
        {
            TestExamples = corpus.Dev.Length,
            Sizes = sizes,
            Description = string.Create(
                CultureInfo.InvariantCulture,
                $"{corpus.Train.Length:N0} trees to train with, {corpus.Dev.Length:N0} to test with; {corpus.Words.Count:N0} words, {corpus.Labels.Count} labels; {model.Size:N0} parameters."),
        };

        Quality Test(CancellationToken cancellation)
        {
            (int right, int rightRoots, int nodes, int classes) = (0, 0, 0, corpus.Labels.Count);
            evaluator.Run(corpus.Dev, Count, cancellation);
            return new Quality { DevAccuracy = (double)right / nodes, DevRootAccuracy = (double)rightRoots / corpus.Dev.Length };

            void Count(int example, ReadOnlySpan<float> scores)
            {
                bool isRight = false;
                foreach (LabelledNode node in corpus.Dev[example].Nodes)
                {
                    isRight = TensorPrimitives.IndexOfMax(scores[..classes]) == node.Label;
                    right += isRight ? 1 : 0;
                    nodes++;
                    scores = scores[classes..];
                }

                rightRoots += isRight ? 1 : 0;   // the root comes last
            }
        }
    }
}
