using System.Numerics;
using System.Runtime.CompilerServices;

namespace BlasNet.Training;

/// <summary>Adagrad: a step of the gradient, divided element by element by the root of the sum of all its squares so far.</summary>
/// <remarks>s ← s + g²; p ← p − η·g/(√s + ε). Source: Duchi, Hazan, Singer, "Adaptive subgradient methods for online learning and stochastic
/// optimization", JMLR 2011, section 1.1 with diagonal matrices, and ε for their δ.</remarks>
public sealed class Adagrad : Optimizer
{
    /// <param name="learningRate">η, at least 0.</param>
    /// <param name="epsilon">ε, above 0: keeps the division finite where no gradient has come yet.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is outside its range.</exception>
    public Adagrad(double learningRate = 0.01, double epsilon = 1e-8)
        : base(learningRate) => Epsilon = RequireAboveZero(epsilon, nameof(epsilon));

    /// <summary>ε: added to the root of the sum of squares.</summary>
    public double Epsilon { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<string> StateNames { get; } = ["squares"];

    /// <inheritdoc/>
    protected override IEnumerable<(string Name, object? Value)> Hyperparameters => [("epsilon", Epsilon)];

    /// <inheritdoc/>
    protected override void Apply<T>(OptimizerSweep<T> sweep, double rate, long step) =>
        sweep.Run(new Rule<T>(UpdateRule.Broadcast<T>(rate), UpdateRule.Broadcast<T>(Epsilon)));

    private readonly struct Rule<T>(Vector<T> rate, Vector<T> epsilon) : IUpdateRule<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public static bool IsBoundedByCorners => true;

        public static int StateBuffers => 1;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector<T> Update(Vector<T> p, Vector<T> g, ref Vector<T> squares, ref Vector<T> second)
        {
            squares += g * g;
            return p - rate * g / (Vector.SquareRoot(squares) + epsilon);
        }
    }
}
