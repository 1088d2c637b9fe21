using System.Runtime.InteropServices;

namespace BlasNet.Native;

/// <summary>Where OpenBLAS may be, and under which names.</summary>
internal static class OpenBlasPlaces
{
    /// <summary>The runtime identifier that packages use: of the operating system's kind, not of a distribution.</summary>
    /// <remarks>A .NET that a distribution built calls itself, for example, debian.12-x64, which names no folder of a package.</remarks>
    public static string PortableRid { get; } = $"{SystemName()}-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}";

    public static IReadOnlyList<string> FileNames { get; } =
        OperatingSystem.IsWindows() ? ["libopenblas.dll", "openblas.dll"]
        : OperatingSystem.IsMacOS() ? ["libopenblas.dylib", "libopenblas.0.dylib"]
        : ["libopenblas.so.0", "libopenblas.so"];

    /// <summary>Names left to the search of the runtime and of the system.</summary>
    /// <remarks>Homebrew keeps its OpenBLAS out of the linker's path, because macOS has a BLAS of its own.</remarks>
    public static IReadOnlyList<string> SystemNames { get; } = OperatingSystem.IsMacOS()
        ? [.. FileNames, "/opt/homebrew/opt/openblas/lib/libopenblas.dylib", "/usr/local/opt/openblas/lib/libopenblas.dylib"]
        : FileNames;

    /// <summary>Folders to look in first: beside the application, where the runtime keeps native files of packages, and runtimes/&lt;rid&gt;/native.</summary>
    public static IReadOnlyList<string> Folders { get; } = FoldersOf(
        AppContext.BaseDirectory, (string?)AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES"), RuntimeInformation.RuntimeIdentifier,
        Environment.GetEnvironmentVariable("PATH"));

    /// <param name="application">The application's folder.</param>
    /// <param name="searched">The runtime's list of folders, separated as in PATH; null where the runtime has none.</param>
    /// <param name="rid">The runtime's own identifier.</param>
    /// <param name="path">PATH, to which F# scripts add the native folder of each package they refer to; null where it is not set.</param>
    public static IReadOnlyList<string> FoldersOf(string application, string? searched, string rid, string? path)
    {
        string portable = Path.Combine("runtimes", PortableRid, "native");
        string[] candidates =
        [
            application,
            .. Split(searched),
            Path.Combine(application, "runtimes", rid, "native"),
            Path.Combine(application, portable),
            .. Split(path).Where(folder => Path.IsPathRooted(folder) && folder.EndsWith(portable, StringComparison.Ordinal)),
        ];
        return [.. candidates.Select(Path.TrimEndingDirectorySeparator).Distinct(StringComparer.Ordinal)];

        static string[] Split(string? list) => (list ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
    }

    /// <summary>The file that the dynamic linker of Linux would probably load for a name; null where none is found or the system is another.</summary>
    public static string? FindSystemFile(string name)
    {
        if (!OperatingSystem.IsLinux())
            return null;

        string triplet = RuntimeInformation.ProcessArchitecture switch
        {
            Architecture.X64 => "x86_64-linux-gnu",
            Architecture.Arm64 => "aarch64-linux-gnu",
            _ => "",
        };
        string[] preferred = (Environment.GetEnvironmentVariable("LD_LIBRARY_PATH") ?? "").Split([':', ';'], StringSplitOptions.RemoveEmptyEntries);
        return preferred.Concat(["/usr/local/lib", $"/lib/{triplet}", $"/usr/lib/{triplet}", "/lib64", "/usr/lib64", "/lib", "/usr/lib"])
            .Select(folder => Path.Combine(folder, name))
            .FirstOrDefault(IsFile);

        // A link may lead nowhere.
        static bool IsFile(string path) => File.Exists(path) && (File.ResolveLinkTarget(path, returnFinalTarget: true)?.Exists ?? true);
    }

    private static string SystemName()
    {
        if (OperatingSystem.IsWindows())
            return "win";

        if (OperatingSystem.IsMacOS())
            return "osx";

        if (!OperatingSystem.IsLinux())
            return RuntimeInformation.RuntimeIdentifier.Split('-', '.')[0];

        // Only glibc has this function; the loader of musl may be installed beside it.
        return NativeLibrary.TryGetExport(NativeLibrary.GetMainProgramHandle(), "gnu_get_libc_version", out _) ? "linux" : "linux-musl";
    }
}
