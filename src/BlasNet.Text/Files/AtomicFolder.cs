namespace BlasNet.Text.Files;

/// <summary>A folder that appears under its name only when it is complete: written beside it, and renamed.</summary>
/// <remarks>Whatever happens before <see cref="Commit"/>, an older folder stays as it was, and disposing leaves nothing behind. The older one is moved away
/// and deleted after the new one has its name. A process that is killed leaves a folder <c>.blasnet-….tmp</c> beside it; one that is killed between the two
/// moves leaves both, complete, the older one as <c>.blasnet-….old</c>.</remarks>
internal sealed class AtomicFolder : IDisposable
{
    private readonly string _target;

    /// <param name="path">The folder to make, or to replace if it is empty or has a <c>config.json</c>, as a model's has.</param>
    /// <exception cref="IOException">It cannot be written, is a file, or is there and not a model's.</exception>
    public AtomicFolder(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        _target = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(path));
        RequireReplaceable(path);
        Path = System.IO.Path.Combine(System.IO.Path.GetDirectoryName(_target)!, $".blasnet-{System.IO.Path.GetRandomFileName()}.tmp");
        Guard(() => Directory.CreateDirectory(Path));
    }

    /// <summary>Where the files are to be written.</summary>
    public string Path { get; }

    /// <exception cref="IOException">There is something of that name that is no model's folder, or no folder for it.</exception>
    public static void RequireReplaceable(string path)
    {
        if (File.Exists(path))
            throw new IOException($"{path}: cannot be written: it is a file; a directory is expected");

        if (Directory.Exists(path) && !File.Exists(System.IO.Path.Combine(path, "config.json")) && Directory.EnumerateFileSystemEntries(path).Any())
            throw new IOException($"{path}: cannot be written: it is a directory, and has no config.json as a model's has");

        if (System.IO.Path.GetDirectoryName(System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(path))) is not { } parent)
            throw new IOException($"{path}: cannot be written: it is the root");

        if (!Directory.Exists(parent))
            throw new IOException($"{path}: cannot be written: there is no directory {parent}");
    }

    /// <summary>Writes a file to disk.</summary>
    /// <param name="name">Perhaps in a folder of its own.</param>
    /// <param name="content">All of it.</param>
    /// <exception cref="IOException">The disk is full or gone.</exception>
    public void Write(string name, ReadOnlySpan<byte> content)
    {
        string file = System.IO.Path.Combine(Path, name);
        try
        {
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(file)!);
            using var stream = new FileStream(file, FileMode.CreateNew, FileAccess.Write);
            stream.Write(content);
            stream.Flush(flushToDisk: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CannotWrite(e);
        }
    }

    /// <summary>Makes the folder visible under its name, in the place of an older one.</summary>
    /// <exception cref="IOException">The older one cannot be replaced; it is as it was.</exception>
    public void Commit() => Guard(() =>
    {
        string old = System.IO.Path.ChangeExtension(Path, ".old");
        bool replaces = Directory.Exists(_target);
        if (replaces)
            Directory.Move(_target, old);

        try
        {
            Directory.Move(Path, _target);
        }
        catch when (replaces)
        {
            Directory.Move(old, _target);
            throw;
        }

        if (replaces)
            Directory.Delete(old, recursive: true);
    });

    public void Dispose()
    {
        if (Directory.Exists(Path))
            Directory.Delete(Path, recursive: true);
    }

    private void Guard(Action action)
    {
        try
        {
            action();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CannotWrite(e);
        }
    }

    private IOException CannotWrite(Exception reason) => new($"{_target}: cannot be written: {reason.Message}", reason);
}
