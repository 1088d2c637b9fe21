namespace BlasNet.Graphs;

/// <summary>A range of rows or of columns, packed into a node's attribute, and where it lies in memory.</summary>
/// <remarks>Column by column, a range of rows is a block within every column; a range of columns is one block within every value.</remarks>
/// <param name="Start">First row or column.</param>
/// <param name="Length">How many rows or columns: of the range for a slice, of the whole for padding.</param>
internal readonly record struct Part(int Start, int Length)
{
    public static Part Of(long attribute) => new((int)(attribute >> 32), (int)attribute);

    public long Attribute => (long)Start << 32 | (uint)Length;

    /// <summary>The range that a slice takes of some rows or columns.</summary>
    /// <param name="op">For the error.</param>
    /// <param name="attribute">A slice's.</param>
    /// <param name="whole">How many there are.</param>
    /// <param name="unit">Rows or columns.</param>
    /// <exception cref="ShapeException">The range is empty or leaves them.</exception>
    public static Part Within(Operator op, long attribute, int whole, string unit)
    {
        Part part = Of(attribute);
        if (part.Start < 0 || part.Length < 1 || part.Start > whole - part.Length)
            throw new ShapeException(op, $"{part.Length} {unit} from {unit[..^1]} {part.Start} on are not part of 0 … {whole - 1}");

        return part;
    }

    /// <summary>Where padding puts some rows or columns, and how many there are then.</summary>
    /// <param name="op">For the error.</param>
    /// <param name="attribute">The padding's.</param>
    /// <param name="length">How many are surrounded.</param>
    /// <param name="unit">Rows or columns.</param>
    /// <exception cref="ShapeException">They do not fit there.</exception>
    public static Part Around(Operator op, long attribute, int length, string unit)
    {
        Part part = Of(attribute);
        if (part.Start < 0 || (long)part.Start + length > part.Length)
            throw new ShapeException(op, $"{length} {unit} from {unit[..^1]} {part.Start} on do not fit into {part.Length}");

        return part;
    }

    public override string ToString() => $"{Start}, {Length}";
}
