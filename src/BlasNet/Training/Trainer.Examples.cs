namespace BlasNet.Training;

/// <content>Bounds and statistics of single examples' gradients.</content>
public sealed partial class Trainer<TExample>
{
    private double _clipExampleNorm = double.PositiveInfinity;
    private double _firstPass;          // |G_b|² of the step's first microbatch,
    private int _firstPassExamples;     // and its b
    private (int Small, double OfSmall, double OfAll) _noise;   // b, |G_b|² and |G_B|² of the step under way

    /// <summary>The longest that a single example's gradient, times its weight, may be: longer ones are scaled down to this norm before they are added up.
    /// Infinite, the default, for no bound.</summary>
    /// <remarks>Costs no second backward pass. Differential privacy adds noise to the sum.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">Not above 0.</exception>
    public double ClipExampleNorm
    {
        get => _clipExampleNorm;
        set => _clipExampleNorm = value > 0 ? value : throw new ArgumentOutOfRangeException(
            nameof(ClipExampleNorm), value, "The longest norm of an example's gradient must be above 0.");
    }

    /// <summary>Set to have the noise of the gradient measured at every step; null, the default, for not.</summary>
    /// <remarks>Steps that cannot tell it are left out: of a single example or, where passes are compared, of a single pass, or where the squares
    /// overflow.</remarks>
    public GradientNoiseScale? NoiseScale { get; set; }

    private bool WantsByExample => double.IsFinite(ClipExampleNorm) || NoiseScale is { FromExamples: true };

    // Runs on the calling thread after the step's first microbatch, before other workers' gradients are added.
    private void MeasureFirstPass()
    {
        if (NoiseScale is { FromExamples: false })
            (_firstPass, _firstPassExamples) = (MeanSquaredNorm(), _accumulator.Sums.Examples);
    }

    // The regulariser's gradient is the same for all examples and has not been added yet.
    private void MeasureNoise()
    {
        if (NoiseScale is null)
            return;

        MicrobatchSums sums = _accumulator.Sums;
        (int small, double ofSmall) = NoiseScale.FromExamples
            ? (1, sums.SquaredNorms * sums.Examples / (sums.Weight * sums.Weight))
            : (_firstPassExamples, _firstPass);
        _noise = (small, ofSmall, MeanSquaredNorm());
    }

    // Once the step is made.
    private void AddNoise()
    {
        int examples = _accumulator.Sums.Examples;
        if (_noise.Small < examples && double.IsFinite(_noise.OfSmall) && double.IsFinite(_noise.OfAll))
            NoiseScale?.Add(_noise.Small, _noise.OfSmall, examples, _noise.OfAll);
    }

    private double MeanSquaredNorm()
    {
        double norm = _accumulator.First.Norm() / _accumulator.Sums.Weight;
        return norm * norm;
    }
}
