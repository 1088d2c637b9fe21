using BlasNet.Graphs;
using BlasNet.Kernels;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>One column of a table: a word's embedding.</summary>
    /// <param name="table">[d × V]; usually a parameter, the same for every example.</param>
    /// <param name="index">0 … V − 1. Within a function it is the same for every call; one that differs has to be an argument.</param>
    /// <returns>[d].</returns>
    /// <exception cref="ArgumentOutOfRangeException">The table has no such column.</exception>
    public static Expr Lookup(Expr table, int index) => Lookup(table.Graph, table, index);

    /// <summary>Columns of a table side by side: the embeddings of a sentence's words.</summary>
    /// <param name="table">[d × V], in a graph; usually a parameter, the same for every example.</param>
    /// <param name="indices">n of them, at least one; 0 … V − 1.</param>
    /// <returns>[d × n].</returns>
    /// <exception cref="ShapeException">There is no index.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The table has no such column.</exception>
    public static Expr Lookup(Expr table, ReadOnlySpan<int> indices) => Lookup(table.Graph, table, indices);

    /// <summary>One column of a table for each index: a word's embedding.</summary>
    /// <param name="table">[d × V]; usually a parameter, the same for every example.</param>
    /// <param name="index">From <see cref="Graph.Index"/> or <see cref="Graph.Indices"/>: [1 × n] of 0 … V − 1.</param>
    /// <returns>[d × n], so [d] for a single index.</returns>
    /// <exception cref="ShapeException"><paramref name="index"/> is not a row.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The table has no such column.</exception>
    public static Expr Lookup(Expr table, Expr index) =>
        IndexOperand.Check(Expr.Apply(LookupOperator.Instance, table, index), 1, table.Shape.Columns, LookupOperator.LimitName);

    /// <summary>A column of a table that may be a parameter yet to join the graph.</summary>
    internal static Expr Lookup(Graph graph, Expr table, int index) =>
        IndexOperand.Apply(LookupOperator.Instance, graph, table, index, table.Shape.Columns, LookupOperator.LimitName);

    /// <summary>Columns of a table that may be a parameter yet to join the graph.</summary>
    internal static Expr Lookup(Graph graph, Expr table, ReadOnlySpan<int> indices) =>
        IndexOperand.Apply(LookupOperator.Instance, graph, table, indices, table.Shape.Columns, LookupOperator.LimitName);
}

internal sealed class LookupOperator() : Operator(new() { OnlyMoves = true })
{
    public const string LimitName = "the number of columns";

    public static readonly LookupOperator Instance = new();

    public override string Name => "lookup";

    public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute)
    {
        if (inputs[1].Rows != 1)
            throw new ShapeException(this, $"the index must be a scalar or a row, not {inputs[1]}");

        return new Shape(inputs[0].Rows, inputs[1].Columns);
    }

    public override bool IsColumnWise(ReadOnlySpan<Shape> inputs, ReadOnlySpan<bool> shared) => shared[0] && !shared[1];

    public override unsafe void Forward<T>(in Operands<T> stack)
    {
        Operand<T> table = stack[0], index = stack[1], y = stack.Output;
        int rows = table.Shape.Rows;
        ReadOnlySpan<int> columns = IndexOperand.All(this, index, y.Vectors, table.Shape.Columns);
        if (table.Count == 1)
        {
            Rows.Gather(table.Data, columns, y.Data, rows, rows);
            return;
        }

        for (int vector = 0; vector < y.Vectors; vector++)
            table.ValueAt(vector / y.Shape.Columns).Slice(columns[vector] * rows, rows).CopyTo(y.VectorAt(vector));
    }

    public override void Gradient(in GradientContext g)
    {
        if (!g.IsShared(0))
            g.Accumulate(0, Expr.Apply(ScatterColumnOperator.OneByOne, g.OutputGradient, g.Input(1), g.Input(0).Shape.Columns));
        else if (g.TryGetReached(1, out Expr gradient, out Expr index))   // only these columns are touched
            g.Accumulate(0, Expr.Apply(ScatterColumnOperator.Summed, gradient, index, g.Input(0).Shape.Columns));
    }
}

/// <summary>A table that is zero but for one column: the gradient of lookup, summed over the examples where they share the table.</summary>
/// <remarks>Attribute: the number of columns.</remarks>
internal sealed class ScatterColumnOperator : Operator, IColumnWriter
{
    public static readonly ScatterColumnOperator OneByOne = new(summed: false);
    public static readonly ScatterColumnOperator Summed = new(summed: true);

    private readonly bool _summed;

    private ScatterColumnOperator(bool summed)
        : base(new()
        {
            Merging = summed ? Merging.Sum : Merging.Stack,
            Terms = summed ? new SumTerms(OneByOne, TermForm.Column) : null,
            CanAccumulate = true,
        })
    {
        _summed = summed;
    }

    public override string Name => _summed ? "scatter-column-sum" : "scatter-column";

    public int ColumnIndexInput => 1;

    public override bool IsColumnWise(ReadOnlySpan<Shape> inputs, ReadOnlySpan<bool> shared) => _summed && !shared[0] && !shared[1];

    public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute)
    {
        if (inputs[1].Rows != 1 || inputs[0].Columns != inputs[1].Columns)
            throw new ShapeException(this, $"needs columns and an index for each, not {inputs[0]} and {inputs[1]}");

        return new Shape(inputs[0].Rows, (int)attribute);
    }

    public override unsafe void Forward<T>(in Operands<T> stack)
    {
        Operand<T> value = stack[0], index = stack[1], table = stack.Output;
        if (!stack.Accumulate)
            table.Span.Clear();

        int rows = table.Shape.Rows;
        int width = value.Shape.Columns, vectors = Math.Max(value.Vectors, index.Vectors);
        ReadOnlySpan<int> columns = IndexOperand.All(this, index, vectors, table.Shape.Columns);
        if (table.Count == 1 && (value.Vectors == vectors || width == 1))
        {
            Rows.ScatterAdd(value.Data, value.Vectors == 1 ? 0 : rows, columns, table.Data, rows);
            return;
        }

        for (int vector = 0; vector < vectors; vector++)
        {
            fixed (T* column = value.VectorAt(vector))
                Rows.Add(column, 0, table.At(vector / width) + ((nint)columns[vector] * rows), 0, rows, 1);
        }
    }

    public override void Gradient(in GradientContext g) => g.Accumulate(0, Op.Lookup(g.OutputGradient, g.Input(1)));

    public override string Describe(long attribute) => $"{attribute} columns";
}
