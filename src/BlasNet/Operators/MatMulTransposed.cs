using BlasNet.Graphs;
using BlasNet.Kernels;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>Multiplies a transposed matrix with a value: y = Wᵀ·x.</summary>
    /// <param name="w">[m × k]; usually a parameter, the same for every example.</param>
    /// <param name="x">[m] or [m × c]; one example's value.</param>
    /// <returns>[k] or [k × c].</returns>
    /// <exception cref="ShapeException">Rows of <paramref name="w"/> differ from rows of <paramref name="x"/>.</exception>
    public static Expr MatMulTransposed(Expr w, Expr x) => Expr.Apply(MatMulTransposedOperator.Instance, w, x);
}

internal sealed class MatMulTransposedOperator() : Operator(new() { CanAccumulate = true }), IMatrixProduct
{
    public static readonly MatMulTransposedOperator Instance = new();

    public override string Name => "matmul-transposed";

    public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute)
    {
        var (w, x) = (inputs[0], inputs[1]);
        if (w.Rows != x.Rows)
            throw new ShapeException(this, $"left rows ({w.Rows}) must equal right rows ({x.Rows})");

        return new Shape(w.Columns, x.Columns);
    }

    public override bool IsColumnWise(ReadOnlySpan<Shape> inputs, ReadOnlySpan<bool> shared) => shared[0] && !shared[1];

    public long Flops(Graph graph, int node) => 2L * graph.ShapeOf(node).Size * graph.ShapeOf(graph.InputsOf(node)[0]).Rows;

    public override void Forward<T>(in Operands<T> stack)
    {
        Operand<T> w = stack[0], x = stack[1], y = stack.Output;
        if (w.Count == 1)
        {
            Gemm.MultiplyTransposed(MatMulOperator.Columns(x), MatMulOperator.Weight(w, 0), MatMulOperator.Columns(y), stack.Accumulate, w.Packed);
            return;
        }

        for (int i = 0; i < y.Count; i++)
            Gemm.MultiplyTransposed(MatMulOperator.Columns(x, i), MatMulOperator.Weight(w, i), MatMulOperator.Columns(y, i), stack.Accumulate);
    }

    public override void Gradient(in GradientContext g)
    {
        var (w, x, dy) = (g.Input(0), g.Input(1), g.OutputGradient);
        if (g.IsNeeded(0))
            g.Accumulate(0, g.IsShared(0) ? Op.OuterProductSum(x, dy) : Op.OuterProduct(x, dy));   // dW = x·dyᵀ

        if (g.IsNeeded(1))
            g.Accumulate(1, Op.MatMul(w, dy));   // dx = W·dy
    }
}
