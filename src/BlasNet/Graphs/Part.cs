namespace BlasNet.Graphs;

/// <summary>A range of rows or of columns, packed into a node's attribute, and where it lies in memory.</summary>
/// <remarks>Column by column, a range of rows is a block within every column; a range of columns is one block within every value.</remarks>
/// <param name="Start">First row or column.</param>
/// <param name="Length">How many rows or columns: of the range for a slice, of the whole for padding.</param>
internal readonly record struct Part(int Start, int Length)
{
    public static Part Of(long attribute) => new((int)(attribute >> 32), (int)attribute);

    public long Attribute => (long)Start << 32 | (uint)Length;

    public override string ToString() => $"{Start}, {Length}";
}
