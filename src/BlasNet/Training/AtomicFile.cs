namespace BlasNet.Training;

/// <summary>A file that appears under its name only when it is complete: written beside it, flushed to disk, renamed.</summary>
/// <remarks>Whatever happens before <see cref="Commit"/>, an older file of that name stays as it was, and disposing leaves nothing behind.</remarks>
internal sealed class AtomicFile : IDisposable
{
    /// <summary>What matches the files that a process leaves behind when it is killed before <see cref="Commit"/>.</summary>
    public const string TemporaryPattern = ".blasnet-*.tmp";

    private readonly string _path, _temporary;
    private readonly FileStream _stream;

    /// <exception cref="IOException">The folder is missing or not writable, or the path is a folder.</exception>
    public AtomicFile(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        _path = path;

        if (Directory.Exists(path))
            throw new IOException($"{path}: cannot be written: it is a directory");

        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        if (!Directory.Exists(folder))
            throw new IOException($"{path}: cannot be written: there is no directory {folder}");

        // In the same folder, since only within a file system is renaming one indivisible step.
        _temporary = Path.Combine(folder, $".blasnet-{Path.GetRandomFileName()}.tmp");
        _stream = Guard(() => new FileStream(_temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0));
    }

    /// <exception cref="IOException">The disk is full or gone.</exception>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        try
        {
            _stream.Write(bytes);
        }
        catch (IOException e)
        {
            throw CannotWrite(e);
        }
    }

    /// <summary>Makes the file visible under its name, in place of an older one.</summary>
    /// <exception cref="IOException">The disk is full or gone, or the older file cannot be replaced.</exception>
    public void Commit() => Guard(() =>
    {
        _stream.Flush(flushToDisk: true);
        _stream.Dispose();
        File.Move(_temporary, _path, overwrite: true);
        return true;
    });

    public void Dispose()
    {
        _stream.Dispose();
        File.Delete(_temporary); // does nothing after the renaming
    }

    private T Guard<T>(Func<T> action)
    {
        try
        {
            return action();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CannotWrite(e);
        }
    }

    private IOException CannotWrite(Exception reason) => new($"{_path}: cannot be written: {reason.Message.Replace(_temporary, _path, StringComparison.Ordinal)}", reason);
}
