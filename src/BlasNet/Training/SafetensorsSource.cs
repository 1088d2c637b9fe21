using Microsoft.Win32.SafeHandles;

namespace BlasNet.Training;

/// <summary>The bytes of a safetensors file, wherever they come from.</summary>
internal abstract class SafetensorsSource(string name) : IDisposable
{
    /// <summary>For errors.</summary>
    public string Name { get; } = name;

    /// <summary>Number of bytes; null where it is not known.</summary>
    public abstract long? Length { get; }

    /// <summary>Reads some bytes.</summary>
    /// <returns>How many; 0 at the end.</returns>
    protected abstract int Read(Span<byte> bytes, long offset);

    public abstract void Dispose();

    /// <exception cref="SafetensorsException">There are fewer bytes.</exception>
    public void ReadExactly(Span<byte> bytes, long offset)
    {
        while (!bytes.IsEmpty)
        {
            int read = Read(bytes, offset);
            if (read == 0)
                throw new SafetensorsException(Name, Length is null ? "ends early" : "ends early; it was cut while it was read");

            bytes = bytes[read..];
            offset += read;
        }
    }
}

/// <summary>A file, read at any place.</summary>
internal sealed class SafetensorsFile(string path) : SafetensorsSource(path)
{
    private readonly SafeFileHandle _file = Open(path);

    public override long? Length
    {
        get
        {
            try
            {
                return RandomAccess.GetLength(_file);
            }
            catch (NotSupportedException e)
            {
                throw new SafetensorsException(Name, "is not a regular file", e);
            }
        }
    }

    public override void Dispose() => _file.Dispose();

    protected override int Read(Span<byte> bytes, long offset) => RandomAccess.Read(_file, bytes, offset);

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
}

/// <summary>A stream, from where it stands; one that cannot seek is read from front to back.</summary>
internal sealed class SafetensorsStream(Stream stream) : SafetensorsSource("the stream")
{
    private readonly long _start = stream.CanSeek ? stream.Position : 0;
    private long _position;   // from the start

    public override long? Length => stream.CanSeek ? stream.Length - _start : null;

    /// <summary>The stream is its owner's.</summary>
    public override void Dispose()
    {
    }

    protected override int Read(Span<byte> bytes, long offset)
    {
        if (stream.CanSeek)
            stream.Position = _start + offset;
        else
            SkipTo(offset);

        int read = stream.Read(bytes);
        _position = offset + read;
        return read;
    }

    private void SkipTo(long offset)
    {
        if (offset < _position)
            throw new InvalidOperationException("The stream cannot go back: read its tensors in the order in which they lie, each once.");

        Span<byte> skipped = stackalloc byte[4096];
        while (_position < offset)
        {
            int read = stream.Read(skipped[..(int)Math.Min(skipped.Length, offset - _position)]);
            if (read == 0)
                throw new SafetensorsException(Name, "ends early");

            _position += read;
        }
    }
}
