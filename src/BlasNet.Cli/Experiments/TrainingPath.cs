using BlasNet.Training;

namespace BlasNet.Cli.Experiments;

/// <summary>One training towards a target loss.</summary>
internal sealed record PathSettings
{
    /// <summary>Examples of one optimizer step.</summary>
    public required int Batch { get; init; }

    /// <summary>Examples of one pass.</summary>
    public required int ComputeBatch { get; init; }

    /// <summary>A fresh one.</summary>
    public required Optimizer Optimizer { get; init; }

    /// <summary>The mean loss of held-out examples at which the training ends.</summary>
    public required double Target { get; init; }

    /// <summary>Where it ends otherwise.</summary>
    public required long MaximumSteps { get; init; }

    public required int Seed { get; init; }

    /// <summary>How steps are computed.</summary>
    public required ComputeOptions Compute { get; init; }

    /// <summary>Measures the noise of the gradient, if any.</summary>
    public GradientNoiseScale? Noise { get; init; }
}

/// <summary>What came of it.</summary>
/// <param name="Steps">Optimizer steps to the target, a fraction where it was passed between two checks; infinite if it was not reached.</param>
/// <param name="Seconds">Time of these steps, without the checks.</param>
/// <param name="Losses">Of held-out examples, at every check.</param>
internal sealed record TrainingPath(double Steps, double Seconds, IReadOnlyList<(long Step, double Loss)> Losses)
{
    public bool HasReachedTarget => double.IsFinite(Steps);

    /// <summary>The relative difference of two paths' steps to the target; 0 where neither has reached it.</summary>
    public double DifferenceFrom(TrainingPath other) => Steps.Equals(other.Steps) ? 0 : Math.Abs(Steps - other.Steps) / other.Steps;
}
