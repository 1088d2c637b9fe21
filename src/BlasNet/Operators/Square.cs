using System.Runtime.CompilerServices;
using BlasNet.Graphs;
using BlasNet.Kernels;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>The square of each element, x².</summary>
    /// <param name="x">Any shape.</param>
    /// <returns>The shape of <paramref name="x"/>.</returns>
    public static Expr Square(Expr x) => Expr.Apply(SquareOperator.Instance, x);
}

internal sealed class SquareOperator : ElementwiseOperator<SquareFunction>
{
    public static readonly SquareOperator Instance = new();

    public override string Name => "square";

    protected override Expr? Backward(Expr x, Expr y, Expr dy, long attribute) => Op.Scale(Op.Multiply(dy, x), 2);
}

internal readonly struct SquareFunction : IMap
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<V, T>(V x) where V : struct, ISimd<V, T> where T : unmanaged => x * x;
}
