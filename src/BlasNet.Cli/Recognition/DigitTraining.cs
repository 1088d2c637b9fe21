using System.Globalization;
using BlasNet.Cli.Prediction;
using BlasNet.Cli.Training;
using BlasNet.Datasets;
using BlasNet.Training;

namespace BlasNet.Cli.Recognition;

/// <summary>Trains a <see cref="DigitClassifier"/>, and tests it after each epoch.</summary>
internal static class DigitTraining
{
    /// <param name="digits">At least one of each part; all have the same number of pixels.</param>
    /// <param name="hidden">Lengths of the hidden layers.</param>
    /// <param name="settings">How to train.</param>
    public static TrainingRun Create(DigitSplit digits, IReadOnlyList<int> hidden, TrainingSettings settings)
    {
        int pixels = digits.Train[0].Pixels.Length;
        DigitClassifier classifier = Network.Create(settings, model => new DigitClassifier(model, pixels, hidden, digits.Classes), out Model model);
        Evaluator<Digit> evaluator = settings.NewEvaluator<Digit>(model, classifier.Logits);
        Digit[] test = [.. digits.Test];
        var sizes = new Dictionary<string, int> { ["pixels"] = pixels, ["classes"] = digits.Classes };
        return new TrainingRun<Digit>(model, classifier.Loss, digits.Train, Test, settings)
        {
            Hidden = hidden,
            Sizes = sizes,
            Card = new ModelCard("digits", sizes) { Hidden = hidden },
            TestExamples = test.Length,
            Description = string.Create(
                CultureInfo.InvariantCulture,
                $"{digits.Train.Count:N0} digits to train with, {test.Length:N0} to test with; {digits.Classes} classes; {model.Size:N0} parameters."),
        };

        Quality Test(CancellationToken cancellation)
        {
            var accuracy = new Accuracy();
            evaluator.Run(test, (example, logits) => accuracy.Add(test[example].Label, logits), cancellation);
            return new Quality { TestAccuracy = accuracy.Value };
        }
    }
}
