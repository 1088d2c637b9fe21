using System.Buffers.Binary;
using System.Globalization;
using System.IO.MemoryMappedFiles;
using System.Text;
using System.Text.RegularExpressions;
using BlasNet.Cli.CommandLine;
using BlasNet.Training;

namespace BlasNet.Cli.Vectors;

/// <summary>A matrix of float32 in a memory-mapped file, .npy or .safetensors.</summary>
internal sealed unsafe partial class MatrixFile : IDisposable
{
    private readonly MemoryMappedFile _map;
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _data;

    private MatrixFile(string path, long start, long rows, int columns)
    {
        (RowCount, Columns) = (rows, columns);
        _map = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
        _view = _map.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        byte* pointer = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref pointer);
        _data = pointer + start;
    }

    public long RowCount { get; }

    public int Columns { get; }

    /// <exception cref="CommandException">It is no file of one matrix of float32.</exception>
    public static MatrixFile Open(string path)
    {
        if (!File.Exists(path))
            throw new CommandException($"{path}: there is no such file.");

        (long start, long rows, long columns) = path.EndsWith(".npy", StringComparison.OrdinalIgnoreCase) ? ReadNpy(path) : ReadSafetensors(path);
        long length = new FileInfo(path).Length;
        if (columns is < 1 or > int.MaxValue || rows < 0 || (Int128)rows * columns * sizeof(float) != length - start)
            throw new CommandException($"{path}: the header says {rows} rows of {columns} numbers, and {length - start} bytes follow it.");

        return new MatrixFile(path, start, rows, (int)columns);
    }

    /// <summary>The elements of some rows, one row after another; valid until the file is closed.</summary>
    public ReadOnlySpan<float> Rows(long start, int count) => new(_data + start * Columns * sizeof(float), count * Columns);

    public void Dispose()
    {
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _map.Dispose();
    }

    private static (long Start, long Rows, long Columns) ReadNpy(string path)
    {
        using FileStream stream = File.OpenRead(path);
        Span<byte> start = stackalloc byte[10];
        if (stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false) < start.Length || !start.StartsWith((byte[])[0x93, .. "NUMPY"u8, 1]))
            throw new CommandException($"{path}: is not a .npy file of version 1.");

        byte[] header = new byte[BinaryPrimitives.ReadUInt16LittleEndian(start[8..])];
        int read = stream.ReadAtLeast(header, header.Length, throwOnEndOfStream: false);
        Match match = NpyHeader().Match(Encoding.ASCII.GetString(header, 0, read));
        if (read < header.Length || !match.Success || !long.TryParse(match.Groups["rows"].ValueSpan, CultureInfo.InvariantCulture, out long rows)
            || !long.TryParse(match.Groups["columns"].ValueSpan, CultureInfo.InvariantCulture, out long columns))
            throw new CommandException($"{path}: a matrix of float32, row by row, is expected ('descr': '<f4', 'fortran_order': False, two dimensions).");

        return (start.Length + header.Length, rows, columns);
    }

    private static (long Start, long Rows, long Columns) ReadSafetensors(string path)
    {
        using var reader = new SafetensorsReader(path);
        if (reader.Entries is not [{ Type: "F32", Shape: [var rows, var columns] }])
            throw new CommandException($"{path}: one tensor of float32 with two dimensions is expected.");

        return (new FileInfo(path).Length - reader.Entries[0].Bytes, rows, columns);
    }

    [GeneratedRegex(@"^\{'descr': '<f4', 'fortran_order': False, 'shape': \((?<rows>\d{1,18}), (?<columns>\d{1,18})\), *\} *\n?$")]
    private static partial Regex NpyHeader();
}
