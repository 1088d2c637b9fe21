namespace BlasNet.Cli.Training;

/// <summary>What came of one epoch.</summary>
/// <param name="Epoch">From 1.</param>
/// <param name="Step">Optimizer steps since the training began.</param>
/// <param name="Loss">Mean loss of the epoch's examples, each before the step it was part of.</param>
/// <param name="Quality">What the model is worth after the epoch.</param>
/// <param name="Examples">Trained with in the epoch; where it was resumed, in its rest.</param>
/// <param name="Words">Words of these examples; 0 where examples have none.</param>
/// <param name="Time">Of training; without the test.</param>
/// <param name="GemmCalls">Matrix-matrix products of training.</param>
/// <param name="GemvCalls">Matrix-vector products of training.</param>
internal readonly record struct EpochResult(
    int Epoch, long Step, double Loss, Quality Quality, int Examples, long Words, TimeSpan Time, long GemmCalls, long GemvCalls)
{
    public double ExamplesPerSecond => Examples == 0 ? 0 : Examples / Time.TotalSeconds;

    public double WordsPerSecond => Words == 0 ? 0 : Words / Time.TotalSeconds;

    /// <summary>Whether no epoch before was better, or nobody compares them.</summary>
    public bool IsBest { get; init; }

    /// <summary>The batch from which a larger one gains little, as all steps so far tell; null where it is not measured.</summary>
    public double? NoiseScale { get; init; }

    /// <summary>The loss of an example by the number of losses it is the sum of: one for each word, or for each node of a tree.</summary>
    public required double LossPerPrediction { get; init; }
}
