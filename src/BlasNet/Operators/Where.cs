using BlasNet.Graphs;
using BlasNet.Kernels;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>Each element from one of two values: of a where the condition is not 0, of b where it is.</summary>
    /// <param name="condition">Any shape; for example a comparison, such as <see cref="Greater"/>.</param>
    /// <param name="a">A shape as for <paramref name="b"/>.</param>
    /// <param name="b">One of the three has the result's shape; each of the others has it too, or is a scalar, a column [r] or a row [1 × c] of it.</param>
    /// <returns>The largest of the three shapes.</returns>
    /// <remarks>What is not chosen counts for nothing, even if it is NaN. But where the gradient of an operand is computed from what is infinite there, it is
    /// NaN also if it was not chosen: keep it finite, as in <c>Where(c, Sqrt(Max(x, ε)), y)</c>. No gradient flows into the condition.</remarks>
    /// <exception cref="ShapeException">The shapes do not fit.</exception>
    public static Expr Where(Expr condition, Expr a, Expr b) => Expr.Apply(WhereOperator.Instance, [condition, a, b]);
}

internal sealed class WhereOperator() : Operator(new() { Storage = Storage.InPlace, IsElementwise = true })
{
    public static readonly WhereOperator Instance = new();

    public override string Name => "where";

    public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute)
    {
        foreach (Shape whole in inputs)
        {
            if (Broadcast.Fits(inputs[0], whole) && Broadcast.Fits(inputs[1], whole) && Broadcast.Fits(inputs[2], whole))
                return whole;
        }

        throw new ShapeException(
            this, $"the shapes must be equal, or scalars, columns or rows of the largest; {inputs[0]}, {inputs[1]} and {inputs[2]} are not");
    }

    public override bool IsColumnWise(ReadOnlySpan<Shape> inputs, ReadOnlySpan<bool> shared) => Broadcast.IsColumnWise(inputs, shared);

    public override V Apply<V, T>(ReadOnlySpan<V> operands, long attribute) => Selection.Of<V, T>(operands[0], operands[1], operands[2]);

    public override unsafe void Forward<T>(in Operands<T> stack)
    {
        Operand<T> y = stack.Output;
        Side<T> condition = new(stack[0], y.Shape), a = new(stack[1], y.Shape), b = new(stack[2], y.Shape);
        int columns = y.Shape.Columns;
        bool isOneSweep = condition.IsRegular(columns) && a.IsRegular(columns) && b.IsRegular(columns);
        int parts = isOneSweep ? 1 : y.Count;
        for (int i = 0; i < parts; i++)
            Selection.Run(Row(condition, i), Row(a, i), Row(b, i), y.At(i), y.Stride, y.Shape.Rows, y.Vectors / parts);

        static SelectionRow<T> Row(Side<T> side, int value) => new(side.Data + (value * side.ValueStep), side.IsScalar, side.ColumnStep);
    }

    public override void Gradient(in GradientContext g)
    {
        var (condition, dy) = (g.Input(0), g.OutputGradient);
        Expr zero = g.Graph.OwnConstant(0);
        if (g.IsNeeded(1))
            g.Accumulate(1, Op.SumTo(g.Input(1).Shape, Op.Where(condition, dy, zero)));

        if (g.IsNeeded(2))
            g.Accumulate(2, Op.SumTo(g.Input(2).Shape, Op.Where(condition, zero, dy)));
    }
}
