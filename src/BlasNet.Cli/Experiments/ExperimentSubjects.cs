using System.Globalization;
using BlasNet.Cli.Corpora;
using BlasNet.Cli.Models;
using BlasNet.Cli.Recognition;
using BlasNet.Datasets;

namespace BlasNet.Cli.Experiments;

/// <summary>What <c>--model</c> of an experiment chooses from.</summary>
internal static class ExperimentSubjects
{
    public static ExperimentSubject Digits(int seed)
    {
        int[] hidden = [128, 128];
        var (train, test) = (Datasets.Digits.Train, Datasets.Digits.Test);
        return new ExperimentSubject<Digit>(model => new DigitClassifier(model, train[0].Pixels.Length, hidden).Loss, train, [.. test])
        {
            Description = string.Create(CultureInfo.InvariantCulture, $"Handwritten digits, {train.Count:N0} to train with, {test.Count} held out; network 64-128-128-10."),
            TrainExamples = train.Count,
            Target = 0.15,
            QuickTarget = 0.5,
            Rate = 0.1,
        };
    }

    public static ExperimentSubject ListOps(int seed)
    {
        Source<Tree> source = TreeCoding.ListOps(seed, 4000);
        var coding = new TreeCoding(source.Train, minimumCount: 1);
        var sizes = new TreeSizes(coding.Words.Count, coding.Labels.Count, Embedding: 32, Hidden: 64);
        LabelledTree[] train = [.. source.Train.Select(coding.Encode)], test = [.. source.Dev.Take(200).Select(coding.Encode)];
        return new ExperimentSubject<LabelledTree>(model => new TreeClassifier(model, sizes).Loss, train, test, tree => tree.Nodes.Length)
        {
            Description = string.Create(CultureInfo.InvariantCulture, $"ListOps, {train.Length:N0} trees to train with, {test.Length} held out; Tree-LSTM 32-64, loss per node."),
            TrainExamples = train.Length,
            Target = 1,
            QuickTarget = 1.5,
            Rate = 0.01,
        };
    }
}
