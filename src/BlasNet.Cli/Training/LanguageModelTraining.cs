using System.Globalization;
using BlasNet.Cli.Corpora;
using BlasNet.Cli.Models;
using BlasNet.Cli.Prediction;
using BlasNet.Datasets;
using BlasNet.Training;

namespace BlasNet.Cli.Training;

/// <summary>Trains a <see cref="LanguageModel"/>, and tests it after each epoch.</summary>
internal static class LanguageModelTraining
{
    /// <param name="data">At least one sentence of each part.</param>
    /// <param name="words">By which it was numbered.</param>
    /// <param name="create">Adds the language model's parameters to a model.</param>
    /// <param name="sizes">By name.</param>
    /// <param name="settings">How to train.</param>
    public static TrainingRun Create(
        Split<int[]> data, Vocabulary words, Func<Model, LanguageModel> create, IReadOnlyDictionary<string, int> sizes, TrainingSettings settings)
    {
        LanguageModel language = Network.Create(settings, create, out Model model);
        Evaluator<int[]> evaluator = settings.NewEvaluator<int[]>(model, language.Loss);
        evaluator.ComputeBatch = 64;   // a stack of softmaxes is large

        return new TrainingRun<int[]>(model, language.Loss, data.Train, Test, settings, LanguageModel.PredictionsOf, higherIsBetter: false)
        {
            TestExamples = data.Dev.Length,
            Sizes = sizes,
            Card = new ModelCard("lm", sizes) { Vocabularies = new Dictionary<string, Vocabulary> { ["words"] = words } },
            Description = data.Describe(
                "sentences", string.Create(CultureInfo.InvariantCulture, $"{sizes["words"]:N0} words"), model.Size),
        };

        Quality Test(CancellationToken cancellation)
        {
            var perplexity = new Perplexity();
            evaluator.Run(data.Dev, (example, loss) => perplexity.Add(loss[0], LanguageModel.PredictionsOf(data.Dev[example])), cancellation);
            return new Quality { DevPerplexity = perplexity.Value };
        }
    }
}
