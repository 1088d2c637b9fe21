using System.Runtime.InteropServices;

namespace BlasNet.Native;

/// <summary>What .NET does not say of a path: whether it is a device or a pipe, which must not be replaced by a file.</summary>
internal static unsafe partial class FileKind
{
    private const int CurrentDirectory = -100, TypeMask = 0x1, ModeOffset = 28, ResultBytes = 256;   // AT_FDCWD, STATX_TYPE, offsetof(struct statx, stx_mode)
    private const int FormatMask = 0xF000, RegularFile = 0x8000;                                       // S_IFMT, S_IFREG

    // The output of a process is reached through these, too, whatever it is redirected to.
    private static readonly string[] SpecialFolders = ["/dev/", "/proc/"];

    /// <summary>Whether something is there that is neither a regular file nor a link to one.</summary>
    public static bool IsDeviceOrPipe(string path)
    {
        if (OperatingSystem.IsWindows() || !File.Exists(path))
            return false;

        string full = Path.GetFullPath(path);
        return Array.Exists(SpecialFolders, folder => full.StartsWith(folder, StringComparison.Ordinal)) || (OperatingSystem.IsLinux() && !IsRegular(full));
    }

    private static bool IsRegular(string path)
    {
        byte* result = stackalloc byte[ResultBytes];
        return statx(CurrentDirectory, path, 0, TypeMask, result) != 0 || (*(ushort*)(result + ModeOffset) & FormatMask) == RegularFile;
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int statx(int directory, string path, int flags, uint mask, byte* result);
}
