using System.Globalization;

namespace BlasNet.Training;

/// <summary>Estimates the simple noise scale B = tr(Σ)/|G|²: the number of examples from which a larger optimization batch gains little.</summary>
/// <remarks>
/// G is the gradient over all data, Σ the covariance of a single example's gradient. Below B a step that averages over twice as many examples is nearly
/// twice as good; far above it nearly as good as before. Two batches of different size tell both, since E|G_b|² = |G|² + tr(Σ)/b:
/// <code>
/// |G|²  ≈ (B |G_B|² − b |G_b|²) / (B − b)
/// tr(Σ) ≈ (|G_b|² − |G_B|²) / (1/b − 1/B)
/// </code>
/// Each is unbiased; their quotient is taken of exponential averages over steps. With b = 1, the norms of single examples' gradients, the estimates are those
/// of the batch's own covariance. All examples count alike.
/// Source: McCandlish, Kaplan, Amodei, "An Empirical Model of Large-Batch Training", arXiv:1812.06162, appendix A.1.
/// </remarks>
public sealed class GradientNoiseScale
{
    private readonly double _decay;

    /// <param name="decay">How much of the average stays at every step; 0 for the last step alone.</param>
    /// <param name="fromExamples">Whether a trainer computes the norm of every example's gradient, in the same pass, or compares its first pass with the
    /// whole step, which costs nothing but needs steps of several passes and more of them.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="decay"/> is not in 0 ≤ decay &lt; 1.</exception>
    public GradientNoiseScale(double decay = 0.95, bool fromExamples = true)
    {
        if (!(decay >= 0 && decay < 1))
            throw new ArgumentOutOfRangeException(nameof(decay), decay, "The decay must be at least 0 and less than 1.");

        (_decay, FromExamples) = (decay, fromExamples);
    }

    /// <summary>Whether a trainer computes the norm of every example's gradient, or compares passes.</summary>
    public bool FromExamples { get; }

    /// <summary>Steps that have been taken in.</summary>
    public long Steps => Sums.Steps;

    /// <summary>|G|², the squared norm of the gradient over all data; NaN before the first step. May be negative where noise hides it.</summary>
    public double SquaredGradientNorm => Sums.SquaredNorm / Sums.Weight;

    /// <summary>tr(Σ), the variance of a single example's gradient, all elements together; NaN before the first step.</summary>
    public double Variance => Sums.Trace / Sums.Weight;

    /// <summary>B, in examples; NaN before the first step, infinite where the gradient cannot be told from 0.</summary>
    public double Value => Steps > 0 && Sums.SquaredNorm <= 0 ? double.PositiveInfinity : Math.Max(0, Sums.Trace) / Sums.SquaredNorm;

    /// <summary>What has been taken in; kept in checkpoints.</summary>
    internal NoiseSums Sums { get; set; }

    /// <summary>As <c>examples, decay 0.95</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{(FromExamples ? "examples" : "passes")}, decay {_decay:R}");

    /// <summary>Takes in one step.</summary>
    /// <param name="smallBatch">b, examples of the smaller batch.</param>
    /// <param name="smallSquaredNorm">|G_b|², of the mean of their gradients, or the mean of several such.</param>
    /// <param name="largeBatch">B, examples of the larger batch.</param>
    /// <param name="largeSquaredNorm">|G_B|².</param>
    /// <exception cref="ArgumentOutOfRangeException">The smaller batch is not the smaller one, or a norm is negative or not finite.</exception>
    public void Add(int smallBatch, double smallSquaredNorm, int largeBatch, double largeSquaredNorm)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(smallBatch, 1);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(largeBatch, smallBatch);
        RequireNorm(smallSquaredNorm, nameof(smallSquaredNorm));
        RequireNorm(largeSquaredNorm, nameof(largeSquaredNorm));
        double squaredNorm = (largeBatch * largeSquaredNorm - smallBatch * smallSquaredNorm) / (largeBatch - smallBatch);
        double trace = (smallSquaredNorm - largeSquaredNorm) / (1.0 / smallBatch - 1.0 / largeBatch);
        Sums = new NoiseSums(Average(Sums.SquaredNorm, squaredNorm), Average(Sums.Trace, trace), Average(Sums.Weight, 1), Steps + 1);
    }

    private static void RequireNorm(double value, string name)
    {
        if (!(double.IsFinite(value) && value >= 0))
            throw new ArgumentOutOfRangeException(name, value, $"{name} must be finite and at least 0.");
    }

    private double Average(double before, double now) => before + (1 - _decay) * (now - before);
}

/// <summary>Exponential averages over steps, which start at 0.</summary>
/// <param name="SquaredNorm">Of the estimates of |G|².</param>
/// <param name="Trace">Of those of tr(Σ).</param>
/// <param name="Weight">Of 1: how much of the averages is data.</param>
/// <param name="Steps">How many there were.</param>
internal readonly record struct NoiseSums(double SquaredNorm, double Trace, double Weight, long Steps);
