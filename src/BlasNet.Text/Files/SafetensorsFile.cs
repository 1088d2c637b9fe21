using BlasNet.Training;

namespace BlasNet.Text.Files;

/// <summary>The tensors of a safetensors file.</summary>
internal sealed class SafetensorsFile : TensorFile
{
    private readonly SafetensorsReader _reader;
    private readonly Dictionary<string, SafetensorsEntry> _entries;

    /// <exception cref="SafetensorsException">The file cannot be opened or breaks a rule of the format.</exception>
    public SafetensorsFile(string path)
        : base(path)
    {
        _reader = new SafetensorsReader(path);
        _entries = _reader.Entries.ToDictionary(entry => entry.Name, StringComparer.Ordinal);
        Tensors = [.. _reader.Entries.Select(entry => new TensorInfo(entry.Name, [.. entry.Shape]))];
    }

    public override IReadOnlyList<TensorInfo> Tensors { get; }

    public override void ReadInOrder<T>(TensorInfo tensor, Span<T> elements)
    {
        SafetensorsEntry entry = _entries[tensor.Name];
        if (!entry.IsFloatingPoint)
            throw new TextModelException(File, $"tensor {entry} is not of floating-point numbers");

        _reader.Read(entry, elements);
    }

    public override void Read<T>(TensorInfo tensor, Shape shape, Span<T> columnMajor) => _reader.Read(_entries[tensor.Name], shape, columnMajor);

    public override long? OffsetOf<T>(TensorInfo tensor, int elements)
    {
        SafetensorsEntry entry = _entries[tensor.Name];
        return entry.Type == (typeof(T) == typeof(float) ? "F32" : "F64") && entry.Elements == elements ? _reader.OffsetOf(entry) : null;
    }

    public override void Dispose()
    {
        _reader.Dispose();
        base.Dispose();
    }
}
