using System.Runtime.CompilerServices;
using BlasNet.Graphs;
using BlasNet.Kernels;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>The logistic function of each element, 1 / (1 + e⁻ˣ).</summary>
    /// <param name="x">Any shape.</param>
    /// <returns>The shape of <paramref name="x"/>; values in (0, 1).</returns>
    public static Expr Sigmoid(Expr x) => Expr.Apply(SigmoidOperator.Instance, x);
}

internal sealed class SigmoidOperator : ElementwiseOperator<SigmoidFunction>
{
    public static readonly SigmoidOperator Instance = new();

    public override string Name => "sigmoid";

    public override bool IsCostly => true;

    protected override Expr Backward(Expr x, Expr y, Expr dy, long attribute) => dy * (y * (1 - y));
}

internal readonly struct SigmoidFunction : IMap
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<V, T>(V x) where V : struct, ISimd<V, T> where T : unmanaged => Power.Sigmoid<V, T>(x);
}
