using BlasNet.Training;

namespace BlasNet.Cli.Recognition;

/// <summary>How to train a <see cref="DigitClassifier"/>.</summary>
internal sealed record DigitTrainingOptions
{
    /// <summary>Lengths of the hidden layers.</summary>
    public required IReadOnlyList<int> Hidden { get; init; }

    /// <summary>Made for each training anew.</summary>
    public required Func<Optimizer> Optimizer { get; init; }

    /// <summary>Examples of one optimizer step.</summary>
    public required int Batch { get; init; }

    /// <summary>Examples of one pass; 0 for all of an optimizer step.</summary>
    public int ComputeBatch { get; init; }

    public required int Epochs { get; init; }

    public int Seed { get; init; }

    public bool Batching { get; init; } = true;
}

/// <summary>What came of one epoch.</summary>
/// <param name="Epoch">From 1.</param>
/// <param name="Step">Optimizer steps since the training began.</param>
/// <param name="Loss">Mean loss of the epoch's examples, each before the step it was part of.</param>
/// <param name="TestAccuracy">Part of the test examples named rightly after the epoch, 0…1.</param>
/// <param name="Examples">Trained with in the epoch.</param>
/// <param name="Time">Of training; without the test.</param>
/// <param name="GemmCalls">Matrix-matrix products of training.</param>
/// <param name="GemvCalls">Matrix-vector products of training.</param>
internal readonly record struct EpochResult(
    int Epoch, long Step, double Loss, double TestAccuracy, int Examples, TimeSpan Time, long GemmCalls, long GemvCalls)
{
    public double ExamplesPerSecond => Examples / Time.TotalSeconds;
}
