using System.Numerics.Tensors;
using BlasNet.Graphs;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>The quotient of corresponding elements, a / b.</summary>
    /// <param name="a">Any shape.</param>
    /// <param name="b">The same shape, or a scalar, or a vector [r] or row [1 × c] taken with every column or row; or the other way round.</param>
    /// <returns>The larger of the two shapes.</returns>
    /// <exception cref="ShapeException">The shapes do not fit.</exception>
    public static Expr Divide(Expr a, Expr b) => Expr.Apply(DivideOperator.Instance, a, b);
}

internal sealed class DivideOperator : BinaryOperator
{
    public static readonly DivideOperator Instance = new();

    public override string Name => "divide";

    protected override void Forward<T>(ReadOnlySpan<T> a, ReadOnlySpan<T> b, Span<T> result) => TensorPrimitives.Divide(a, b, result);

    protected override void Forward<T>(ReadOnlySpan<T> a, T b, Span<T> result) => TensorPrimitives.Divide(a, b, result);

    protected override void Forward<T>(T a, ReadOnlySpan<T> b, Span<T> result) => TensorPrimitives.Divide(a, b, result);

    protected override Expr? Left(Expr a, Expr b, Expr result, Expr gradient) => gradient / b;

    protected override Expr? Right(Expr a, Expr b, Expr result, Expr gradient) => -(gradient * result) / b;
}
