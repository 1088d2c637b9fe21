using BlasNet.Graphs;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>Surrounds a value with rows of zeros: the gradient of <see cref="Slice"/>.</summary>
    /// <param name="x">[r] or [r × c].</param>
    /// <param name="start">The row of the result that the first row of <paramref name="x"/> becomes.</param>
    /// <param name="rows">Rows of the result.</param>
    /// <returns>[rows] or [rows × c].</returns>
    /// <exception cref="ShapeException">The value does not fit there.</exception>
    public static Expr Pad(Expr x, int start, int rows) => Expr.Apply(PadOperator.Rows, x, new Part(start, rows).Attribute);

    /// <summary>Surrounds a value with columns of zeros: the gradient of <see cref="SliceColumns"/>.</summary>
    /// <param name="x">[r × c].</param>
    /// <param name="start">The column of the result that the first column of <paramref name="x"/> becomes.</param>
    /// <param name="columns">Columns of the result.</param>
    /// <returns>[r × columns].</returns>
    /// <exception cref="ShapeException">The value does not fit there.</exception>
    public static Expr PadColumns(Expr x, int start, int columns) => Expr.Apply(PadOperator.Columns, x, new Part(start, columns).Attribute);
}

/// <summary>Attribute: where the value starts, and the rows or columns of the result.</summary>
internal sealed class PadOperator : Operator
{
    public static readonly PadOperator Rows = new("pad", RowShift.Pads);
    public static readonly PadOperator Columns = new("pad-columns", RowShift.None);

    // The gradients of several slices of one value are written side by side, not added over its whole length.
    private PadOperator(string name, RowShift shift) : base(new() { CanAccumulate = true, RowShift = shift }) => Name = name;

    public override string Name { get; }

    public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute)
    {
        Shape x = inputs[0];
        var (start, whole) = Part.Of(attribute);
        var (length, unit) = this == Rows ? (x.Rows, "rows") : (x.Columns, "columns");
        if (start < 0 || (long)start + length > whole)
            throw new ShapeException(this, $"{length} {unit} from {unit[..^1]} {start} on do not fit into {whole}");

        return this == Rows ? new Shape(whole, x.Columns) : new Shape(x.Rows, whole);
    }

    public override bool IsColumnWise(ReadOnlySpan<Shape> inputs, ReadOnlySpan<bool> shared) => this == Rows;

    public override unsafe void Forward<T>(in Operands<T> stack)
    {
        Operand<T> x = stack[0], y = stack.Output;
        int start = Part.Of(stack.Attribute).Start;
        if (!stack.Accumulate)
            y.Span.Clear();

        if (this == Rows)
            Kernels.Rows.Add(x.Data, x.Shape.Rows, y.Data + start, y.Shape.Rows, x.Shape.Rows, y.Vectors);
        else
            Kernels.Rows.Add(x.Data, x.Shape.Size, y.Data + start * y.Shape.Rows, y.Shape.Size, x.Shape.Size, y.Count);
    }

    public override void Gradient(in GradientContext g)
    {
        int start = Part.Of(g.Attribute).Start;
        Shape x = g.Input(0).Shape;
        g.Accumulate(0, this == Rows ? Op.Slice(g.OutputGradient, start, x.Rows) : Op.SliceColumns(g.OutputGradient, start, x.Columns));
    }

    public override string Describe(long attribute) => Part.Of(attribute).ToString();
}
