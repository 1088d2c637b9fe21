using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace BlasNet.Training;

/// <summary>Opens a safetensors file, having checked all of its header, and reads tensors in any order.</summary>
internal sealed class SafetensorsReader : IDisposable
{
    private readonly string _path;
    private readonly SafeFileHandle _file;
    private readonly long _dataStart;

    /// <exception cref="SafetensorsException">The file cannot be opened or breaks a rule of the format.</exception>
    public SafetensorsReader(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        _path = path;
        _file = Open(path);

        try
        {
            long length = RandomAccess.GetLength(_file);

            if (length < sizeof(ulong))
                throw new SafetensorsException(path, $"8 bytes of header length expected; the file has {length}");

            Span<byte> lengthBytes = stackalloc byte[sizeof(ulong)];
            ReadExactly(lengthBytes, 0);
            ulong headerLength = BinaryPrimitives.ReadUInt64LittleEndian(lengthBytes);
            SafetensorsHeader.CheckLength(path, headerLength);
            _dataStart = sizeof(ulong) + (long)headerLength;

            if (_dataStart > length)
                throw new SafetensorsException(path, $"the header has {headerLength} bytes; the file ends after {length - sizeof(ulong)} of them");

            byte[] header = new byte[headerLength];
            ReadExactly(header, sizeof(ulong));
            Header = SafetensorsHeader.Parse(path, header, length - _dataStart);
        }
        catch (Exception e)
        {
            _file.Dispose();

            if (e is NotSupportedException)
                throw new SafetensorsException(path, "is not a regular file", e);

            throw;
        }
    }

    public SafetensorsHeader Header { get; }

    /// <summary>Reads a tensor as it is on disk: row-major, little-endian.</summary>
    /// <exception cref="SafetensorsException">The file has changed or cannot be read.</exception>
    public void Read(SafetensorsEntry entry, Span<byte> bytes) => ReadExactly(bytes[..checked((int)entry.Bytes)], _dataStart + entry.Offset);

    /// <summary>Reads a tensor as a value of a model; if the precisions differ, rounding to the nearest.</summary>
    /// <param name="entry">One of the header's.</param>
    /// <param name="shape">[m × k]</param>
    /// <param name="columnMajor">Receives m·k elements, column by column.</param>
    /// <exception cref="SafetensorsException">The tensor has another shape, or the file has changed or cannot be read.</exception>
    public void Read<T>(SafetensorsEntry entry, Shape shape, Span<T> columnMajor)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (!entry.Fits(shape))
            throw new SafetensorsException(_path, $"tensor {entry} does not fit {shape}");

        if (entry.Precision == Precision.Single)
            ReadBands<float, T>(entry, shape, columnMajor);
        else
            ReadBands<double, T>(entry, shape, columnMajor);
    }

    public void Dispose() => _file.Dispose();

    private void ReadBands<TFile, T>(SafetensorsEntry entry, Shape shape, Span<T> columnMajor)
        where TFile : unmanaged, IBinaryFloatingPointIeee754<TFile>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int bandRows = RowMajor.BandRows(shape, entry.Precision.ElementBytes());
        TFile[] buffer = new TFile[bandRows * shape.Columns];
        long offset = _dataStart + entry.Offset;

        for (int row = 0; row < shape.Rows; row += bandRows)
        {
            Span<TFile> band = buffer.AsSpan(0, Math.Min(bandRows, shape.Rows - row) * shape.Columns);
            Span<byte> bytes = MemoryMarshal.AsBytes(band);
            ReadExactly(bytes, offset);
            RowMajor.CopyTo<TFile, T>(band, shape, row, columnMajor);
            offset += bytes.Length;
        }
    }

    private static SafeFileHandle Open(string path)
    {
        if (Directory.Exists(path))
            throw new SafetensorsException(path, "is a directory; a file is expected");

        try
        {
            return File.OpenHandle(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new SafetensorsException(path, "does not exist", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SafetensorsException(path, $"cannot be opened: {e.Message}", e);
        }
    }

    private void ReadExactly(Span<byte> bytes, long offset)
    {
        while (!bytes.IsEmpty)
        {
            int read = RandomAccess.Read(_file, bytes, offset);

            if (read == 0)
                throw new SafetensorsException(_path, "ends early; it was cut while it was read");

            bytes = bytes[read..];
            offset += read;
        }
    }
}
