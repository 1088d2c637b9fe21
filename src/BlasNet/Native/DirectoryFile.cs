using System.Runtime.InteropServices;

namespace BlasNet.Native;

/// <summary>A directory as a file: its entries reach the disk only when it is flushed, and .NET opens files alone.</summary>
internal static partial class DirectoryFile
{
    private const int ReadOnly = 0;

    /// <summary>Writes names that have been added, changed or removed to disk.</summary>
    /// <returns>False where that cannot be done: on Windows, which writes them itself, and on some file systems.</returns>
    public static bool TryFlush(string path)
    {
        if (OperatingSystem.IsWindows())
            return false;

        int descriptor = open(path, ReadOnly);
        if (descriptor < 0)
            return false;

        bool isFlushed = fsync(descriptor) == 0;
        return close(descriptor) == 0 && isFlushed;
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags);

    [LibraryImport("libc")]
    private static partial int fsync(int descriptor);

    [LibraryImport("libc")]
    private static partial int close(int descriptor);
}
