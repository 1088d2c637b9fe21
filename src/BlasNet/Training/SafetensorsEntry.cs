namespace BlasNet.Training;

/// <summary>What the header of a safetensors file says of one tensor.</summary>
/// <param name="Name">Unique in its file.</param>
/// <param name="Precision">F32 or F64.</param>
/// <param name="Shape">The dimensions, row-major; none for a scalar.</param>
/// <param name="Offset">Its first byte, counted from the end of the header.</param>
internal sealed record SafetensorsEntry(string Name, Precision Precision, long[] Shape, long Offset = 0)
{
    /// <summary>Number of elements; the product of the dimensions.</summary>
    public long Elements => Shape.Aggregate(1L, (product, dimension) => checked(product * dimension));

    public long Bytes => checked(Elements * Precision.ElementBytes());

    /// <summary>The entry for a value: [m, k] for a matrix, [m] for a vector.</summary>
    public static SafetensorsEntry For(string name, Precision precision, Shape shape) =>
        new(name, precision, shape.IsVector ? [shape.Rows] : [shape.Rows, shape.Columns]);

    /// <summary>Whether the tensor can be read as a value of this shape; [m], [m, 1] and, for m = 1, a scalar are vectors.</summary>
    public bool Fits(Shape shape) =>
        Shape is [var rows, var columns] ? rows == shape.Rows && columns == shape.Columns
        : shape.IsVector && (Shape is [var length] ? length == shape.Rows : Shape is [] && shape.IsScalar);

    /// <summary>As <c>W F32 [128, 64]</c>.</summary>
    public override string ToString() => $"{Name} {Type} [{string.Join(", ", Shape)}]";

    /// <summary>The element type as the file spells it.</summary>
    public string Type => Precision == Precision.Single ? "F32" : "F64";
}
