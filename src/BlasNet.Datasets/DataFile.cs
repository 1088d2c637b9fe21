namespace BlasNet.Datasets;

/// <summary>Opens a data file, plain or gzipped.</summary>
/// <remarks>Everything that can go wrong on disk or in the gzip data is a <see cref="DataFormatException"/> that names the file.</remarks>
internal static class DataFile
{
    /// <summary>Opens for reading from front to back. Gzip is recognised by its first two bytes, 1F 8B, whatever the file is called.</summary>
    /// <remarks>Reads every byte once, so that it may come from a pipe.</remarks>
    /// <exception cref="DataFormatException">The path is missing, a directory or not readable.</exception>
    public static Stream Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);

        if (Directory.Exists(path))
            throw DataFormatException.InFile(path, "is a directory; a file is expected");

        try
        {
            return Unzip(path, new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.SequentialScan));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw DataFormatException.InFile(path, "does not exist", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw DataFormatException.InFile(path, $"cannot be opened: {e.Message}", e);
        }
    }

    /// <summary>As <see cref="Open"/>, for data that is already a stream; <paramref name="name"/> stands for it in errors.</summary>
    public static Stream Unzip(string name, Stream data)
    {
        var bytes = new RewindableStream(data);
        bool isZipped = StartsWith(bytes, 0x1F, 0x8B);
        bytes.Rewind();

        return new CheckedStream(name, isZipped ? new GunzipStream(bytes) : bytes);
    }

    /// <summary>Whether the next two bytes are these.</summary>
    public static bool StartsWith(Stream data, byte first, byte second)
    {
        Span<byte> start = stackalloc byte[2];
        int read = data.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        return read == 2 && start[0] == first && start[1] == second;
    }

    /// <summary>Passes bytes on, names the file when they cannot be had, and knows how many there were.</summary>
    private sealed class CheckedStream(string name, Stream inner) : ReadOnlyStream(inner)
    {
        private long _position;

        public override int Read(Span<byte> buffer)
        {
            try
            {
                int read = Inner.Read(buffer);
                _position += read;
                return read;
            }
            catch (InvalidDataException e)
            {
                throw DataFormatException.AtByte(name, _position, $"the gzip data is damaged or cut off: {e.Message}", e);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw DataFormatException.AtByte(name, _position, $"cannot be read: {e.Message}", e);
            }
        }

        public override long Position { get => _position; set => throw new NotSupportedException(); }
    }
}
