using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace BlasNet.Training;

/// <summary>Writes a safetensors file tensor by tensor; it appears under its name, whole, with <see cref="Commit"/>.</summary>
internal sealed class SafetensorsWriter : IDisposable
{
    private readonly IReadOnlyList<SafetensorsEntry> _entries;
    private readonly AtomicFile _file;
    private int _written;

    /// <param name="path">The file to make or to replace.</param>
    /// <param name="entries">The tensors, in the order in which they will be appended; their offsets are not looked at.</param>
    /// <param name="metadata">Free text by name.</param>
    /// <exception cref="SafetensorsException">The header would break a rule of the format: two tensors of one name.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public SafetensorsWriter(string path, IReadOnlyList<SafetensorsEntry> entries, IReadOnlyDictionary<string, string>? metadata = null)
    {
        _entries = entries;
        byte[] header = SafetensorsHeader.Format(entries, metadata);

        // What a reader would refuse is not written.
        SafetensorsHeader.CheckLength(path, (ulong)header.Length);
        SafetensorsHeader.Parse(path, header, entries.Sum(entry => entry.Bytes));

        byte[] start = new byte[sizeof(ulong) + header.Length];
        BinaryPrimitives.WriteUInt64LittleEndian(start, (ulong)header.Length);
        header.CopyTo(start, sizeof(ulong));

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

    /// <summary>Appends the next tensor as it is on disk: row-major, little-endian.</summary>
    /// <exception cref="ArgumentException">Its length is not that of its entry.</exception>
    /// <exception cref="InvalidOperationException">All tensors have been written.</exception>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        TakeEntry(bytes.Length);
        _file.Write(bytes);
    }

    /// <summary>Appends the next tensor, a value of a model.</summary>
    /// <param name="columnMajor">[m × k], column by column.</param>
    /// <param name="shape">[m × k]</param>
    /// <inheritdoc cref="Append(ReadOnlySpan{byte})" path="/exception"/>
    public void Append<T>(ReadOnlySpan<T> columnMajor, Shape shape)
        where T : unmanaged
    {
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
            _file.Write(MemoryMarshal.AsBytes(band));
        }
    }

    /// <summary>Flushes the file to disk and gives it its name.</summary>
    /// <exception cref="InvalidOperationException">A tensor has not been written.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Commit()
    {
        if (_written < _entries.Count)
            throw new InvalidOperationException($"tensor {_entries[_written]} has not been written.");

        _file.Commit();
    }

    /// <summary>Without <see cref="Commit"/> before, takes everything back.</summary>
    public void Dispose() => _file.Dispose();

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
