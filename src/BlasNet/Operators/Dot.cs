using BlasNet.Graphs;
using BlasNet.Kernels;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>The dot product of corresponding columns, aᵀb for vectors.</summary>
    /// <param name="a">[r] or [r × c].</param>
    /// <param name="b">The same shape.</param>
    /// <returns>A scalar, or [1 × c].</returns>
    /// <exception cref="ShapeException">The shapes differ.</exception>
    public static Expr Dot(Expr a, Expr b) => Expr.Apply(DotOperator.Instance, a, b);
}

internal sealed class DotOperator() : Operator(new())
{
    public static readonly DotOperator Instance = new();

    public override string Name => "dot";

    public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute)
    {
        if (inputs[0] != inputs[1])
            throw new ShapeException(this, $"the shapes must be equal; {inputs[0]} and {inputs[1]} are not");

        return new Shape(1, inputs[0].Columns);
    }

    public override bool IsColumnWise(ReadOnlySpan<Shape> inputs, ReadOnlySpan<bool> shared) => inputs[0].IsVector || !(shared[0] || shared[1]);

    public override unsafe void Forward<T>(in Operands<T> stack)
    {
        Operand<T> a = stack[0], b = stack[1], y = stack.Output;
        int rows = a.Shape.Rows, columns = a.Shape.Columns;
        if (columns == 1)
        {
            Columns<T>.Widest.Dot(a.Data, a.Count == 1 ? 0 : rows, b.Data, b.Count == 1 ? 0 : rows, y.Data, rows, y.Count);
            return;
        }

        for (int i = 0; i < y.Count; i++)
            Columns<T>.Widest.Dot(a.At(i), rows, b.At(i), rows, y.At(i), rows, columns);
    }

    public override void Gradient(in GradientContext g)
    {
        var (a, b, dy) = (g.Input(0), g.Input(1), g.OutputGradient);
        if (g.IsNeeded(0))
            g.Accumulate(0, Op.Multiply(b, dy));

        if (g.IsNeeded(1))
            g.Accumulate(1, Op.Multiply(a, dy));
    }
}
