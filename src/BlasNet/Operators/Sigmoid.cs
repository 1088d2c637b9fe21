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

internal sealed class SigmoidOperator() : ElementwiseOperator<SigmoidFunction>(isCostly: true)
{
    public static readonly SigmoidOperator Instance = new();

    public override string Name => "sigmoid";

    protected override Expr? Backward(Expr x, Expr y, Expr dy, long attribute) => Expr.Apply(SigmoidGradientOperator.Instance, y, dy);
}

internal readonly struct SigmoidFunction : IMap
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<V, T>(V x) where V : struct, ISimd<V, T> where T : unmanaged => Power.Sigmoid<V, T>(x);
}

/// <summary>dy·(y·(1 - y)): the gradient of sigmoid, one step of a fused cell instead of three.</summary>
internal sealed class SigmoidGradientOperator : ElementwiseGradient<SigmoidGradientFunction>
{
    public static readonly SigmoidGradientOperator Instance = new();

    public override string Name => "sigmoid-gradient";

    protected override Expr? Left(Expr y, Expr dy, Expr result, Expr gradient) => Op.Multiply(Op.Multiply(gradient, dy), 1 - Op.Scale(y, 2));
}

internal readonly struct SigmoidGradientFunction : IZip
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<V, T>(V y, V dy) where V : struct, ISimd<V, T> where T : unmanaged => dy * (y * (V.Constant(1) - y));
}
