using BlasNet.Operators;

namespace BlasNet.Graphs;

/// <content>Elements and ranges, as of an array: <c>x[2]</c>, <c>x[1..^1]</c>, <c>W[0, ^1]</c>, <c>W[.., 1..3]</c>.</content>
public readonly partial struct Expr
{
    /// <summary>An element of a vector or of a row.</summary>
    /// <param name="index">From 0, or from the end: <c>^1</c> is the last one.</param>
    /// <returns>A scalar.</returns>
    /// <exception cref="ShapeException">There is no such element, or this is a matrix, which needs two indices.</exception>
    public Expr this[Index index] => IsRow ? ColumnAt(index) : Vector.RowAt(index);

    /// <summary>A range of the elements of a vector or of a row.</summary>
    /// <param name="range">From its start to before its end; either may count from the end.</param>
    /// <returns>A vector [length], or a row [1 × length].</returns>
    /// <exception cref="ShapeException">The range is empty or leaves the value, or this is a matrix, which needs two ranges.</exception>
    public Expr this[Range range] => IsRow ? ColumnsIn(range) : Vector.RowsIn(range);

    /// <summary>An element of a matrix.</summary>
    /// <param name="row">From 0, or from the end: <c>^1</c> is the last one.</param>
    /// <param name="column">The same.</param>
    /// <returns>A scalar.</returns>
    /// <exception cref="ShapeException">There is no such element.</exception>
    public Expr this[Index row, Index column] => ColumnAt(column).RowAt(row);

    /// <summary>A part of a row of a matrix.</summary>
    /// <param name="row">Which row.</param>
    /// <param name="columns">From the range's start to before its end; <c>..</c> for all.</param>
    /// <returns>A row [1 × length].</returns>
    /// <exception cref="ShapeException">There is no such row, or the range is empty or leaves the value.</exception>
    public Expr this[Index row, Range columns] => ColumnsIn(columns).RowAt(row);

    /// <summary>A part of a column of a matrix.</summary>
    /// <param name="rows">From the range's start to before its end; <c>..</c> for all.</param>
    /// <param name="column">Which column.</param>
    /// <returns>A vector [length].</returns>
    /// <exception cref="ShapeException">There is no such column, or the range is empty or leaves the value.</exception>
    public Expr this[Range rows, Index column] => ColumnAt(column).RowsIn(rows);

    /// <summary>A block of a matrix.</summary>
    /// <param name="rows">From the range's start to before its end; <c>..</c> for all.</param>
    /// <param name="columns">The same.</param>
    /// <returns>A matrix of as many rows and columns as the ranges are long.</returns>
    /// <exception cref="ShapeException">A range is empty or leaves the value.</exception>
    public Expr this[Range rows, Range columns] => ColumnsIn(columns).RowsIn(rows);

    private bool IsRow => Shape is { Rows: 1, Columns: > 1 };

    private Expr Vector => Shape.IsVector ? this : throw new ShapeException($"{this}: a matrix needs two indices or ranges, [row, column].");

    private Expr RowAt(Index row) => Rows(row.GetOffset(Shape.Rows), 1);

    private Expr ColumnAt(Index column) => Columns(column.GetOffset(Shape.Columns), 1);

    private Expr RowsIn(Range range)
    {
        int start = range.Start.GetOffset(Shape.Rows);
        return Rows(start, range.End.GetOffset(Shape.Rows) - start);
    }

    private Expr ColumnsIn(Range range)
    {
        int start = range.Start.GetOffset(Shape.Columns);
        return Columns(start, range.End.GetOffset(Shape.Columns) - start);
    }

    private Expr Rows(int start, int length) => start == 0 && length == Shape.Rows ? this : Op.Slice(this, start, length);

    private Expr Columns(int start, int length) => start == 0 && length == Shape.Columns ? this : Op.SliceColumns(this, start, length);
}
