namespace BlasNet.Memory;

/// <summary>A row-major matrix in native memory; row i starts at <c>Data + i·Stride</c>.</summary>
/// <remarks>A stack of vectors is such a matrix, one vector per row; a range of its columns is one too, with the same stride.</remarks>
internal readonly unsafe struct Matrix<T>(T* data, int rows, int columns, int stride)
    where T : unmanaged
{
    public Matrix(T* data, int rows, int columns)
        : this(data, rows, columns, columns)
    {
    }

    public readonly T* Data = data;

    public readonly int Rows = rows;

    public readonly int Columns = columns;

    /// <summary>Elements from the start of one row to the start of the next; at least <see cref="Columns"/>.</summary>
    public readonly int Stride = stride;

    public T* Row(int row) => Data + (nint)row * Stride;

    public Matrix<T> ColumnRange(int start, int count) => new(Data + start, Rows, count, Stride);

    public Matrix<T> RowRange(int start, int count) => new(Row(start), count, Columns, Stride);

    public override string ToString() => $"[{Rows} × {Columns}]";
}
