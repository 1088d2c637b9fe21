using BlasNet.Graphs;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>Stacks values: the rows of the first, then those of the second, and so on.</summary>
    /// <param name="parts">At least one: [r₁ × c], [r₂ × c], …; usually vectors.</param>
    /// <returns>[r₁ + r₂ + … × c].</returns>
    /// <exception cref="ShapeException">The numbers of columns differ.</exception>
    public static Expr Concatenate(params ReadOnlySpan<Expr> parts) => parts.Length == 1 ? parts[0] : Expr.Apply(ConcatenateOperator.Rows, parts);

    /// <summary>Sets values side by side: a sequence of vectors becomes a matrix.</summary>
    /// <param name="parts">At least one: [r × c₁], [r × c₂], …; usually vectors.</param>
    /// <returns>[r × c₁ + c₂ + …].</returns>
    /// <exception cref="ShapeException">The numbers of rows differ.</exception>
    public static Expr ConcatenateColumns(params ReadOnlySpan<Expr> parts) => parts.Length == 1 ? parts[0] : Expr.Apply(ConcatenateOperator.Columns, parts);
}

internal sealed class ConcatenateOperator : Operator
{
    public static readonly ConcatenateOperator Rows = new("concatenate", IndirectInputs.All);
    public static readonly ConcatenateOperator Columns = new("concatenate-columns", IndirectInputs.None);

    private ConcatenateOperator(string name, IndirectInputs indirect) : base(new() { Indirect = indirect }) => Name = name;

    public override string Name { get; }

    public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute)
    {
        long length = 0;
        foreach (Shape part in inputs)
        {
            if (this == Rows && part.Columns != inputs[0].Columns)
                throw new ShapeException(this, $"all parts must have as many columns as the first ({inputs[0].Columns}), but one is {part}");

            if (this == Columns && part.Rows != inputs[0].Rows)
                throw new ShapeException(this, $"all parts must have as many rows as the first ({inputs[0].Rows}), but one is {part}");

            length += this == Rows ? part.Rows : part.Columns;
        }

        return this == Rows ? Shape.Of(length, inputs[0].Columns) : Shape.Of(inputs[0].Rows, length);
    }

    public override bool IsColumnWise(ReadOnlySpan<Shape> inputs, ReadOnlySpan<bool> shared) => this == Rows && (inputs[0].IsVector || !shared.Contains(true));

    public override unsafe void Forward<T>(in Operands<T> stack)
    {
        Operand<T> y = stack.Output;
        int start = 0;
        for (int i = 0; i < stack.InputCount; i++)
        {
            Operand<T> x = stack[i];
            if (this == Columns)
                Kernels.Rows.Copy(x.Data, x.Count == 1 ? 0 : x.Shape.Size, y.Data + start, y.Shape.Size, x.Shape.Size, y.Count);
            else if (x.RowIndices != null)
                Kernels.Rows.Pick(x.Data, x.RowIndices, y.Data + start, y.Shape.Rows, x.Shape.Rows, y.Vectors);
            else if (x.Count == y.Count)
                Kernels.Rows.Copy(x.Data, x.Shape.Rows, y.Data + start, y.Shape.Rows, x.Shape.Rows, y.Vectors);
            else
                for (int value = 0; value < y.Count; value++)
                    Kernels.Rows.Copy(x.Data, x.Shape.Rows, y.At(value) + start, y.Shape.Rows, x.Shape.Rows, x.Shape.Columns);

            start += this == Rows ? x.Shape.Rows : x.Shape.Size;
        }
    }

    public override void Gradient(in GradientContext g)
    {
        int start = 0;
        for (int i = 0; i < g.InputCount; i++)
        {
            Shape x = g.Input(i).Shape;
            int length = this == Rows ? x.Rows : x.Columns;
            if (g.IsNeeded(i))
                g.Accumulate(i, this == Rows ? Op.Slice(g.OutputGradient, start, length) : Op.SliceColumns(g.OutputGradient, start, length));

            start += length;
        }
    }
}
