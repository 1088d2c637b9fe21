using System.Numerics;
using System.Runtime.CompilerServices;

namespace BlasNet.Training;

/// <summary>Stochastic gradient descent: p ← p − η·g, or with momentum.</summary>
/// <remarks>With momentum μ: v ← μ·v + g, then p ← p − η·v; Nesterov's: p ← p − η·(g + μ·v). η multiplies the velocity, not the gradient in
/// it, so a new <see cref="Optimizer.LearningRate"/> acts at once. Sources: Polyak, "Some methods of speeding up the convergence of
/// iteration methods", 1964; Sutskever, Martens, Dahl, Hinton, "On the importance of initialization and momentum in deep learning", ICML 2013.</remarks>
public sealed class Sgd : Optimizer
{
    /// <param name="learningRate">η, at least 0.</param>
    /// <param name="momentum">μ, at least 0 and below 1.</param>
    /// <param name="nesterov">Looks one step of the velocity ahead; needs momentum.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is outside its range.</exception>
    /// <exception cref="ArgumentException"><paramref name="nesterov"/> without momentum.</exception>
    public Sgd(double learningRate, double momentum = 0, bool nesterov = false)
        : base(learningRate)
    {
        Momentum = RequireFraction(momentum, nameof(momentum));
        Nesterov = nesterov;
        StateNames = momentum == 0 ? [] : ["velocity"];

        if (nesterov && momentum == 0)
            throw new ArgumentException("Nesterov's method needs momentum above 0.", nameof(nesterov));
    }

    /// <summary>μ: the part of the velocity that a step keeps.</summary>
    public double Momentum { get; }

    /// <summary>Whether the step looks one step of the velocity ahead.</summary>
    public bool Nesterov { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<string> StateNames { get; }

    /// <inheritdoc/>
    protected override IEnumerable<(string Name, object? Value)> Hyperparameters => [("momentum", Momentum), ("nesterov", Nesterov)];

    /// <inheritdoc/>
    protected override void Apply<T>(OptimizerSweep<T> sweep, double rate, long step)
    {
        if (Momentum == 0)
            sweep.Run(new PlainRule<T>(UpdateRule.Broadcast<T>(rate)));
        else if (Nesterov)
            sweep.Run(new NesterovRule<T>(UpdateRule.Broadcast<T>(rate), UpdateRule.Broadcast<T>(Momentum)));
        else
            sweep.Run(new MomentumRule<T>(UpdateRule.Broadcast<T>(rate), UpdateRule.Broadcast<T>(Momentum)));
    }

    private readonly struct PlainRule<T>(Vector<T> rate) : IUpdateRule<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public static bool IsBoundedByCorners => true;

        public static int StateBuffers => 0;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector<T> Update(Vector<T> p, Vector<T> g, ref Vector<T> first, ref Vector<T> second) => p - rate * g;
    }

    private readonly struct MomentumRule<T>(Vector<T> rate, Vector<T> momentum) : IUpdateRule<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public static bool IsBoundedByCorners => true;

        public static int StateBuffers => 1;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector<T> Update(Vector<T> p, Vector<T> g, ref Vector<T> velocity, ref Vector<T> second)
        {
            velocity = UpdateRule.FlushSubnormal(momentum * velocity + g);
            return p - rate * velocity;
        }
    }

    private readonly struct NesterovRule<T>(Vector<T> rate, Vector<T> momentum) : IUpdateRule<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public static bool IsBoundedByCorners => true;

        public static int StateBuffers => 1;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector<T> Update(Vector<T> p, Vector<T> g, ref Vector<T> velocity, ref Vector<T> second)
        {
            velocity = UpdateRule.FlushSubnormal(momentum * velocity + g);
            return p - rate * (g + momentum * velocity);
        }
    }
}
