using BlasNet.Graphs;
using BlasNet.Kernels;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>The squared Euclidean distance of a value from its target: |x − t|², the sum of squared differences.</summary>
    /// <param name="x">Any shape.</param>
    /// <param name="target">The same shape.</param>
    /// <returns>A scalar; without the factor ½ or 1/n that some texts add.</returns>
    /// <exception cref="ShapeException">The shapes differ.</exception>
    public static Expr SquaredError(Expr x, Expr target) => Expr.Apply(SquaredErrorOperator.Instance, x, target);
}

internal sealed class SquaredErrorOperator() : Operator(new())
{
    public static readonly SquaredErrorOperator Instance = new();

    public override string Name => "squared-error";

    public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute)
    {
        if (inputs[0] != inputs[1])
            throw new ShapeException(this, $"value and target must have one shape; {inputs[0]} and {inputs[1]} differ");

        return Shape.Scalar;
    }

    public override unsafe void Forward<T>(in Operands<T> stack)
    {
        Operand<T> x = stack[0], target = stack[1], y = stack.Output;
        int size = x.Shape.Size;
        Columns<T>.Widest.SquaredDistance(x.Data, x.Count == 1 ? 0 : size, target.Data, target.Count == 1 ? 0 : size, y.Data, size, y.Count);
    }

    public override void Gradient(in GradientContext g)
    {
        Expr dx = Op.Multiply(Op.Scale(g.Input(0) - g.Input(1), 2), g.OutputGradient);
        g.Accumulate(0, dx);
        if (g.IsNeeded(1))
            g.Accumulate(1, -dx);
    }
}
