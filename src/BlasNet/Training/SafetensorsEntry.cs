namespace BlasNet.Training;

/// <summary>What the header of a safetensors file says of one tensor.</summary>
public sealed class SafetensorsEntry
{
    private static readonly (string Type, int Bytes)[] ElementTypes =
    [
        ("F64", 8), ("F32", 4), ("F16", 2), ("BF16", 2), ("F8_E5M2", 1), ("F8_E4M3", 1),
        ("I64", 8), ("I32", 4), ("I16", 2), ("I8", 1), ("U64", 8), ("U32", 4), ("U16", 2), ("U8", 1), ("BOOL", 1),
    ];

    private readonly long[] _shape;

    /// <summary>A tensor to be written.</summary>
    /// <param name="name">Unique in its file.</param>
    /// <param name="type">The element type as the file spells it: <c>F32</c>, <c>F64</c>, <c>F16</c>, <c>BF16</c>, <c>I64</c>, <c>BOOL</c>, ….</param>
    /// <param name="shape">The dimensions, row-major; none for a scalar.</param>
    /// <exception cref="ArgumentException">The type is not one of the format, or a dimension is negative.</exception>
    public SafetensorsEntry(string name, string type, params IReadOnlyList<long> shape)
        : this(name, type, shape, offset: 0)
    {
    }

    internal SafetensorsEntry(string name, Precision precision, long[] shape)
        : this(name, TypeOf(precision), shape, offset: 0)
    {
    }

    internal SafetensorsEntry(string name, string type, IReadOnlyList<long> shape, long offset)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(type);
        ArgumentNullException.ThrowIfNull(shape);
        if (!IsType(type))
            throw new ArgumentException($"{type} is no element type of the format; it has {Types}.", nameof(type));

        (Name, Type, _shape, Offset) = (name, type, [.. shape], offset);
        if (_shape.Any(dimension => dimension < 0))
            throw new ArgumentException($"A dimension of {this} is negative.", nameof(shape));
    }

    /// <summary>Unique in its file.</summary>
    public string Name { get; }

    /// <summary>The element type as the file spells it.</summary>
    public string Type { get; }

    /// <summary>The dimensions, row-major; none for a scalar.</summary>
    public IReadOnlyList<long> Shape => _shape;

    /// <summary>Number of elements; the product of the dimensions.</summary>
    public long Elements => _shape.Aggregate(1L, (product, dimension) => checked(product * dimension));

    /// <summary>Number of bytes.</summary>
    public long Bytes => checked(Elements * BytesOfElement);

    /// <summary>Whether its elements can be read as numbers of a model: F64, F32, F16 or BF16.</summary>
    public bool IsFloatingPoint => Type is "F64" or "F32" or "F16" or "BF16";

    /// <summary>Its first byte, counted from the end of the header.</summary>
    internal long Offset { get; }

    /// <summary>All element types.</summary>
    internal static string Types => string.Join(", ", ElementTypes.Select(known => known.Type));

    internal int BytesOfElement => Array.Find(ElementTypes, known => known.Type == Type).Bytes;

    internal static bool IsType(string type) => Array.Exists(ElementTypes, known => known.Type == type);

    /// <summary>The entry for a value: [m, k] for a matrix, [m] for a vector.</summary>
    internal static SafetensorsEntry For(string name, Precision precision, Shape shape) =>
        new(name, precision, shape.IsVector ? [shape.Rows] : [shape.Rows, shape.Columns]);

    /// <summary>Whether the tensor can be read as a value of this shape; [m], [m, 1] and, for m = 1, a scalar are vectors.</summary>
    internal bool Fits(Shape shape) => IsFloatingPoint && (
        _shape is [var rows, var columns] ? rows == shape.Rows && columns == shape.Columns
        : shape.IsVector && (_shape is [var length] ? length == shape.Rows : _shape is [] && shape.IsScalar));

    /// <summary>As <c>W F32 [128, 64]</c>.</summary>
    public override string ToString() => $"{Name} {Type} [{string.Join(", ", _shape)}]";

    private static string TypeOf(Precision precision) => precision == Precision.Single ? "F32" : "F64";
}
