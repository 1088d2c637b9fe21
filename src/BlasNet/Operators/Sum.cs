using BlasNet.Graphs;
using BlasNet.Operators.Intrinsics;

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

    /// <summary>The sum of the rows of a matrix: of each column, the sum of its elements.</summary>
    /// <param name="x">[r × c].</param>
    /// <returns>[1 × c].</returns>
    public static Expr SumRows(Expr x) => x.Shape.Rows == 1 ? x : Expr.Apply(SumOperator.Rows, x);

    /// <summary>The mean of all elements of a value.</summary>
    /// <param name="x">Any shape.</param>
    /// <returns>A scalar.</returns>
    public static Expr Mean(Expr x) => x.Shape.IsScalar ? x : Sum(x) / x.Shape.Size;

    /// <summary>The mean of the columns of a matrix: of the vectors of a sentence, say.</summary>
    /// <param name="x">[r × c].</param>
    /// <returns>[r].</returns>
    public static Expr MeanColumns(Expr x) => x.Shape.IsVector ? x : SumColumns(x) / x.Shape.Columns;

    /// <summary>Undoes broadcasting: sums what belongs to one element of <paramref name="shape"/>.</summary>
    internal static Expr SumTo(Shape shape, Expr x) => shape == x.Shape ? x : shape.IsScalar ? Sum(x) : shape.IsVector ? SumColumns(x) : SumRows(x);
}

internal sealed class SumOperator : Operator
{
    public static readonly SumOperator Elements = new("sum", SegmentSumOperator.Instance);
    public static readonly SumOperator Columns = new("sum-columns", SegmentSumOperator.Instance);
    public static readonly SumOperator Rows = new("sum-rows", overSegments: null);

    private SumOperator(string name, Operator? overSegments)
        : base(new() { OverSegments = overSegments, IsNeverColumnWise = overSegments is not null }) => Name = name;

    public override string Name { get; }

    public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute) =>
        this == Columns ? new Shape(inputs[0].Rows) : this == Rows ? new Shape(1, inputs[0].Columns) : Shape.Scalar;

    public override bool IsColumnWise(ReadOnlySpan<Shape> inputs, ReadOnlySpan<bool> shared) => this == Rows;

    public override unsafe void Forward<T>(in Operands<T> stack)
    {
        Operand<T> x = stack[0], y = stack.Output;
        int rows = x.Shape.Rows;
        if (this == Rows)
        {
            for (nint vector = 0; vector < y.Length; vector++)
                Kernels.Rows.SumOver(x.Data + (vector * rows), 1, y.Data + vector, 1, rows, accumulate: false);

            return;
        }

        for (int i = 0; i < y.Count; i++)
            Kernels.Rows.SumOver(x.At(i), y.Shape.Size, y.At(i), y.Shape.Size, x.Shape.Size / y.Shape.Size, accumulate: false);
    }

    // Each element of x adds to one of y: dx repeats dy over the shape of x.
    public override void Gradient(in GradientContext g) => g.Accumulate(0, Op.ExpandTo(g.Input(0).Shape, g.OutputGradient));
}
