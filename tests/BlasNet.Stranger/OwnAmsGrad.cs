using BlasNet.Training;

namespace BlasNet.Stranger;

/// <summary>m ← β₁·m + (1 − β₁)·g; v ← β₂·v + (1 − β₂)·g²; u ← max(u, v); p ← p − η·m/(√u + ε): three numbers of state.</summary>
/// <remarks>Source: Reddi, Kale, Kumar, "On the convergence of Adam and beyond", ICLR 2018, Algorithm 2, with ε.</remarks>
public sealed class OwnAmsGrad(double learningRate) : Optimizer(learningRate)
{
    public const double Beta1 = 0.9, Beta2 = 0.99, Epsilon = 1e-6;

    public override IReadOnlyList<string> StateNames { get; } = ["mean", "square", "largest square"];

    protected override IEnumerable<(string Name, object? Value)> Hyperparameters => [("beta1", Beta1), ("beta2", Beta2), ("epsilon", Epsilon)];

    protected override void Apply<T>(OptimizerSweep<T> sweep, double rate, long step) => sweep.Run(range =>
    {
        (T beta1, T beta2) = (T.CreateTruncating(Beta1), T.CreateTruncating(Beta2));
        Span<T> mean = range.State(0), square = range.State(1), largest = range.State(2);
        for (int i = 0; i < range.Parameters.Length; i++)
        {
            T gradient = range.Gradient[i];
            mean[i] = beta1 * mean[i] + (T.One - beta1) * gradient;
            square[i] = beta2 * square[i] + (T.One - beta2) * gradient * gradient;
            largest[i] = T.Max(largest[i], square[i]);
            range.Parameters[i] -= T.CreateTruncating(rate) * mean[i] / (T.Sqrt(largest[i]) + T.CreateTruncating(Epsilon));
        }
    });
}
