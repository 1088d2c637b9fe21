using System.Collections;
using System.Runtime.InteropServices;

namespace BlasNet.Native;

/// <summary>Finds, loads and describes OpenBLAS: the one place that knows where it may be.</summary>
/// <remarks>
/// Order: the file named by BLASNET_OPENBLAS and nothing else; beside the application; runtimes/&lt;rid&gt;/native below it; the
/// system's names. A build with 64-bit integers would read every argument wrongly and is refused.
/// </remarks>
internal static unsafe class OpenBlasLoader
{
    public const string FileVariable = "BLASNET_OPENBLAS";

    private const string CoreVariable = "OPENBLAS_CORETYPE";

    private static readonly Lazy<OpenBlasLibrary> Loaded = new(LoadOnce);

    // Asked before every product: a field, because the lazy value costs as much as a tenth of a small one.
    private static bool _available;

    static OpenBlasLoader() => NativeLibrary.SetDllImportResolver(typeof(OpenBlasLoader).Assembly, (name, _, _) =>
        name == OpenBlas.Name ? Library.Handle : 0);

    /// <summary>Receives the one notice that OpenBLAS was not found; writes to standard error unless replaced.</summary>
    public static Action<string> Notice { get; set; } = Console.Error.WriteLine;

    /// <summary>The library this process uses; loaded on first use.</summary>
    public static OpenBlasLibrary Library => Loaded.Value;

    /// <summary>Whether OpenBLAS can be called.</summary>
    /// <exception cref="DllNotFoundException">BLASNET_OPENBLAS names a file that cannot be used.</exception>
    public static bool IsAvailable => _available || CheckAvailable();

    /// <summary>Variables of the environment that change what OpenBLAS does, as NAME=value, those that are set.</summary>
    public static IReadOnlyList<string> InfluencingVariables() =>
        [.. Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .Select(entry => (Name: (string)entry.Key, Value: (string?)entry.Value))
            .Where(entry => entry.Name is FileVariable or "GOTO_NUM_THREADS" or "OMP_NUM_THREADS" or "LD_PRELOAD" or "LD_LIBRARY_PATH"
                || entry.Name.StartsWith("OPENBLAS_", StringComparison.Ordinal))
            .OrderBy(entry => entry.Name, StringComparer.Ordinal)
            .Select(entry => $"{entry.Name}={entry.Value}")];

    /// <summary>Looks for the library; pure but for the loading itself, so that tests can look elsewhere.</summary>
    /// <param name="requestedFile">The only file to try, if not null or empty.</param>
    /// <param name="directory">The application's directory.</param>
    /// <param name="systemNames">Names to leave to the system's search.</param>
    public static OpenBlasLibrary Find(string? requestedFile, string directory, IReadOnlyList<string> systemNames)
    {
        bool requested = !string.IsNullOrEmpty(requestedFile);
        IReadOnlyList<string> candidates = requested ? [requestedFile!] : [.. FilesBelow(directory), .. systemNames];
        List<string> refusals = [];

        foreach (string candidate in candidates)
        {
            // The system's search would also try a rooted name with suffixes added; a file that is named must be that file.
            if (Path.IsPathRooted(candidate) && !File.Exists(candidate))
                continue;

            if (!NativeLibrary.TryLoad(candidate, out nint handle))
            {
                if (Path.IsPathRooted(candidate))
                    refusals.Add($"{candidate} is not a library this process can load.");
            }
            else if (Refuse(handle) is { } reason)
            {
                NativeLibrary.Free(handle);
                refusals.Add($"{candidate} {reason}");
            }
            else
            {
                return new OpenBlasLibrary(handle, candidate, Text(handle, "openblas_get_config"), Text(handle, "openblas_get_corename"),
                    candidates, Error: null)
                { RequestedByUser = requested };
            }
        }

        return new OpenBlasLibrary(0, null, null, null, candidates, Describe(requested, candidates, refusals)) { RequestedByUser = requested };
    }

