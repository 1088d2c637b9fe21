using BlasNet.Graphs;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>A range of the rows of a value: for a vector, some of its elements.</summary>
    /// <param name="x">[r] or [r × c].</param>
    /// <param name="start">First row, from 0.</param>
    /// <param name="length">Number of rows, at least 1.</param>
    /// <returns>[length] or [length × c].</returns>
    /// <exception cref="ShapeException">The range is empty or leaves the value.</exception>
    public static Expr Slice(Expr x, int start, int length) => Expr.Apply(SliceOperator.Rows, x, new Part(start, length).Attribute);

    /// <summary>A range of the columns of a matrix.</summary>
    /// <param name="x">[r × c].</param>
    /// <param name="start">First column, from 0.</param>
    /// <param name="length">Number of columns, at least 1.</param>
    /// <returns>[r × length].</returns>
    /// <exception cref="ShapeException">The range is empty or leaves the value.</exception>
    public static Expr SliceColumns(Expr x, int start, int length) => Expr.Apply(SliceOperator.Columns, x, new Part(start, length).Attribute);
}

/// <summary>Attribute: first row or column, and how many.</summary>
internal sealed class SliceOperator : Operator
{
    public static readonly SliceOperator Rows = new("slice", RowShift.Selects);
    public static readonly SliceOperator Columns = new("slice-columns", RowShift.None);

    private SliceOperator(string name, RowShift shift) : base(new() { RowShift = shift }) => Name = name;

    public override string Name { get; }

    public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute)
    {
        Shape x = inputs[0];
        var (start, length) = Part.Of(attribute);
        var (whole, unit) = this == Rows ? (x.Rows, "rows") : (x.Columns, "columns");
        if (start < 0 || length < 1 || start > whole - length)
            throw new ShapeException(this, $"{length} {unit} from {unit[..^1]} {start} on are not part of 0 … {whole - 1}");

        return this == Rows ? new Shape(length, x.Columns) : new Shape(x.Rows, length);
    }

    public override bool IsColumnWise(ReadOnlySpan<Shape> inputs, ReadOnlySpan<bool> shared) => this == Rows;

    public override unsafe void Forward<T>(in Operands<T> stack)
    {
        Operand<T> x = stack[0], y = stack.Output;
        int start = Part.Of(stack.Attribute).Start;
        if (this == Rows)
            Kernels.Rows.Copy(x.Data + start, x.Shape.Rows, y.Data, y.Shape.Rows, y.Shape.Rows, y.Vectors);
        else
            Kernels.Rows.Copy(x.Data + start * x.Shape.Rows, x.Shape.Size, y.Data, y.Shape.Size, y.Shape.Size, y.Count);
    }

    public override void Gradient(in GradientContext g)
    {
        int start = Part.Of(g.Attribute).Start;
        g.Accumulate(0, this == Rows ? Op.Pad(g.OutputGradient, start, g.Input(0).Shape.Rows) : Op.PadColumns(g.OutputGradient, start, g.Input(0).Shape.Columns));
    }

    public override string Describe(long attribute) => Part.Of(attribute).ToString();
}
