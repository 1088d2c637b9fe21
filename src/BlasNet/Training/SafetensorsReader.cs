using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using BlasNet.Memory;

namespace BlasNet.Training;

/// <summary>Opens a safetensors file, having checked all of its header, and reads tensors in any order.</summary>
/// <example><code>
/// using var reader = new SafetensorsReader("model.safetensors");
/// foreach (SafetensorsEntry tensor in reader.Entries)
///     Console.WriteLine(tensor);   // W F32 [128, 64]
/// float[] w = new float[reader.Entries[0].Elements];
/// reader.Read(reader.Entries[0], w);
/// </code></example>
public sealed class SafetensorsReader : IDisposable
{
    private readonly SafetensorsSource _source;
    private readonly long _dataStart;

    /// <param name="path">A file.</param>
    /// <exception cref="SafetensorsException">The file cannot be opened or breaks a rule of the format.</exception>
    public SafetensorsReader(string path)
        : this(new SafetensorsFile(NotEmpty(path)))
    {
    }

    /// <param name="stream">Stands at the beginning of the file. One that cannot seek is read from front to back, to the end of the tensor that is read
    /// last. It is not disposed.</param>
    /// <exception cref="SafetensorsException">What it gives breaks a rule of the format.</exception>
    public SafetensorsReader(Stream stream)
        : this(new SafetensorsStream(stream ?? throw new ArgumentNullException(nameof(stream))))
    {
    }

    private SafetensorsReader(SafetensorsSource source)
    {
        _source = source;
        try
        {
            long? length = source.Length;
            if (length < sizeof(ulong))
                throw new SafetensorsException(source.Name, $"8 bytes of header length expected; the file has {length}");

            Span<byte> lengthBytes = stackalloc byte[sizeof(ulong)];
            source.ReadExactly(lengthBytes, 0);
            ulong headerLength = BinaryPrimitives.ReadUInt64LittleEndian(lengthBytes);
            SafetensorsHeader.CheckLength(source.Name, headerLength);
            _dataStart = sizeof(ulong) + (long)headerLength;

            if (_dataStart > length)
                throw new SafetensorsException(source.Name, $"the header has {headerLength} bytes; the file ends after {length - sizeof(ulong)} of them");

            byte[] header = new byte[headerLength];
            source.ReadExactly(header, sizeof(ulong));
            Header = SafetensorsHeader.Parse(source.Name, header, length - _dataStart);
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }

    /// <summary>The tensors, in the order in which they lie.</summary>
    public IReadOnlyList<SafetensorsEntry> Entries => Header.Entries;

    /// <summary>Free text by name.</summary>
    public IReadOnlyDictionary<string, string> Metadata => Header.Metadata;

    internal SafetensorsHeader Header { get; }

    /// <summary>The byte of the file, or after the stream's start, where a tensor begins; it ends before the end.</summary>
    /// <param name="entry">One of <see cref="Entries"/>.</param>
    public long OffsetOf(SafetensorsEntry entry) => _dataStart + entry.Offset;

    /// <summary>The file, for errors.</summary>
    internal string Name => _source.Name;

    /// <summary>Reads a tensor as it is on disk: row-major, little-endian.</summary>
    /// <param name="entry">One of <see cref="Entries"/>.</param>
    /// <param name="bytes">Receives <see cref="SafetensorsEntry.Bytes"/> bytes.</param>
    /// <exception cref="ArgumentException">The span has another length.</exception>
    /// <exception cref="InvalidOperationException">The stream cannot go back to it.</exception>
    /// <exception cref="SafetensorsException">The file has changed or cannot be read.</exception>
    public void Read(SafetensorsEntry entry, Span<byte> bytes)
    {
        ArgumentNullException.ThrowIfNull(entry);
        RequireLength(entry, bytes.Length, entry.Bytes, "bytes");
        _source.ReadExactly(bytes, _dataStart + entry.Offset);
    }

    /// <summary>Reads a tensor of floating-point numbers, row-major; if its type differs, rounding to the nearest.</summary>
    /// <param name="entry">One of <see cref="Entries"/>: F64, F32, F16 or BF16.</param>
    /// <param name="rowMajor">Receives <see cref="SafetensorsEntry.Elements"/> numbers.</param>
    /// <exception cref="ArgumentException">The span has another length, or the tensor is not of floating-point numbers.</exception>
    /// <exception cref="InvalidOperationException">The stream cannot go back to it.</exception>
    /// <exception cref="SafetensorsException">The file has changed or cannot be read.</exception>
    public void Read<T>(SafetensorsEntry entry, Span<T> rowMajor)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(entry);
        if (!entry.IsFloatingPoint)
            throw new ArgumentException($"Tensor {entry} is not of floating-point numbers; read its bytes.", nameof(entry));

        RequireLength(entry, rowMajor.Length, entry.Elements, "numbers");
        if (rowMajor.Length > 0)
            ReadBands(entry, new Shape(rowMajor.Length), rowMajor);   // of a vector, row-major is column-major
    }