    private static bool CheckAvailable()
    {
        if (!Library.Available && Library.RequestedByUser)
            throw new DllNotFoundException(Library.Error);

        return _available = Library.Available;
    }

    private static OpenBlasLibrary LoadOnce()
    {
        string? requestedFile = Environment.GetEnvironmentVariable(FileVariable);
        string? file = string.IsNullOrEmpty(requestedFile) ? null : Path.GetFullPath(requestedFile);
        OpenBlasLibrary library = Find(file, AppContext.BaseDirectory, SystemNames());

        if (library.BetterCore is { } core && Environment.GetEnvironmentVariable(CoreVariable) is null)
            library = LoadWithCore(core, library, () => Find(file, AppContext.BaseDirectory, SystemNames()));

        if (!library.Available && !library.RequestedByUser)
            Notice($"{library.Error} The managed kernels compute everything meanwhile.");

        return library;
    }

    // OpenBLAS chooses its kernels while it is loaded, so it is unloaded, told, and loaded again. What the user has set stays as it is.
    private static OpenBlasLibrary LoadWithCore(string core, OpenBlasLibrary library, Func<OpenBlasLibrary> load)
    {
        if (!ProcessEnvironment.TrySet(CoreVariable, core))
            return library;

        NativeLibrary.Free(library.Handle);
        return load() with { ReplacedCore = library.CoreName };
    }

    private static string[] FileNames() =>
        OperatingSystem.IsWindows() ? ["libopenblas.dll", "openblas.dll"]
        : OperatingSystem.IsMacOS() ? ["libopenblas.dylib", "libopenblas.0.dylib"]
        : ["libopenblas.so.0", "libopenblas.so"];

    // Homebrew keeps its OpenBLAS out of the linker's path, because the system brings a BLAS of its own.
    private static string[] SystemNames() => OperatingSystem.IsMacOS()
        ? [.. FileNames(), "/opt/homebrew/opt/openblas/lib/libopenblas.dylib", "/usr/local/opt/openblas/lib/libopenblas.dylib"]
        : FileNames();

    private static IEnumerable<string> FilesBelow(string directory) =>
        from folder in new[] { directory, Path.Combine(directory, "runtimes", RuntimeInformation.RuntimeIdentifier, "native") }
        from name in FileNames()
        select Path.Combine(folder, name);

    private static string? Refuse(nint handle)
    {
        if (Text(handle, "openblas_get_config") is not { } config)
            return "is not OpenBLAS: it has no function openblas_get_config.";

        if (config.Contains("USE64BITINT", StringComparison.Ordinal))
            return $"was built with 64-bit integers (USE64BITINT), BlasNet passes 32-bit ones. Its configuration: {config}.";

        return NativeLibrary.TryGetExport(handle, "cblas_sgemm", out _) ? null : "lacks the C interface (cblas_sgemm).";
    }

    private static string? Text(nint handle, string function) =>
        NativeLibrary.TryGetExport(handle, function, out nint address)
            ? Marshal.PtrToStringUTF8(((delegate* unmanaged<nint>)address)())?.Trim()
            : null;

    private static string Describe(bool requested, IReadOnlyList<string> searched, List<string> refusals)
    {
        string reasons = refusals.Count == 0 ? "" : $" {string.Join(" ", refusals)}";

        return requested
            ? $"{FileVariable} names {searched[0]}, which cannot be used.{(reasons.Length > 0 ? reasons : " There is no such file.")} " +
              $"Correct or unset {FileVariable}."
            : $"OpenBLAS for {RuntimeInformation.RuntimeIdentifier} not found. Looked in: {string.Join(", ", searched)}.{reasons} " +
              $"Install it ({InstallHint()}), or set {FileVariable} to its file.";
    }

    private static string InstallHint() =>
        OperatingSystem.IsWindows() ? "unpack libopenblas.dll beside the application"
        : OperatingSystem.IsMacOS() ? "`brew install openblas`"
        : "`apt-get install libopenblas0-pthread`";
}
