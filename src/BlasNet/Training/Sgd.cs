using System.Numerics;
using System.Runtime.CompilerServices;
using BlasNet.Memory;

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

        if (nesterov && momentum == 0)
            throw new ArgumentException("Nesterov's method needs momentum above 0.", nameof(nesterov));
    }

    /// <summary>μ: the part of the velocity that a step keeps.</summary>
    public double Momentum { get; }

    /// <summary>Whether the step looks one step of the velocity ahead.</summary>
    public bool Nesterov { get; }

    /// <inheritdoc/>
    public override int StateBuffers => Momentum == 0 ? 0 : 1;

    private protected override void Apply<T>(OptimizerRange<T> range, ReadOnlySpan<Segment> parts, double gradientScale, long step)
    {
        Vector<T> rate = Vector.Create(T.CreateTruncating(LearningRate));
        Vector<T> scale = Vector.Create(T.CreateTruncating(gradientScale));
        Vector<T> momentum = Vector.Create(T.CreateTruncating(Momentum));

        if (Momentum == 0)
            OptimizerSweep.Run(range, parts, new PlainRule<T>(rate, scale));
        else if (Nesterov)
            OptimizerSweep.Run(range, parts, new NesterovRule<T>(rate, momentum, scale));
        else
            OptimizerSweep.Run(range, parts, new MomentumRule<T>(rate, momentum, scale));
    }

    private readonly struct PlainRule<T>(Vector<T> rate, Vector<T> scale) : IUpdateRule<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public static int StateBuffers => 0;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector<T> Update(Vector<T> p, Vector<T> g, ref Vector<T> first, ref Vector<T> second) => p - rate * (scale * g);
    }

    private readonly struct MomentumRule<T>(Vector<T> rate, Vector<T> momentum, Vector<T> scale) : IUpdateRule<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public static int StateBuffers => 1;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector<T> Update(Vector<T> p, Vector<T> g, ref Vector<T> velocity, ref Vector<T> second)
        {
            velocity = OptimizerSweep.FlushSubnormal(momentum * velocity + scale * g);
            return p - rate * velocity;
        }
    }

    private readonly struct NesterovRule<T>(Vector<T> rate, Vector<T> momentum, Vector<T> scale) : IUpdateRule<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public static int StateBuffers => 1;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector<T> Update(Vector<T> p, Vector<T> g, ref Vector<T> velocity, ref Vector<T> second)
        {
            velocity = OptimizerSweep.FlushSubnormal(momentum * velocity + scale * g);
            return p - rate * (scale * g + momentum * velocity);
        }
    }
}
