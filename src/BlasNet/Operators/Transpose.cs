using BlasNet.Graphs;
using BlasNet.Kernels;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>Swaps rows and columns. To multiply with a transposed weight, use <see cref="MatMulTransposed"/>, which moves nothing.</summary>
    /// <param name="x">[r × c].</param>
    /// <returns>[c × r].</returns>
    public static Expr Transpose(Expr x) =>
        x.Shape.IsVector || x.Shape.Rows == 1 ? Reshape(x, new Shape(x.Shape.Columns, x.Shape.Rows)) : Expr.Apply(TransposeOperator.Instance, x);
}

internal sealed class TransposeOperator() : Operator(new() { OnlyMoves = true })
{
    public static readonly TransposeOperator Instance = new();

    public override string Name => "transpose";

    public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute) => new(inputs[0].Columns, inputs[0].Rows);

    public override unsafe void Forward<T>(in Operands<T> stack)
    {
        Operand<T> x = stack[0], y = stack.Output;
        for (int i = 0; i < y.Count; i++)
            Rows.Transpose(x.At(i), y.At(i), x.Shape.Columns, x.Shape.Rows);
    }

    public override void Gradient(in GradientContext g) => g.Accumulate(0, Op.Transpose(g.OutputGradient));
}
