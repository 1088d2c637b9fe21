namespace BlasNet.Tests.Oracle;

/// <summary>A value of the oracle: numbers in rows and columns.</summary>
/// <param name="rows">At least 1.</param>
/// <param name="elements">Column after column.</param>
internal sealed class Matrix(int rows, Number[] elements)
{
    public int Rows => rows;

    public int Columns { get; } = elements.Length / rows;

    public int Length => elements.Length;

    /// <summary>Column after column.</summary>
    public IReadOnlyList<Number> Elements => elements;

    /// <summary>The elements, without an enumerator: what is done for every value of every program is a loop.</summary>
    public ReadOnlySpan<Number> Span => elements;

    public Number this[int row, int column] => elements[column * rows + row];

    public IReadOnlyList<Number> Column(int column) => new ArraySegment<Number>(elements, column * rows, rows);
}
