using System.Runtime.CompilerServices;
using BlasNet.Graphs;
using BlasNet.Kernels;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>The positive part of each element, max(0, x).</summary>
    /// <param name="x">Any shape.</param>
    /// <returns>The shape of <paramref name="x"/>.</returns>
    public static Expr Relu(Expr x) => Expr.Apply(ReluOperator.Instance, x);
}

internal sealed class ReluOperator : ElementwiseOperator<ReluFunction>
{
    public static readonly ReluOperator Instance = new();

    public override string Name => "relu";

    protected override Expr? Backward(Expr x, Expr y, Expr dy, long attribute) => Expr.Apply(ReluGradientOperator.Instance, y, dy);
}

internal readonly struct ReluFunction : IMap
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<V, T>(V x) where V : struct, ISimd<V, T> where T : unmanaged => V.Max(V.Constant(0), x);
}

/// <summary>dy where y is positive, NaN where y is NaN, 0 elsewhere: the gradient of ReLU, whose derivative at 0 is taken to be 0.</summary>
internal sealed class ReluGradientOperator : ElementwiseGradient<ReluGradientFunction>
{
    public static readonly ReluGradientOperator Instance = new();

    public override string Name => "relu-gradient";

    // Constant in y wherever it has a derivative.
    protected override Expr? Left(Expr y, Expr dy, Expr result, Expr gradient) => null;
}

internal readonly struct ReluGradientFunction : IZip
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<V, T>(V y, V dy) where V : struct, ISimd<V, T> where T : unmanaged => V.WhereLess(V.Constant(0), y, dy, V.Max(V.Constant(0), y));
}
