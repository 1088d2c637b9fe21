using BlasNet.Passes;

namespace BlasNet.Training;

/// <content>What is asked of single examples' gradients.</content>
public sealed partial class Trainer<TExample>
{
    private readonly ByExample _byExample = new();
    private double _firstPass;          // |G_b|² of the step's first pass,
    private int _firstPassExamples;     // and its b

    /// <summary>The longest that a single example's gradient, times its weight, may be: longer ones are scaled down to this norm before they are added up.
    /// Infinite, the default: as long as they are.</summary>
    /// <remarks>Costs no second pass. To this, differential privacy adds noise.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">Not above 0.</exception>
    public double ClipExampleNorm
    {
        get => _byExample.ClipNorm;
        set => _byExample.ClipNorm = value > 0 ? value : throw new ArgumentOutOfRangeException(nameof(ClipExampleNorm), value, "The longest norm of an example's gradient must be above 0.");
    }

    /// <summary>Set to have the noise of the gradient measured at every step; null, the default, for not.</summary>
    /// <remarks>Steps that cannot tell it, of a single example or, where passes are compared, of a single pass, are left out.</remarks>
    public GradientNoiseScale? NoiseScale { get; set; }

    private ByExample? ByExample => double.IsFinite(ClipExampleNorm) || NoiseScale is { FromExamples: true } ? _byExample : null;

    private void MeasureFirstPass()
    {
        if (NoiseScale is { FromExamples: false })
            (_firstPass, _firstPassExamples) = (MeanSquaredNorm(), _accumulator.Examples);
    }

    // The regulariser's gradient is the same for all examples and has not been added yet.
    private void MeasureNoise()
    {
        int examples = _accumulator.Examples;
        if (NoiseScale is { FromExamples: true } && examples > 1)
            NoiseScale.Add(1, _accumulator.SquaredNormSum * examples / (_accumulator.WeightSum * _accumulator.WeightSum), examples, MeanSquaredNorm());
        else if (NoiseScale is { FromExamples: false } && examples > _firstPassExamples)
            NoiseScale.Add(_firstPassExamples, _firstPass, examples, MeanSquaredNorm());
    }

    private double MeanSquaredNorm() => _accumulator.SquaredNorm() / (_accumulator.WeightSum * _accumulator.WeightSum);
}
