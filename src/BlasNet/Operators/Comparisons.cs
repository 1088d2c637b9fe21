using System.Runtime.CompilerServices;
using BlasNet.Graphs;
using BlasNet.Kernels;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>1 where an element is greater than the corresponding one, else 0: also where either is NaN.</summary>
    /// <param name="a">Any shape.</param>
    /// <param name="b">The same shape, or a scalar, or a vector [r] or row [1 × c] taken with every column or row; or the other way round.</param>
    /// <returns>The larger of the two shapes.</returns>
    /// <remarks>The derivative is 0 everywhere.</remarks>
    /// <exception cref="ShapeException">The shapes do not fit.</exception>
    public static Expr Greater(Expr a, Expr b) => Expr.Apply(GreaterOperator.Instance, a, b);

    /// <summary>1 where an element is greater than or equal to the corresponding one, else 0: also where either is NaN.</summary>
    /// <inheritdoc cref="Greater"/>
    public static Expr GreaterOrEqual(Expr a, Expr b) => Expr.Apply(GreaterOrEqualOperator.Instance, a, b);

    /// <summary>1 where an element is less than the corresponding one, else 0: also where either is NaN.</summary>
    /// <inheritdoc cref="Greater"/>
    public static Expr Less(Expr a, Expr b) => Greater(b, a);

    /// <summary>1 where an element is less than or equal to the corresponding one, else 0: also where either is NaN.</summary>
    /// <inheritdoc cref="Greater"/>
    public static Expr LessOrEqual(Expr a, Expr b) => GreaterOrEqual(b, a);

    /// <summary>1 where an element is equal to the corresponding one, as 0 is to −0, else 0: also where either is NaN.</summary>
    /// <inheritdoc cref="Greater"/>
    public static Expr Equal(Expr a, Expr b) => Expr.Apply(EqualOperator.Instance, a, b);
}

/// <summary>1 or 0, by a comparison.</summary>
internal abstract class Comparison<F> : BinaryOperator<F> where F : struct, IZip
{
    protected sealed override Expr? Left(Expr a, Expr b, Expr result, Expr gradient) => null;

    protected sealed override Expr? Right(Expr a, Expr b, Expr result, Expr gradient) => null;
}

internal sealed class GreaterOperator : Comparison<GreaterFunction>
{
    public static readonly GreaterOperator Instance = new();

    public override string Name => "greater";
}

internal readonly struct GreaterFunction : IZip
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<V, T>(V a, V b) where V : struct, ISimd<V, T> where T : unmanaged => V.WhereLess(b, a, V.Constant(1), V.Constant(0));
}

internal sealed class GreaterOrEqualOperator : Comparison<GreaterOrEqualFunction>
{
    public static readonly GreaterOrEqualOperator Instance = new();

    public override string Name => "greater-or-equal";
}

internal readonly struct GreaterOrEqualFunction : IZip
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<V, T>(V a, V b) where V : struct, ISimd<V, T> where T : unmanaged => V.WhereLessOrEqual(b, a, V.Constant(1), V.Constant(0));
}

internal sealed class EqualOperator : Comparison<EqualFunction>
{
    public static readonly EqualOperator Instance = new();

    public override string Name => "equal";
}

internal readonly struct EqualFunction : IZip
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<V, T>(V a, V b) where V : struct, ISimd<V, T> where T : unmanaged =>
        V.WhereLessOrEqual(a, b, V.WhereLessOrEqual(b, a, V.Constant(1), V.Constant(0)), V.Constant(0));
}
