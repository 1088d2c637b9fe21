using System.Numerics;
using System.Runtime.CompilerServices;

namespace BlasNet.Training;

/// <summary>Lion: a step of one size, in the direction of the sign of the gradient's mean.</summary>
/// <remarks>c = β₁·m + (1 − β₁)·g; p ← p − η·(sign(c) + λ·p) with λ from <see cref="Optimizer.WeightDecay"/>; m ← β₂·m + (1 − β₂)·g.
/// Source: Chen et al., "Symbolic discovery of optimization algorithms", NeurIPS 2023, arXiv:2302.06675, Algorithm 2.</remarks>
public sealed class Lion : Optimizer
{
    /// <param name="learningRate">η, at least 0: how far every parameter moves in a step; a third to a tenth of Adam's.</param>
    /// <param name="beta1">β₁, at least 0 and below 1.</param>
    /// <param name="beta2">β₂, at least 0 and below 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is outside its range.</exception>
    public Lion(double learningRate = 1e-4, double beta1 = 0.9, double beta2 = 0.99)
        : base(learningRate)
    {
        Beta1 = RequireFraction(beta1, nameof(beta1));
        Beta2 = RequireFraction(beta2, nameof(beta2));
    }

    /// <summary>β₁: the part that the mean has in the direction.</summary>
    public double Beta1 { get; }

    /// <summary>β₂: the part of the mean that a step keeps.</summary>
    public double Beta2 { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<string> StateNames { get; } = ["mean"];

    /// <inheritdoc/>
    protected override IEnumerable<(string Name, object? Value)> Hyperparameters => [("beta1", Beta1), ("beta2", Beta2)];

    /// <inheritdoc/>
    protected override void Apply<T>(OptimizerSweep<T> sweep, double rate, long step) =>
        sweep.Run(new Rule<T>(rate, Beta1, Beta2));

    private readonly struct Rule<T>(double rate, double beta1, double beta2) : IUpdateRule<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        private readonly Vector<T> _rate = UpdateRule.Broadcast<T>(rate);
        private readonly Vector<T> _oldPart = UpdateRule.Broadcast<T>(beta1), _newPart = UpdateRule.Broadcast<T>(1 - beta1);
        private readonly Vector<T> _keep = UpdateRule.Broadcast<T>(beta2), _add = UpdateRule.Broadcast<T>(1 - beta2);

        public static bool IsBoundedByCorners => true;

        public static int StateBuffers => 1;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector<T> Update(Vector<T> p, Vector<T> g, ref Vector<T> mean, ref Vector<T> second)
        {
            Vector<T> direction = _oldPart * mean + _newPart * g;
            mean = UpdateRule.FlushSubnormal(_keep * mean + _add * g);

            // η·sign(c): 0 where c is 0, as for a parameter that never had a gradient.
            Vector<T> up = _rate & Vector.LessThan(direction, Vector<T>.Zero), down = _rate & Vector.GreaterThan(direction, Vector<T>.Zero);
            return p + up - down;
        }
    }
}
