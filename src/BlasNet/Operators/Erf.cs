using System.Runtime.CompilerServices;
using BlasNet.Graphs;
using BlasNet.Kernels;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>The error function of each element, erf(x) = 2/√π ∫₀ˣ e^−t² dt; so the normal distribution function is (1 + erf(x/√2))/2.</summary>
    /// <param name="x">Any shape.</param>
    /// <returns>The shape of <paramref name="x"/>; values in [−1, 1].</returns>
    public static Expr Erf(Expr x) => Expr.Apply(ErfOperator.Instance, x);
}

internal sealed class ErfOperator() : ElementwiseOperator<ErfFunction>(isCostly: true)
{
    public static readonly ErfOperator Instance = new();

    public override string Name => "erf";

    // 2/√π · e^−x² · dy.
    protected override Expr? Backward(Expr x, Expr y, Expr dy, long attribute) =>
        Op.Scale(Op.Multiply(dy, Op.Exp(-Op.Square(x))), 2 / Math.Sqrt(Math.PI));
}

internal readonly struct ErfFunction : IMap
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<V, T>(V x) where V : struct, ISimd<V, T> where T : unmanaged => ErrorFunction.Erf<V, T>(x);
}
