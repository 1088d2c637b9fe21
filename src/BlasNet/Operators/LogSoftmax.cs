using BlasNet.Graphs;
using BlasNet.Kernels;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>The logarithm of the softmax of each column: y_i = x_i − ln Σ_k exp(x_k).</summary>
    /// <param name="x">[r] or [r × c].</param>
    /// <returns>The shape of <paramref name="x"/>.</returns>
    /// <remarks>Exact where the softmax itself would be rounded to 0.</remarks>
    public static Expr LogSoftmax(Expr x) => Expr.Apply(LogSoftmaxOperator.Instance, x);
}

internal sealed class LogSoftmaxOperator() : Operator(new() { Storage = Storage.InPlace })
{
    public static readonly LogSoftmaxOperator Instance = new();

    public override string Name => "log-softmax";

    public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute) => inputs[0];

    public override bool IsColumnWise(ReadOnlySpan<Shape> inputs, ReadOnlySpan<bool> shared) => true;

    public override unsafe void Forward<T>(in Operands<T> stack)
    {
        Operand<T> x = stack[0], y = stack.Output;
        Columns<T>.Widest.LogSoftmax(x.Data, x.Shape.Rows, y.Data, y.Shape.Rows, y.Shape.Rows, y.Vectors);
    }

    // dx = dy − softmax(x) Σ dy, of each column.
    public override void Gradient(in GradientContext g) => g.Accumulate(0, g.OutputGradient - Op.Multiply(Op.Exp(g.Output), Op.SumRows(g.OutputGradient)));
}
