using BlasNet.Graphs;
using BlasNet.Kernels;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>The sum of all elements of a value.</summary>
    /// <param name="x">Any shape.</param>
    /// <returns>A scalar.</returns>
    public static Expr Sum(Expr x) => x.Shape.IsScalar ? x : Expr.Apply(SumOperator.Elements, x);

    /// <summary>The sum of the columns of a matrix.</summary>
    /// <param name="x">[r × c].</param>
    /// <returns>[r].</returns>
    public static Expr SumColumns(Expr x) => x.Shape.IsVector ? x : Expr.Apply(SumOperator.Columns, x);

    /// <summary>The mean of all elements of a value.</summary>
    /// <param name="x">Any shape.</param>
    /// <returns>A scalar.</returns>
    public static Expr Mean(Expr x) => Scale(Sum(x), 1.0 / x.Shape.Size);

    /// <summary>Undoes broadcasting: sums what belongs to one element of <paramref name="shape"/>.</summary>
    internal static Expr SumTo(Shape shape, Expr x) => shape == x.Shape ? x : shape.IsScalar ? Sum(x) : SumColumns(x);
}

internal sealed class SumOperator : Operator
{
    public static readonly SumOperator Elements = new(columns: false);
    public static readonly SumOperator Columns = new(columns: true);

    private readonly bool _columns;

    private SumOperator(bool columns) => _columns = columns;

    public override string Name => _columns ? "sum-columns" : "sum";

    public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute) => _columns ? new Shape(inputs[0].Rows) : Shape.Scalar;

    public override void Forward<T>(in Operands<T> stack)
    {
        Operand<T> x = stack[0], y = stack.Output;
        for (int i = 0; i < y.Count; i++)
            Rows.Sum(x.ValueAt(i), y.ValueAt(i), accumulate: false);
    }

    // Each element of x adds to one of y: dx repeats dy over the shape of x.
    public override void Gradient(in GradientContext g) => g.Accumulate(0, Op.ExpandTo(g.Input(0).Shape, g.OutputGradient));
}
