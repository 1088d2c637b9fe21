using BlasNet.Graphs;
using BlasNet.Operators.Intrinsics;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>Repeats a scalar over a shape, a vector over the columns of a matrix, or a row over its rows.</summary>
    /// <param name="shape">[r × c].</param>
    /// <param name="x">A scalar, [r] or [1 × c].</param>
    /// <returns>The value in the given shape.</returns>
    /// <exception cref="ShapeException"><paramref name="x"/> does not fit.</exception>
    public static Expr ExpandTo(Shape shape, Expr x) => shape == x.Shape ? x : Expr.Apply(ExpandOperator.Instance, x, shape.ToAttribute());
}

internal sealed class ExpandOperator() : Operator(new() { OnlyMoves = true, OverSegments = SegmentRepeatOperator.Instance })
{
    public static readonly ExpandOperator Instance = new();

    public override string Name => "expand";

    public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute)
    {
        Shape shape = Shape.FromAttribute(attribute);
        Shape x = inputs[0];
        if ((x.Rows != shape.Rows && x.Rows != 1) || (x.Columns != shape.Columns && !x.IsVector))
            throw new ShapeException(this, $"only a scalar, a vector [{shape.Rows}] or a row [1 × {shape.Columns}] can be repeated to {shape}, not {x}");

        return shape;
    }

    public override bool IsColumnWise(ReadOnlySpan<Shape> inputs, ReadOnlySpan<bool> shared) => !inputs[0].IsVector;

    public override long ColumnAttribute(long attribute) => new Shape(Shape.FromAttribute(attribute).Rows).ToAttribute();

    public override void Forward<T>(in Operands<T> stack)
    {
        Operand<T> x = stack[0], y = stack.Output;
        for (int i = 0; i < y.Count; i++)
        {
            Span<T> source = x.ValueAt(i), target = y.ValueAt(i);
            if (source.Length == 1)
                target.Fill(source[0]);
            else if (!x.Shape.IsVector)
                for (int column = 0; column < source.Length; column++)
                    target.Slice(column * y.Shape.Rows, y.Shape.Rows).Fill(source[column]);
            else
                for (int start = 0; start < target.Length; start += source.Length)
                    source.CopyTo(target[start..]);
        }
    }

    public override void Gradient(in GradientContext g) => g.Accumulate(0, Op.SumTo(g.Input(0).Shape, g.OutputGradient));
}
