using System.Numerics;
using System.Runtime.CompilerServices;

namespace BlasNet.Training;

/// <summary>Adam: a step of the gradient's decaying mean m, divided element by element by the root of its decaying mean square v.</summary>
/// <remarks>m ← β₁·m + (1 − β₁)·g; v ← β₂·v + (1 − β₂)·g²; m̂ = m/(1 − β₁ᵗ); v̂ = v/(1 − β₂ᵗ); p ← p − η·m̂/(√v̂ + ε).
/// Source: Kingma, Ba, "Adam: a method for stochastic optimization", ICLR 2015, arXiv:1412.6980, Algorithm 1.</remarks>
public sealed class Adam : Optimizer
{
    /// <param name="learningRate">η, at least 0: about how far a parameter moves in a step.</param>
    /// <param name="beta1">β₁, at least 0 and below 1.</param>
    /// <param name="beta2">β₂, at least 0 and below 1.</param>
    /// <param name="epsilon">ε, above 0: keeps the division finite where no gradient has come yet.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is outside its range.</exception>
    public Adam(double learningRate = 1e-3, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8)
        : base(learningRate)
    {
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
    protected override void Apply<T>(OptimizerSweep<T> sweep, double rate, long step) => Run(sweep, rate, Beta1, Beta2, Epsilon, step);

    internal static void Run<T>(OptimizerSweep<T> sweep, double rate, double beta1, double beta2, double epsilon, long step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        // With c = √(1 − β₂ᵗ): m̂/(√v̂ + ε) = m·(c/(1 − β₁ᵗ))/(√v + c·ε), so that an element needs one division and one root.
        double rootCorrection = Math.Sqrt(1 - Math.Pow(beta2, step));
        sweep.Run(new Rule<T>(rate * rootCorrection / (1 - Math.Pow(beta1, step)), beta1, beta2, rootCorrection * epsilon));
    }

    private readonly struct Rule<T>(double rate, double beta1, double beta2, double epsilon) : IUpdateRule<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        private readonly Vector<T> _rate = UpdateRule.Broadcast<T>(rate), _epsilon = UpdateRule.Broadcast<T>(epsilon);
        private readonly Vector<T> _keepMean = UpdateRule.Broadcast<T>(beta1), _addMean = UpdateRule.Broadcast<T>(1 - beta1);
        private readonly Vector<T> _keepSquare = UpdateRule.Broadcast<T>(beta2), _addSquare = UpdateRule.Broadcast<T>(1 - beta2);

        public static bool IsBoundedByCorners => true;

        public static int StateBuffers => 2;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector<T> Update(Vector<T> p, Vector<T> g, ref Vector<T> mean, ref Vector<T> square)
        {
            mean = UpdateRule.FlushSubnormal(_keepMean * mean + _addMean * g);
            square = UpdateRule.FlushSubnormal(_keepSquare * square + _addSquare * (g * g));

            return p - _rate * mean / (Vector.SquareRoot(square) + _epsilon);
        }
    }
}
