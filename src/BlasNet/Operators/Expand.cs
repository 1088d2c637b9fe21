using BlasNet.Graphs;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>Repeats a scalar over a shape, or a vector over the columns of a matrix.</summary>
    /// <param name="shape">[r × c].</param>
    /// <param name="x">A scalar or [r].</param>
    /// <returns>The value in the given shape.</returns>
    /// <exception cref="ShapeException"><paramref name="x"/> does not fit.</exception>
    public static Expr ExpandTo(Shape shape, Expr x) => shape == x.Shape ? x : Expr.Apply(ExpandOperator.Instance, x, (long)shape.Rows << 32 | (uint)shape.Columns);
}

internal sealed class ExpandOperator : Operator
{
    public static readonly ExpandOperator Instance = new();

    public override string Name => "expand";

    public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute)
    {
        var shape = new Shape((int)(attribute >> 32), (int)attribute);
        if (!inputs[0].IsScalar && !(inputs[0].IsVector && inputs[0].Rows == shape.Rows))
            throw new ShapeException(this, $"only a scalar or a vector [{shape.Rows}] can be repeated to {shape}, not {inputs[0]}");

        return shape;
    }

    public override void Forward<T>(in Operands<T> stack)
    {
        Operand<T> x = stack[0], y = stack.Output;
        for (int i = 0; i < y.Count; i++)
        {
            Span<T> source = x.ValueAt(i), target = y.ValueAt(i);
            if (source.Length == 1)
                target.Fill(source[0]);
            else
                for (int start = 0; start < target.Length; start += source.Length)
                    source.CopyTo(target[start..]);
        }
    }

    public override void Gradient(in GradientContext g) => g.Accumulate(0, Op.SumTo(g.Input(0).Shape, g.OutputGradient));
}
