namespace BlasNet.Training;

/// <summary><see cref="Adam"/> with decoupled weight decay: p ← p − η·(m̂/(√v̂ + ε) + λ·p).</summary>
/// <remarks>Source: Loshchilov, Hutter, "Decoupled weight decay regularization", ICLR 2019, arXiv:1711.05101, Algorithm 2.</remarks>
public sealed class AdamW : Optimizer
{
    /// <param name="learningRate">η, at least 0.</param>
    /// <param name="weightDecay">λ, at least 0.</param>
    /// <param name="beta1">β₁, at least 0 and below 1.</param>
    /// <param name="beta2">β₂, at least 0 and below 1.</param>
    /// <param name="epsilon">ε, above 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is outside its range.</exception>
    public AdamW(double learningRate = 1e-3, double weightDecay = 0.01, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8)
        : base(learningRate)
    {
        WeightDecay = weightDecay;
        Beta1 = RequireFraction(beta1, nameof(beta1));
        Beta2 = RequireFraction(beta2, nameof(beta2));
        Epsilon = RequireAboveZero(epsilon, nameof(epsilon));
    }

    /// <summary>β₁: the part of the gradient's mean that a step keeps.</summary>
    public double Beta1 { get; }

    /// <summary>β₂: the part of the gradient's mean square that a step keeps.</summary>
    public double Beta2 { get; }

    /// <summary>ε: added to the root of the mean square.</summary>
    public double Epsilon { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<string> StateNames { get; } = ["mean", "square"];

    /// <inheritdoc/>
    protected override IEnumerable<(string Name, object? Value)> Hyperparameters => [("beta1", Beta1), ("beta2", Beta2), ("epsilon", Epsilon)];

    /// <inheritdoc/>
    protected override void Apply<T>(OptimizerSweep<T> sweep, double rate, long step) => Adam.Run(sweep, rate, Beta1, Beta2, Epsilon, step);
}
