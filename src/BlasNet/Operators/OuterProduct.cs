using BlasNet.Graphs;
using BlasNet.Kernels;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>Multiplies a value with a transposed value: a·bᵀ, for vectors the outer product.</summary>
    /// <param name="a">[m] or [m × c].</param>
    /// <param name="b">[k] or [k × c].</param>
    /// <returns>[m × k].</returns>
    /// <exception cref="ShapeException">The numbers of columns differ.</exception>
    public static Expr OuterProduct(Expr a, Expr b) => Expr.Apply(OuterProductOperator.OneByOne, a, b);

    /// <summary>The sum over all examples of a·bᵀ: the gradient of a weight that they share.</summary>
    /// <param name="a">[m] or [m × c].</param>
    /// <param name="b">[k] or [k × c].</param>
    /// <returns>[m × k], one value whatever the size of the stack.</returns>
    /// <remarks>Over a stack of n this is a single GEMM whose inner dimension is n·c.</remarks>
    internal static Expr OuterProductSum(Expr a, Expr b) => Expr.Apply(OuterProductOperator.Summed, a, b);
}

internal sealed class OuterProductOperator : Operator, IMatrixProduct
{
    public static readonly OuterProductOperator OneByOne = new(summed: false);
    public static readonly OuterProductOperator Summed = new(summed: true);

    private readonly bool _summed;

    private OuterProductOperator(bool summed)
        : base(new()
        {
            Merging = summed ? Merging.Sum : Merging.Stack,
            Terms = summed ? new SumTerms(OneByOne, TermForm.OuterProduct) : null,
            CanAccumulate = true,
        })
    {
        _summed = summed;
    }

    public override Operator? SumOverStack => _summed ? null : Summed;

    public override string Name => _summed ? "outer-product-sum" : "outer-product";

    public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute)
    {
        var (a, b) = (inputs[0], inputs[1]);
        if (a.Columns != b.Columns)
            throw new ShapeException(this, $"left columns ({a.Columns}) must equal right columns ({b.Columns})");

        return new Shape(a.Rows, b.Rows);
    }

    // In a sum, every column is one more term.
    public override bool IsColumnWise(ReadOnlySpan<Shape> inputs, ReadOnlySpan<bool> shared) => _summed && !shared[0] && !shared[1];

    public long Flops(Graph graph, int node) => 2L * graph.ShapeOf(node).Size * graph.ShapeOf(graph.InputsOf(node)[0]).Columns;

    public override void Forward<T>(in Operands<T> stack)
    {
        Operand<T> a = stack[0], b = stack[1], y = stack.Output;
        if (a.Count == b.Count && y.Count == 1)
        {
            Gemm.OuterProductSum(MatMulOperator.Columns(b), MatMulOperator.Columns(a), MatMulOperator.Weight(y, 0), stack.Accumulate);
            return;
        }

        int count = Math.Max(a.Count, b.Count);
        for (int i = 0; i < count; i++)
        {
            bool accumulate = stack.Accumulate || (_summed && i > 0);
            Gemm.OuterProductSum(MatMulOperator.Columns(b, i), MatMulOperator.Columns(a, i), MatMulOperator.Weight(y, i), accumulate);
        }
    }

    public override void Gradient(in GradientContext g)
    {
        var (a, b, dy) = (g.Input(0), g.Input(1), g.OutputGradient);
        if (g.IsNeeded(0))
            g.Accumulate(0, Op.MatMul(dy, b));   // da = dY·b

        if (g.IsNeeded(1))
            g.Accumulate(1, Op.MatMulTransposed(dy, a));   // db = dYᵀ·a
    }
}
