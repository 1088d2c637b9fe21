using BlasNet.Graphs;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>The same elements in the same order, column by column, in another shape. Costs nothing.</summary>
    /// <param name="x">Any shape.</param>
    /// <param name="shape">A shape of as many elements.</param>
    /// <returns>The value in the given shape.</returns>
    /// <exception cref="ShapeException">The numbers of elements differ.</exception>
    public static Expr Reshape(Expr x, Shape shape) => shape == x.Shape ? x : Expr.Apply(ReshapeOperator.Instance, x, shape.ToAttribute());
}

/// <summary>Attribute: the new rows and columns.</summary>
internal sealed class ReshapeOperator() : Operator(new() { Storage = Storage.View })
{
    public static readonly ReshapeOperator Instance = new();

    public override string Name => "reshape";

    public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute)
    {
        Shape shape = Shape.FromAttribute(attribute);
        if (shape.Size != inputs[0].Size)
            throw new ShapeException(this, $"{inputs[0]} has {inputs[0].Size} elements, {shape} has {shape.Size}");

        return shape;
    }

    public override void Forward<T>(in Operands<T> stack) => stack[0].Span.CopyTo(stack.Output.Span);

    public override void Gradient(in GradientContext g) => g.Accumulate(0, Op.Reshape(g.OutputGradient, g.Input(0).Shape));

    public override string Describe(long attribute) => Shape.FromAttribute(attribute).ToString();
}
