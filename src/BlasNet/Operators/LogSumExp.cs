using BlasNet.Graphs;
using BlasNet.Kernels;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>The logarithm of the sum of exponentials of each column: y = ln Σ_k exp(x_k).</summary>
    /// <param name="x">[r] or [r × c].</param>
    /// <returns>A scalar, or a row [1 × c].</returns>
    /// <remarks>Does not overflow, however large the elements are. Of all elements it is <c>LogSumExpColumns(LogSumExp(x))</c>.</remarks>
    public static Expr LogSumExp(Expr x) => Expr.Apply(LogSumExpOperator.Instance, x);

    /// <summary>The logarithm of the sum of exponentials of the columns, element by element, as <see cref="SumColumns"/> is their sum: of each row one
    /// number.</summary>
    /// <param name="x">[r × c]; for example a sequence of vectors.</param>
    /// <returns>[r].</returns>
    /// <remarks>Does not overflow, however large the elements are.</remarks>
    public static Expr LogSumExpColumns(Expr x)
    {
        if (x.Shape.IsVector)
            return x;

        // The derivative does not depend on the offset. An infinite maximum is not subtracted: ∞ − ∞ is NaN.
        Expr largest = StopGradient(MaxColumns(x));
        Expr offset = Where(Less(Abs(largest), x.Graph.OwnConstant(double.PositiveInfinity)), largest, x.Graph.OwnConstant(0));
        return Log(SumColumns(Exp(x - offset))) + offset;
    }
}

internal sealed class LogSumExpOperator() : Operator(new())
{
    public static readonly LogSumExpOperator Instance = new();

    public override string Name => "log-sum-exp";

    public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute) => new(1, inputs[0].Columns);

    public override bool IsColumnWise(ReadOnlySpan<Shape> inputs, ReadOnlySpan<bool> shared) => true;

    public override unsafe void Forward<T>(in Operands<T> stack)
    {
        Operand<T> x = stack[0], y = stack.Output;
        Columns<T>.Widest.LogSumExp(x.Data, x.Shape.Rows, y.Data, x.Shape.Rows, y.Vectors);
    }

    // dx = softmax(x) · dy, of each column.
    public override void Gradient(in GradientContext g) => g.Accumulate(0, Op.Multiply(Op.Exp(g.Input(0) - g.Output), g.OutputGradient));
}
