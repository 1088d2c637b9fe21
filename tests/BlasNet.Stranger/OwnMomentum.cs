using System.Numerics.Tensors;
using BlasNet.Training;

namespace BlasNet.Stranger;

/// <summary>v ← μ·v + g, p ← p − η·v, as a formula of ranges.</summary>
public sealed class OwnMomentum(double learningRate, double keep) : Optimizer(learningRate)
{
    public override IReadOnlyList<string> StateNames { get; } = ["speed"];

    protected override IEnumerable<(string Name, object? Value)> Hyperparameters => [("keep", keep)];

    protected override void Apply<T>(OptimizerSweep<T> sweep, double rate, long step) => sweep.Run(range =>
    {
        Span<T> speed = range.State(0);
        TensorPrimitives.Multiply(speed, T.CreateTruncating(keep), speed);
        TensorPrimitives.Add(speed, range.Gradient, speed);
        for (int i = 0; i < speed.Length; i++)
            range.Parameters[i] -= T.CreateTruncating(rate) * speed[i];
    });
}
