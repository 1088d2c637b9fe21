using System.Runtime.CompilerServices;
using BlasNet.Graphs;
using BlasNet.Kernels;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>The sign of each element: −1, 0 or 1, and NaN for NaN.</summary>
    /// <param name="x">Any shape.</param>
    /// <returns>The shape of <paramref name="x"/>; a zero keeps its own sign.</returns>
    /// <remarks>The derivative is 0 everywhere.</remarks>
    public static Expr Sign(Expr x) => Expr.Apply(SignOperator.Instance, x);
}

internal sealed class SignOperator : ElementwiseOperator<SignFunction>
{
    public static readonly SignOperator Instance = new();

    public override string Name => "sign";

    protected override Expr? Backward(Expr x, Expr y, Expr dy, long attribute) => null;
}

internal readonly struct SignFunction : IMap
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<V, T>(V x) where V : struct, ISimd<V, T> where T : unmanaged =>
        V.WhereLess(V.Constant(0), V.Abs(x), V.CopySign(V.Constant(1), x), x);
}
