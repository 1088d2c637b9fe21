using System.Numerics.Tensors;
using BlasNet.Graphs;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>The positive part of each element, max(0, x).</summary>
    /// <param name="x">Any shape.</param>
    /// <returns>The shape of <paramref name="x"/>.</returns>
    public static Expr Relu(Expr x) => Expr.Apply(ReluOperator.Instance, x);
}

internal sealed class ReluOperator : ElementwiseOperator
{
    public static readonly ReluOperator Instance = new();

    public override string Name => "relu";

    protected override void Forward<T>(ReadOnlySpan<T> x, Span<T> y, long attribute) => TensorPrimitives.Max(x, T.Zero, y);

    protected override Expr Backward(Expr x, Expr y, Expr dy, long attribute) => Expr.Apply(ReluGradientOperator.Instance, y, dy);
}

/// <summary>dy where y is positive, 0 elsewhere: the gradient of ReLU, whose derivative at 0 is taken to be 0.</summary>
internal sealed class ReluGradientOperator : BinaryOperator
{
    public static readonly ReluGradientOperator Instance = new();

    public override string Name => "relu-gradient";

    protected override void Forward<T>(ReadOnlySpan<T> y, ReadOnlySpan<T> dy, Span<T> result) => Kernels.Elementwise.WherePositive(y, dy, result);

    protected override void Forward<T>(ReadOnlySpan<T> y, T dy, Span<T> result)
    {
        for (int i = 0; i < y.Length; i++)
            result[i] = y[i] > T.Zero ? dy : T.Zero;
    }

    protected override void Forward<T>(T y, ReadOnlySpan<T> dy, Span<T> result)
    {
        if (y > T.Zero)
            dy.CopyTo(result);
        else
            result.Clear();
    }

    // Linear in dy; constant in y wherever it has a derivative.
    protected override Expr? Left(Expr y, Expr dy, Expr result, Expr gradient) => null;

    protected override Expr? Right(Expr y, Expr dy, Expr result, Expr gradient) => Expr.Apply(Instance, y, gradient);
}
