using System.Runtime.CompilerServices;
using BlasNet.Graphs;
using BlasNet.Kernels;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>The larger of corresponding elements; NaN if either is.</summary>
    /// <param name="a">Any shape.</param>
    /// <param name="b">The same shape, or a scalar, or a vector [r] or row [1 × c] taken with every column or row; or the other way round.</param>
    /// <returns>The larger of the two shapes.</returns>
    /// <remarks>The gradient goes to the larger element, and to <paramref name="a"/> where both are equal.</remarks>
    /// <exception cref="ShapeException">The shapes do not fit.</exception>
    public static Expr Max(Expr a, Expr b) => Expr.Apply(MaxOperator.Instance, a, b);
}

internal sealed class MaxOperator : BinaryOperator<MaxFunction>
{
    public static readonly MaxOperator Instance = new();

    public override string Name => "max";

    protected override Expr? Left(Expr a, Expr b, Expr result, Expr gradient) => Op.Where(Op.GreaterOrEqual(a, b), gradient, gradient.Graph.OwnConstant(0));

    protected override Expr? Right(Expr a, Expr b, Expr result, Expr gradient) => Op.Where(Op.GreaterOrEqual(a, b), gradient.Graph.OwnConstant(0), gradient);
}

internal readonly struct MaxFunction : IZip
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<V, T>(V a, V b) where V : struct, ISimd<V, T> where T : unmanaged => V.MaxOrNaN(a, b);
}
