using BlasNet.Native;

namespace BlasNet.Training;

/// <summary>A file that appears under its name only when it is complete: written beside it, flushed to disk, renamed.</summary>
/// <remarks>Whatever happens before <see cref="Commit"/>, an older file of that name stays as it was, and disposing leaves nothing behind. A process that is
/// killed leaves its temporary file, which is deleted when the next file is written into that folder, ten minutes later or more. A link stays a
/// link, to the new file. A device or a pipe is no file that could be replaced: it is opened at the first byte, and written as it is.</remarks>
public sealed class AtomicFile : IDisposable
{
    /// <summary>What matches the files that a process leaves behind when it is killed before <see cref="Commit"/>.</summary>
    internal const string TemporaryPattern = ".blasnet-*.tmp";

    /// <summary>Files of which nothing has been written for so long may be leftovers.</summary>
    private static readonly TimeSpan LeastAge = TimeSpan.FromMinutes(10);

    private readonly string _path, _target;
    private readonly string? _temporary;   // null for a device or a pipe
    private FileStream? _stream;

    /// <param name="path">Where the file is to appear.</param>
    /// <exception cref="IOException">The folder is missing or not writable, or the path is a folder.</exception>
    public AtomicFile(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        _path = path;

        if (Directory.Exists(path))
            throw new IOException($"{path}: cannot be written: it is a directory");

        bool isSpecial = FileKind.IsDeviceOrPipe(path);
        bool isLink = !isSpecial && new FileInfo(path).LinkTarget is not null;
        _target = isLink ? Guard(() => File.ResolveLinkTarget(path, returnFinalTarget: true)!.FullName) : path;
        if (isSpecial)
            return;

        string folder = Path.GetDirectoryName(Path.GetFullPath(_target))!;
        if (!Directory.Exists(folder))
            throw new IOException($"{path}: cannot be written: there is no directory {folder}");

        DeleteLeftovers(folder);

        // In the same folder, since only within a file system is renaming one indivisible step.
        _temporary = Path.Combine(folder, $".blasnet-{Path.GetRandomFileName()}.tmp");
        _stream = Guard(() => new FileStream(_temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0));
    }

    /// <summary>Writes the next bytes.</summary>
    /// <exception cref="IOException">The disk is full or gone.</exception>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        try
        {
            _stream ??= new FileStream(_target, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
            _stream.Write(bytes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CannotWrite(e);
        }
    }

    /// <summary>Whether bytes can be written a second time: not those of a device or a pipe.</summary>
    public bool CanOverwrite => _temporary is not null;

    /// <summary>Replaces the first bytes of what was written.</summary>
    /// <exception cref="IOException">The disk is full or gone.</exception>
    /// <exception cref="InvalidOperationException">It is a device or a pipe, see <see cref="CanOverwrite"/>.</exception>
    public void Overwrite(ReadOnlySpan<byte> bytes)
    {
        if (!CanOverwrite)
            throw new InvalidOperationException($"{_path}: is a device or a pipe; its bytes cannot be written a second time.");

        try
        {
            RandomAccess.Write(_stream!.SafeFileHandle, bytes, fileOffset: 0);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CannotWrite(e);
        }
    }

    /// <summary>Makes the file visible under its name, in place of an older one.</summary>
    /// <exception cref="IOException">The disk is full or gone, or the older file cannot be replaced.</exception>
    public void Commit() => Guard(() =>
    {
        _stream?.Flush(flushToDisk: _temporary is not null);
        _stream?.Dispose();
        if (_temporary is not null)
            File.Move(_temporary, _target, overwrite: true);

        return true;
    });

    /// <summary>Leaves nothing behind of a file that was not committed.</summary>
    public void Dispose()
    {
        _stream?.Dispose();
        if (_temporary is not null)
            File.Delete(_temporary); // does nothing after the renaming
    }

    // Whoever writes a file holds it open for himself alone, until he ends or is killed. What cannot be deleted stays: it harms nobody.
    private static void DeleteLeftovers(string folder)
    {
        try
        {
            foreach (string file in Directory.EnumerateFiles(folder, TemporaryPattern))
            {
                if (DateTime.UtcNow - File.GetLastWriteTimeUtc(file) > LeastAge)
                    new FileStream(file, FileMode.Open, FileAccess.ReadWrite, FileShare.None, bufferSize: 0, FileOptions.DeleteOnClose).Dispose();
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
        }
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

    private IOException CannotWrite(Exception reason) =>
        new($"{_path}: cannot be written: {(_temporary is null ? reason.Message : reason.Message.Replace(_temporary, _path, StringComparison.Ordinal))}",
            reason);
}
