using System.Numerics;

namespace BlasNet.Memory;

/// <summary>Between BlasNet's storage of a matrix, column by column, and the row by row of files and arrays.</summary>
/// <remarks>Works on bands of rows, so that a file of any size passes through one small buffer.</remarks>
internal static class RowMajor
{
    /// <summary>A cache line of float: every line of the columns is then read once.</summary>
    private const int MinimumRows = 16;

    private const int BufferBytes = 1 << 18;

    /// <summary>How many rows a band has: those of 256 KiB, but at least a cache line's.</summary>
    public static int BandRows(Shape shape, int elementBytes) =>
        Math.Min(shape.Rows, Math.Max(MinimumRows, BufferBytes / elementBytes / shape.Columns));

    /// <summary>Copies some rows of a matrix, row by row.</summary>
    /// <param name="columnMajor">The whole matrix [m × k], column by column.</param>
    /// <param name="shape">[m × k]</param>
    /// <param name="firstRow">The first of the rows.</param>
    /// <param name="band">Receives the rows: a multiple of k elements.</param>
    public static void CopyFrom<T>(ReadOnlySpan<T> columnMajor, Shape shape, int firstRow, Span<T> band)
    {
        int rows = band.Length / shape.Columns;

        for (int column = 0; column < shape.Columns; column++)
        {
            ReadOnlySpan<T> source = columnMajor.Slice(column * shape.Rows + firstRow, rows);

            for (int row = 0; row < source.Length; row++)
                band[row * shape.Columns + column] = source[row];
        }
    }

    /// <summary>The inverse of <see cref="CopyFrom"/>; the element type may change, rounding to the nearest.</summary>
    public static void CopyTo<TFile, T>(ReadOnlySpan<TFile> band, Shape shape, int firstRow, Span<T> columnMajor)
        where TFile : unmanaged, INumberBase<TFile>
        where T : unmanaged, INumberBase<T>
    {
        int rows = band.Length / shape.Columns;

        for (int column = 0; column < shape.Columns; column++)
        {
            Span<T> target = columnMajor.Slice(column * shape.Rows + firstRow, rows);

            for (int row = 0; row < target.Length; row++)
                target[row] = T.CreateTruncating(band[row * shape.Columns + column]);
        }
    }
}
