using System.Runtime.CompilerServices;
using BlasNet.Graphs;
using BlasNet.Kernels;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>The absolute value of each element, |x|.</summary>
    /// <param name="x">Any shape.</param>
    /// <returns>The shape of <paramref name="x"/>.</returns>
    /// <remarks>The derivative is <see cref="Sign"/>, so at 0 it is 0.</remarks>
    public static Expr Abs(Expr x) => Expr.Apply(AbsOperator.Instance, x);
}

internal sealed class AbsOperator : ElementwiseOperator<AbsFunction>
{
    public static readonly AbsOperator Instance = new();

    public override string Name => "abs";

    protected override Expr? Backward(Expr x, Expr y, Expr dy, long attribute) => Op.Multiply(dy, Op.Sign(x));
}

internal readonly struct AbsFunction : IMap
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<V, T>(V x) where V : struct, ISimd<V, T> where T : unmanaged => V.Abs(x);
}
