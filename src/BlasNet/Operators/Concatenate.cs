using BlasNet.Graphs;
using BlasNet.Kernels;
using BlasNet.Operators.Intrinsics;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>Stacks values: the rows of the first, then those of the second, and so on.</summary>
    /// <param name="parts">At least one: [r₁ × c], [r₂ × c], …; usually vectors.</param>
    /// <returns>[r₁ + r₂ + … × c].</returns>
    /// <exception cref="ShapeException">The numbers of columns differ.</exception>
    public static Expr Concatenate(params ReadOnlySpan<Expr> parts) => parts.Length == 1 ? parts[0] : Expr.Apply(ConcatenateOperator.Instance, parts);

    /// <summary>Sets values side by side: a sequence of vectors becomes a matrix.</summary>
    /// <param name="parts">At least one: [r × c₁], [r × c₂], …; usually vectors.</param>
    /// <returns>[r × c₁ + c₂ + …].</returns>
    /// <exception cref="ShapeException">The numbers of rows differ.</exception>
    public static Expr ConcatenateColumns(params ReadOnlySpan<Expr> parts) =>
        parts.Length == 1 ? parts[0] : Expr.Apply(ConcatenateColumnsOperator.Instance, parts);
}

internal sealed class ConcatenateOperator() : Operator(new() { OnlyMoves = true, Indirect = IndirectInputs.All })
{
    public static readonly ConcatenateOperator Instance = new();

    public override string Name => "concatenate";

    public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute)
    {
        long rows = 0;
        foreach (Shape part in inputs)
        {
            if (part.Columns != inputs[0].Columns)
                throw new ShapeException(this, $"all parts must have as many columns as the first ({inputs[0].Columns}), but one is {part}");

            rows += part.Rows;
        }

        return Shape.Of(rows, inputs[0].Columns);
    }

    public override bool IsColumnWise(ReadOnlySpan<Shape> inputs, ReadOnlySpan<bool> shared) => inputs[0].IsVector || !shared.Contains(true);

    public override unsafe void Forward<T>(in Operands<T> stack)
    {
        Operand<T> y = stack.Output;
        int start = 0;
        for (int i = 0; i < stack.InputCount; i++)
        {
            Operand<T> x = stack[i];
            if (x.RowIndices != null)
                Rows.Pick(x.Data, x.RowIndices, y.Data + start, y.Shape.Rows, x.Shape.Rows, y.Vectors);
            else if (x.Count == y.Count)
                Rows.Copy(x.Data, x.Shape.Rows, y.Data + start, y.Shape.Rows, x.Shape.Rows, y.Vectors);
            else
                for (int value = 0; value < y.Count; value++)
                    Rows.Copy(x.Data, x.Shape.Rows, y.At(value) + start, y.Shape.Rows, x.Shape.Rows, x.Shape.Columns);

            start += x.Shape.Rows;
        }
    }

    public override void Gradient(in GradientContext g)
    {
        int start = 0;
        for (int i = 0; i < g.InputCount; i++)
        {
            int rows = g.Input(i).Shape.Rows;
            if (g.IsNeeded(i))
                g.Accumulate(i, Op.Slice(g.OutputGradient, start, rows));

            start += rows;
        }
    }
}
