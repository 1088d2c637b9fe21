using System.Globalization;
using BlasNet.Graphs;

namespace BlasNet;

/// <summary>The shape of one example's value: a matrix, a column vector ([n × 1]) or a scalar ([1 × 1]). There is no batch dimension.</summary>
/// <param name="Rows">Length of a column; at least 1.</param>
/// <param name="Columns">Number of columns, at least 1; 1 for a vector.</param>
/// <remarks>A value is stored column by column, so a stack of vectors is a row-major matrix with one vector per row. Only <c>default(Shape)</c>, which
/// no value has, breaks the rules that the constructor checks.</remarks>
/// <exception cref="ShapeException">Not at least one row and one column, or more than 2³¹ − 1 elements.</exception>
public readonly record struct Shape(int Rows, int Columns = 1)
{
    /// <summary>One number.</summary>
    public static Shape Scalar => new(1);

    /// <summary>Length of a column.</summary>
    public int Rows { get; } = Check(Rows, Columns);

    /// <summary>Number of columns; 1 for a vector.</summary>
    public int Columns { get; } = Columns;

    /// <summary>Number of elements.</summary>
    public int Size => Rows * Columns;

    /// <summary>True for [1 × 1].</summary>
    public bool IsScalar => Rows == 1 && Columns == 1;

    /// <summary>True for a single column, which includes scalars.</summary>
    public bool IsVector => Columns == 1;

    /// <summary>The shape written as in a formula: <c>[3]</c> or <c>[3 × 4]</c>.</summary>
    public override string ToString() => ToText(Rows, Columns);

    /// <summary>A shape whose rows or columns are a sum.</summary>
    /// <exception cref="ShapeException">As for the constructor.</exception>
    internal static Shape Of(long rows, long columns = 1)
    {
        Check(rows, columns);
        return new Shape((int)rows, (int)columns);
    }

    /// <summary>The shape in an operator's attribute.</summary>
    internal static Shape FromAttribute(long attribute) => new((int)(attribute >> 32), (int)attribute);

    /// <summary>The shape as an operator's attribute.</summary>
    internal long ToAttribute() => (long)Rows << 32 | (uint)Columns;

    /// <summary>Writes a shape, be it one or not.</summary>
    internal static string ToText(long rows, long columns) => columns == 1
        ? string.Create(CultureInfo.InvariantCulture, $"[{rows}]")
        : string.Create(CultureInfo.InvariantCulture, $"[{rows} × {columns}]");

    private static int Check(long rows, long columns)
    {
        if (rows < 1 || columns < 1 || rows > int.MaxValue || columns > int.MaxValue || rows * columns > int.MaxValue)
            Throw(rows, columns);

        return (int)rows;
    }

    private static void Throw(long rows, long columns) => throw new ShapeException(
        op: null, rows < 1 || columns < 1 ? $"there must be at least one row and one column, but it is {ToText(rows, columns)}"
            : $"{ToText(rows, columns)} has {(Int128)rows * columns} elements; a value has at most {int.MaxValue}");
}
