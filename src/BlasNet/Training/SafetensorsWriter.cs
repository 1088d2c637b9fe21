using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using BlasNet.Memory;

namespace BlasNet.Training;

/// <summary>Writes a safetensors file tensor by tensor; it appears under its name, whole, with <see cref="Commit"/>.</summary>
/// <example><code>
/// var metadata = new Dictionary&lt;string, string&gt; { ["source"] = "…" };
/// using var writer = new SafetensorsWriter("vectors.safetensors", [new("vectors", "F32", 1000, 64)], metadata);
/// writer.Append(vectors);   // 64,000 numbers, row by row
/// writer.Commit();
/// </code></example>
public sealed class SafetensorsWriter : IDisposable
{
    private readonly IReadOnlyList<SafetensorsEntry> _entries;
    private readonly AtomicFile? _file;
    private readonly Stream? _stream;
    private int _written;

#pragma warning disable RS0026 // Several overloads with optional parameters: these differ in the first one, so no call is ambiguous.
    /// <param name="path">The file to make or to replace.</param>
    /// <param name="entries">The tensors, in the order in which they will be appended.</param>
    /// <param name="metadata">Free text by name.</param>
    /// <exception cref="SafetensorsException">The header would break a rule of the format: two tensors of one name.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public SafetensorsWriter(string path, IReadOnlyList<SafetensorsEntry> entries, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(entries);
        _entries = entries;
        byte[] start = StartOf(path, entries, metadata);
        _file = new AtomicFile(path);

        try
        {
            _file.Write(start);
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    /// <summary>Writes to a stream, which is not disposed; what has been appended is there before <see cref="Commit"/>, too.</summary>
    /// <param name="stream">Receives the file from where it stands.</param>
    /// <param name="entries">The tensors, in the order in which they will be appended.</param>
    /// <param name="metadata">Free text by name.</param>
    /// <exception cref="SafetensorsException">The header would break a rule of the format: two tensors of one name.</exception>
    public SafetensorsWriter(Stream stream, IReadOnlyList<SafetensorsEntry> entries, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(entries);
        (_stream, _entries) = (stream, entries);
        Write(StartOf("the stream", entries, metadata));
    }
#pragma warning restore RS0026

    /// <summary>Appends the next tensor as it is on disk: row-major, little-endian.</summary>
    /// <exception cref="ArgumentException">Its length is not that of its entry.</exception>
    /// <exception cref="InvalidOperationException">All tensors have been written.</exception>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        TakeEntry(bytes.Length);
        Write(bytes);
    }

    /// <summary>Appends the next tensor, of type F32.</summary>
    /// <param name="rowMajor">Its numbers, row by row.</param>
    /// <exception cref="ArgumentException">Its length or type is not that of its entry.</exception>
    /// <exception cref="InvalidOperationException">All tensors have been written.</exception>
    public void Append(ReadOnlySpan<float> rowMajor) => Append(MemoryMarshal.AsBytes(rowMajor), "F32");

    /// <summary>Appends the next tensor, of type F64.</summary>
    /// <inheritdoc cref="Append(ReadOnlySpan{float})"/>
    public void Append(ReadOnlySpan<double> rowMajor) => Append(MemoryMarshal.AsBytes(rowMajor), "F64");

    /// <summary>Appends the next tensor, a value of a model: of float as F32, of double as F64.</summary>
    /// <param name="columnMajor">[m × k], column by column.</param>
    /// <param name="shape">[m × k].</param>
    /// <exception cref="ArgumentException">Its length is not that of its entry or of <paramref name="shape"/>, or its type is not that of its
    /// entry.</exception>
    /// <exception cref="InvalidOperationException">All tensors have been written.</exception>
    public void Append<T>(ReadOnlySpan<T> columnMajor, Shape shape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (columnMajor.Length != shape.Size)
            throw new ArgumentException($"{shape} has {shape.Size} numbers, got {columnMajor.Length}.", nameof(columnMajor));

        RequireType(typeof(T) == typeof(float) ? "F32" : typeof(T) == typeof(double) ? "F64" : typeof(T).Name);
        if (shape.IsVector)
        {
            Append(MemoryMarshal.AsBytes(columnMajor));
            return;
        }

        TakeEntry(MemoryMarshal.AsBytes(columnMajor).Length);
        int bandRows = RowMajor.BandRows(shape, Unsafe.SizeOf<T>());
        T[] buffer = new T[bandRows * shape.Columns];

        for (int row = 0; row < shape.Rows; row += bandRows)
        {
            Span<T> band = buffer.AsSpan(0, Math.Min(bandRows, shape.Rows - row) * shape.Columns);
            RowMajor.CopyFrom(columnMajor, shape, row, band);
            Write(MemoryMarshal.AsBytes(band));
        }
    }

    /// <summary>Flushes the file to disk and gives it its name.</summary>
    /// <exception cref="InvalidOperationException">A tensor has not been written.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Commit()
    {
        if (_written < _entries.Count)
            throw new InvalidOperationException($"tensor {_entries[_written]} has not been written.");

        _file?.Commit();
        _stream?.Flush();
    }

    /// <summary>Without <see cref="Commit"/> before, takes everything back.</summary>
    public void Dispose() => _file?.Dispose();

    // The length of the header, and the header. What a reader would refuse is not written.
    private static byte[] StartOf(string name, IReadOnlyList<SafetensorsEntry> entries, IReadOnlyDictionary<string, string>? metadata)
    {
        byte[] header = SafetensorsHeader.Format(entries, metadata);
        SafetensorsHeader.CheckLength(name, (ulong)header.Length);
        SafetensorsHeader.Parse(name, header, entries.Sum(entry => entry.Bytes));

        byte[] start = new byte[sizeof(ulong) + header.Length];
        BinaryPrimitives.WriteUInt64LittleEndian(start, (ulong)header.Length);
        header.CopyTo(start, sizeof(ulong));
        return start;
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        _file?.Write(bytes);
        _stream?.Write(bytes);
    }

    private void Append(ReadOnlySpan<byte> bytes, string type)
    {
        RequireType(type);
        Append(bytes);
    }

    private void RequireType(string type)
    {
        if (_written < _entries.Count && _entries[_written].Type != type)
            throw new ArgumentException($"tensor {_entries[_written]} is not of type {type}.");
    }

    private void TakeEntry(long bytes)
    {
        if (_written == _entries.Count)
            throw new InvalidOperationException("all tensors have been written.");

        SafetensorsEntry entry = _entries[_written];

        if (bytes != entry.Bytes)
            throw new ArgumentException($"tensor {entry} has {entry.Bytes} bytes, got {bytes}.", nameof(bytes));

        _written++;
    }
}
