using System.Runtime.CompilerServices;
using BlasNet.Graphs;
using BlasNet.Kernels;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>The difference of corresponding elements, a − b.</summary>
    /// <param name="a">Any shape.</param>
    /// <param name="b">The same shape, or a scalar, or a vector [r] or row [1 × c] taken with every column or row; or the other way round.</param>
    /// <returns>The larger of the two shapes.</returns>
    /// <exception cref="ShapeException">The shapes do not fit.</exception>
    public static Expr Subtract(Expr a, Expr b) => Expr.Apply(SubtractOperator.Instance, a, b);
}

internal sealed class SubtractOperator() : BinaryOperator<SubtractFunction>(Arithmetic.Difference)
{
    public static readonly SubtractOperator Instance = new();

    public override string Name => "subtract";

    protected override Expr? Left(Expr a, Expr b, Expr result, Expr gradient) => gradient;

    protected override Expr? Right(Expr a, Expr b, Expr result, Expr gradient) => -gradient;
}

internal readonly struct SubtractFunction : IZip
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<V, T>(V a, V b) where V : struct, ISimd<V, T> where T : unmanaged => a - b;
}