    /// <summary>Reads a tensor as a value of a model, column by column; if its type differs, rounding to the nearest.</summary>
    /// <param name="entry">One of <see cref="Entries"/>: F64, F32, F16 or BF16.</param>
    /// <param name="shape">[m × k].</param>
    /// <param name="columnMajor">Receives m·k numbers.</param>
    /// <exception cref="ArgumentException">The span has another length.</exception>
    /// <exception cref="InvalidOperationException">The stream cannot go back to it.</exception>
    /// <exception cref="SafetensorsException">The tensor has another shape, or the file has changed or cannot be read.</exception>
    public void Read<T>(SafetensorsEntry entry, Shape shape, Span<T> columnMajor)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(entry);
        if (!entry.Fits(shape))
            throw new SafetensorsException(Name, $"tensor {entry} does not fit {shape}");

        RequireLength(entry, columnMajor.Length, entry.Elements, "numbers");
        ReadBands(entry, shape, columnMajor);
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => _source.Dispose();

    private void ReadBands<T>(SafetensorsEntry entry, Shape shape, Span<T> columnMajor) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        switch (entry.Type)
        {
            case "F64":
                ReadBands<double, T>(entry, shape, columnMajor);
                break;
            case "F32":
                ReadBands<float, T>(entry, shape, columnMajor);
                break;
            case "F16":
                ReadBands<Half, T>(entry, shape, columnMajor);
                break;
            default:
                ReadBands<ushort, T>(entry, shape, columnMajor);
                break;
        }
    }

    private void ReadBands<TFile, T>(SafetensorsEntry entry, Shape shape, Span<T> columnMajor)
        where TFile : unmanaged, INumberBase<TFile>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int bandRows = RowMajor.BandRows(shape, entry.BytesOfElement);
        TFile[] buffer = new TFile[bandRows * shape.Columns];
        float[] widened = typeof(TFile) == typeof(ushort) ? new float[buffer.Length] : [];
        long offset = _dataStart + entry.Offset;

        for (int row = 0; row < shape.Rows; row += bandRows)
        {
            Span<TFile> band = buffer.AsSpan(0, Math.Min(bandRows, shape.Rows - row) * shape.Columns);
            Span<byte> bytes = MemoryMarshal.AsBytes(band);
            _source.ReadExactly(bytes, offset);
            if (typeof(TFile) == typeof(ushort))
                RowMajor.CopyTo<float, T>(Widen(MemoryMarshal.Cast<TFile, ushort>(band), widened), shape, row, columnMajor);
            else
                RowMajor.CopyTo<TFile, T>(band, shape, row, columnMajor);

            offset += bytes.Length;
        }
    }

    /// <summary>BF16 as float, of which it is the upper half.</summary>
    /// <returns>The values written.</returns>
    private static ReadOnlySpan<float> Widen(ReadOnlySpan<ushort> halves, Span<float> values)
    {
        for (int i = 0; i < halves.Length; i++)
            values[i] = BitConverter.UInt32BitsToSingle((uint)halves[i] << 16);

        return values[..halves.Length];
    }

    private static void RequireLength(SafetensorsEntry entry, int given, long length, string what)
    {
        if (given != length)
            throw new ArgumentException($"Tensor {entry} has {length} {what}; the span has {given}.");
    }

    private static string NotEmpty(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return path;
    }
}
