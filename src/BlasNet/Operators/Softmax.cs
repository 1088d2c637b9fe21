using BlasNet.Graphs;
using BlasNet.Kernels;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>The softmax of each column: y_i = exp(x_i) / Σ_k exp(x_k).</summary>
    /// <param name="x">[r] or [r × c].</param>
    /// <returns>The shape of <paramref name="x"/>; every column is positive and sums to 1.</returns>
    /// <remarks>Does not overflow, however large the elements are.</remarks>
    public static Expr Softmax(Expr x) => Expr.Apply(SoftmaxOperator.Instance, x);
}

internal sealed class SoftmaxOperator() : Operator(new() { Storage = Storage.InPlace })
{
    public static readonly SoftmaxOperator Instance = new();

    public override string Name => "softmax";

    public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute) => inputs[0];

    public override bool IsColumnWise(ReadOnlySpan<Shape> inputs, ReadOnlySpan<bool> shared) => true;

    public override unsafe void Forward<T>(in Operands<T> stack)
    {
        Operand<T> x = stack[0], y = stack.Output;
        Columns<T>.Widest.Softmax(x.Data, x.Shape.Rows, y.Data, y.Shape.Rows, y.Shape.Rows, y.Vectors);
    }

    public override void Gradient(in GradientContext g) => g.Accumulate(0, Backward(g.Output, g.OutputGradient));

    /// <summary>dx = y∘(dy − y·dy) of each column.</summary>
    internal static Expr Backward(Expr y, Expr dy) => Op.Multiply(y, dy - Op.Dot(y, dy));
}
