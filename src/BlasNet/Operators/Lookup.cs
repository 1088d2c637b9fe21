using BlasNet.Graphs;
using BlasNet.Kernels;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>One column of a table: a word's embedding.</summary>
    /// <param name="table">[d × V]; usually a parameter, the same for every example.</param>
    /// <param name="index">0 … V − 1.</param>
    /// <returns>[d].</returns>
    /// <exception cref="ArgumentOutOfRangeException">The table has no such column.</exception>
    public static Expr Lookup(Expr table, int index) => Lookup(table.Graph, table, index);

    /// <summary>One column of a table: a word's embedding.</summary>
    /// <param name="table">[d × V]; usually a parameter, the same for every example.</param>
    /// <param name="index">From <see cref="Graph.Index"/>: 0 … V − 1.</param>
    /// <returns>[d].</returns>
    /// <exception cref="ShapeException"><paramref name="index"/> is not a scalar.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The table has no such column.</exception>
    public static Expr Lookup(Expr table, Expr index) =>
        IndexOperand.Check(Expr.Apply(LookupOperator.Instance, table, index), 1, table.Shape.Columns, LookupOperator.LimitName);

    /// <summary>A column of a table that may be a parameter yet to join the graph.</summary>
    internal static Expr Lookup(Graph graph, Expr table, int index)
    {
        LookupOperator op = LookupOperator.Instance;
        return Expr.Apply(op, table, graph.Index(IndexOperand.Require(op, table, index, table.Shape.Columns, LookupOperator.LimitName)));
    }
}

internal sealed class LookupOperator() : Operator(new())
{
    public const string LimitName = "the number of columns";

    public static readonly LookupOperator Instance = new();

    public override string Name => "lookup";

    public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute)
    {
        if (!inputs[1].IsScalar)
            throw new ShapeException(this, $"the index must be a scalar, not {inputs[1]}");

        return new Shape(inputs[0].Rows);
    }

    public override unsafe void Forward<T>(in Operands<T> stack)
    {
        Operand<T> table = stack[0], index = stack[1], y = stack.Output;
        int rows = table.Shape.Rows;
        ReadOnlySpan<int> columns = IndexOperand.All(this, index, y.Count, table.Shape.Columns);
        if (table.Count == 1)
        {
            Rows.Gather(table.Data, columns, y.Data, rows, rows);
            return;
        }

        for (int i = 0; i < y.Count; i++)
            table.ValueAt(i).Slice(columns[i] * rows, rows).CopyTo(y.ValueAt(i));
    }

    public override void Gradient(in GradientContext g)
    {
        ScatterColumnOperator scatter = g.IsShared(0) ? ScatterColumnOperator.Summed : ScatterColumnOperator.OneByOne;
        g.Accumulate(0, Expr.Apply(scatter, g.OutputGradient, g.Input(1), g.Input(0).Shape.Columns));
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

    public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute)
    {
        if (!inputs[0].IsVector || !inputs[1].IsScalar)
            throw new ShapeException(this, $"needs a column and its index, not {inputs[0]} and {inputs[1]}");

        return new Shape(inputs[0].Rows, (int)attribute);
    }

    public override unsafe void Forward<T>(in Operands<T> stack)
    {
        Operand<T> value = stack[0], index = stack[1], table = stack.Output;
        if (!stack.Accumulate)
            table.Span.Clear();

        int rows = table.Shape.Rows;
        int count = Math.Max(value.Count, index.Count);
        ReadOnlySpan<int> columns = IndexOperand.All(this, index, count, table.Shape.Columns);
        if (table.Count == 1)
        {
            Rows.ScatterAdd(value.Data, value.Count == 1 ? 0 : rows, columns, table.Data, rows);
            return;
        }

        for (int i = 0; i < count; i++)
            Rows.Add(value.At(i), 0, table.At(i) + ((nint)columns[i] * rows), 0, rows, 1);
    }

    public override void Gradient(in GradientContext g) => g.Accumulate(0, Op.Lookup(g.OutputGradient, g.Input(1)));

    public override string Describe(long attribute) => $"{attribute} columns";
}
