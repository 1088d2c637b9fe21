using System.Numerics;
using BlasNet.Training;

namespace BlasNet.Stranger;

/// <summary>Adam, as a formula of vectors.</summary>
/// <param name="learningRate">η.</param>
/// <param name="isBounded">Whether it says that its bounds are at corners.</param>
public sealed class OwnAdam(double learningRate, bool isBounded) : Optimizer(learningRate)
{
    private const double Beta1 = 0.9, Beta2 = 0.999, Epsilon = 1e-8;

    public override IReadOnlyList<string> StateNames { get; } = ["first", "second"];

    protected override IEnumerable<(string Name, object? Value)> Hyperparameters => [];

    protected override void Apply<T>(OptimizerSweep<T> sweep, double rate, long step)
    {
        double correction = Math.Sqrt(1 - Math.Pow(Beta2, step));
        var rule = new Rule<T>(rate * correction / (1 - Math.Pow(Beta1, step)), correction * Epsilon);
        if (isBounded)
            sweep.Run(new Bounded<T>(rule));
        else
            sweep.Run(rule);
    }

    private readonly struct Rule<T>(double rate, double epsilon) : IUpdateRule<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public static int StateBuffers => 2;

        public Vector<T> Update(Vector<T> parameters, Vector<T> gradient, ref Vector<T> first, ref Vector<T> second)
        {
            first = UpdateRule.FlushSubnormal(UpdateRule.Broadcast<T>(Beta1) * first + UpdateRule.Broadcast<T>(1 - Beta1) * gradient);
            second = UpdateRule.FlushSubnormal(UpdateRule.Broadcast<T>(Beta2) * second + UpdateRule.Broadcast<T>(1 - Beta2) * (gradient * gradient));
            return parameters - UpdateRule.Broadcast<T>(rate) * first / (Vector.SquareRoot(second) + UpdateRule.Broadcast<T>(epsilon));
        }
    }

    private readonly struct Bounded<T>(Rule<T> rule) : IUpdateRule<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public static bool IsBoundedByCorners => true;

        public static int StateBuffers => 2;

        public Vector<T> Update(Vector<T> parameters, Vector<T> gradient, ref Vector<T> first, ref Vector<T> second) =>
            rule.Update(parameters, gradient, ref first, ref second);
    }
}
