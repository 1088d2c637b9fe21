namespace BlasNet;

/// <summary>The shape of one example's value: a matrix, a column vector ([n × 1]) or a scalar ([1 × 1]). There is no batch dimension.</summary>
/// <param name="Rows">Length of a column; at least 1.</param>
/// <param name="Columns">Number of columns; 1 for a vector.</param>
/// <remarks>A value is stored column by column, so a stack of vectors is a row-major matrix with one vector per row.</remarks>
public readonly record struct Shape(int Rows, int Columns = 1)
{
    /// <summary>One number.</summary>
    public static Shape Scalar => new(1);

    /// <summary>Number of elements.</summary>
    /// <exception cref="OverflowException">More than 2³¹ − 1.</exception>
    public int Size => checked(Rows * Columns);

    /// <summary>True for [1 × 1].</summary>
    public bool IsScalar => Rows == 1 && Columns == 1;

    /// <summary>True for a single column, which includes scalars.</summary>
    public bool IsVector => Columns == 1;

    /// <summary>The shape written as in a formula: <c>[3]</c> or <c>[3 × 4]</c>.</summary>
    public override string ToString() => IsVector ? $"[{Rows}]" : $"[{Rows} × {Columns}]";
}
