namespace BlasNet.Training;

/// <summary>How far a training has come.</summary>
/// <param name="Step">Optimizer steps.</param>
/// <param name="Epoch">Complete epochs.</param>
/// <param name="EpochDone">Examples used in the epoch under way; 0 between epochs.</param>
/// <param name="EpochSize">Examples that this epoch has; 0 for a stream.</param>
/// <param name="EpochLossSum">Sum of the losses of the used ones, each times its weight and before the step it was part of.</param>
/// <param name="EpochWeight">Sum of these weights.</param>
/// <param name="PassSizes">By what steps are split into passes within a memory budget.</param>
/// <param name="Noise">What the gradient noise scale has taken in; null where it is not measured.</param>
/// <param name="EpochWindow">In which the stream of this epoch is shuffled; 0 for a list.</param>
internal readonly record struct TrainerPosition(
    long Step, int Epoch, int EpochDone = 0, int EpochSize = 0, double EpochLossSum = 0, double EpochWeight = 0,
    MicrobatchSizes PassSizes = default, NoiseSums? Noise = null, int EpochWindow = 0);

/// <summary>What a checkpoint needs of a trainer, whatever its examples are.</summary>
internal interface ITrainerState
{
    Model Model { get; }

    Optimizer Optimizer { get; }

    UpdateGroups Groups { get; }

    GradientAccumulator Accumulator { get; }

    TrainerPosition Position { get; set; }

    /// <summary>Held while a step is computed.</summary>
    Exclusive Use { get; }

    /// <summary>What steps depend on besides the model, the data, the optimizer's kind and its state, by name.</summary>
    IReadOnlyDictionary<string, string> Settings { get; }

    /// <summary>What changes no result but for rounding, by name.</summary>
    IReadOnlyDictionary<string, string> Rounding { get; }
}
