using System.Numerics;
using System.Runtime.CompilerServices;

namespace BlasNet.Training;

/// <summary>RMSProp: a step of the gradient, divided element by element by the root of its decaying mean square.</summary>
/// <remarks>s ← ρ·s + (1 − ρ)·g²; p ← p − η·g/(√s + ε). Source: Tieleman, Hinton, "Lecture 6.5: RMSProp", Neural Networks for Machine Learning,
/// 2012; ε, which the lecture does not have, as usual.</remarks>
public sealed class RmsProp : Optimizer
{
    /// <param name="learningRate">η, at least 0.</param>
    /// <param name="decay">ρ, at least 0 and below 1.</param>
    /// <param name="epsilon">ε, above 0: keeps the division finite where no gradient has come yet.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is outside its range.</exception>
    public RmsProp(double learningRate = 1e-3, double decay = 0.9, double epsilon = 1e-8)
        : base(learningRate)
    {
        Decay = RequireFraction(decay, nameof(decay));
        Epsilon = RequireAboveZero(epsilon, nameof(epsilon));
    }

    /// <summary>ρ: the part of the mean square that a step keeps.</summary>
    public double Decay { get; }

    /// <summary>ε: added to the root of the mean square.</summary>
    public double Epsilon { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<string> StateNames { get; } = ["square"];

    /// <inheritdoc/>
    protected override IEnumerable<(string Name, object? Value)> Hyperparameters => [("decay", Decay), ("epsilon", Epsilon)];

    /// <inheritdoc/>
    protected override void Apply<T>(OptimizerSweep<T> sweep, double rate, long step) =>
        sweep.Run(new Rule<T>(rate, Decay, Epsilon));

    private readonly struct Rule<T>(double rate, double decay, double epsilon) : IUpdateRule<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        private readonly Vector<T> _rate = UpdateRule.Broadcast<T>(rate), _epsilon = UpdateRule.Broadcast<T>(epsilon);
        private readonly Vector<T> _keep = UpdateRule.Broadcast<T>(decay), _add = UpdateRule.Broadcast<T>(1 - decay);

        public static bool IsBoundedByCorners => true;

        public static int StateBuffers => 1;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector<T> Update(Vector<T> p, Vector<T> g, ref Vector<T> square, ref Vector<T> second)
        {
            square = UpdateRule.FlushSubnormal(_keep * square + _add * (g * g));
            return p - _rate * g / (Vector.SquareRoot(square) + _epsilon);
        }
    }
}
