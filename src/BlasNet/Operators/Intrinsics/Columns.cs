using BlasNet.Graphs;
using BlasNet.Kernels;

namespace BlasNet.Operators.Intrinsics;

/// <summary>A range of the columns of a matrix. Attribute: a <see cref="Part"/>, the first column, and how many.</summary>
/// <remarks>In memory it is a part of the value as it lies, so of values that differ from example to example no node is left of it.</remarks>
internal sealed class SliceColumnsOperator() : Operator(new() { OnlyMoves = true, MovesColumns = true })
{
    public static readonly SliceColumnsOperator Instance = new();

    public override string Name => "slice-columns";

    public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute) =>
        new(inputs[0].Rows, Part.Within(this, attribute, inputs[0].Columns, "columns").Length);

    public override (int Start, int Length) ColumnsFrom(Shape input, long attribute) => (Part.Of(attribute).Start, Part.Of(attribute).Length);

    public override unsafe void Forward<T>(in Operands<T> stack)
    {
        Operand<T> x = stack[0], y = stack.Output;
        int start = Part.Of(stack.Attribute).Start;
        Rows.Copy(x.Data + start * x.Shape.Rows, x.Shape.Size, y.Data, y.Shape.Size, y.Shape.Size, y.Count);
    }

    public override void Gradient(in GradientContext g)
    {
        var whole = new Part(Part.Of(g.Attribute).Start, g.Input(0).Shape.Columns);
        g.Accumulate(0, Expr.Apply(PadColumnsOperator.Instance, g.OutputGradient, whole.Attribute));
    }

    public override string Describe(long attribute) => Part.Of(attribute).ToString();
}

/// <summary>Surrounds a value with columns of zeros: the gradient of a range of columns. Attribute: where the value starts, and the columns of the
/// result.</summary>
internal sealed class PadColumnsOperator() : Operator(new() { OnlyMoves = true, CanAccumulate = true })
{
    public static readonly PadColumnsOperator Instance = new();

    public override string Name => "pad-columns";

    public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute) =>
        new(inputs[0].Rows, Part.Around(this, attribute, inputs[0].Columns, "columns").Length);

    public override unsafe void Forward<T>(in Operands<T> stack)
    {
        Operand<T> x = stack[0], y = stack.Output;
        if (!stack.Accumulate)
            y.Span.Clear();

        int start = Part.Of(stack.Attribute).Start;
        Rows.Add(x.Data, x.Shape.Size, y.Data + start * y.Shape.Rows, y.Shape.Size, x.Shape.Size, y.Count);
    }

    public override void Gradient(in GradientContext g)
    {
        var part = new Part(Part.Of(g.Attribute).Start, g.Input(0).Shape.Columns);
        g.Accumulate(0, Expr.Apply(SliceColumnsOperator.Instance, g.OutputGradient, part.Attribute));
    }

    public override string Describe(long attribute) => Part.Of(attribute).ToString();
}

/// <summary>Sets values side by side.</summary>
internal sealed class ConcatenateColumnsOperator() : Operator(new() { OnlyMoves = true, MovesColumns = true })
{
    public static readonly ConcatenateColumnsOperator Instance = new();

    public override string Name => "concatenate-columns";

    public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute)
    {
        long columns = 0;
        foreach (Shape part in inputs)
        {
            if (part.Rows != inputs[0].Rows)
                throw new ShapeException(this, $"all parts must have as many rows as the first ({inputs[0].Rows}), but one is {part}");

            columns += part.Columns;
        }

        return Shape.Of(inputs[0].Rows, columns);
    }

    public override unsafe void Forward<T>(in Operands<T> stack)
    {
        Operand<T> y = stack.Output;
        int start = 0;
        for (int i = 0; i < stack.InputCount; i++)
        {
            Operand<T> x = stack[i];
            Rows.Copy(x.Data, x.Count == 1 ? 0 : x.Shape.Size, y.Data + start, y.Shape.Size, x.Shape.Size, y.Count);
            start += x.Shape.Size;
        }
    }

    public override void Gradient(in GradientContext g)
    {
        int start = 0;
        for (int i = 0; i < g.InputCount; i++)
        {
            int columns = g.Input(i).Shape.Columns;
            if (g.IsNeeded(i))
                g.Accumulate(i, Expr.Apply(SliceColumnsOperator.Instance, g.OutputGradient, new Part(start, columns).Attribute));

            start += columns;
        }
    }
}
