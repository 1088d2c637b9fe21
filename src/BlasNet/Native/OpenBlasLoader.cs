using System.Collections;
using System.Runtime.InteropServices;

namespace BlasNet.Native;

/// <summary>Finds, loads and describes OpenBLAS: the one place that knows where it may be.</summary>
/// <remarks>
/// Order: the file named by BLASNET_OPENBLAS and nothing else; the folders of <see cref="OpenBlasPlaces"/>; then the runtime's own search, which
/// knows the packages of scripts and plug-ins and ends with the system's. A library that is cut off, lacks a function, or has 64-bit integers
/// and so would read every argument wrongly, is refused.
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

    /// <summary>The library this process uses; loaded on first use.</summary>
    public static OpenBlasLibrary Library => Loaded.Value;

    /// <summary>Whether OpenBLAS can be called.</summary>
    /// <exception cref="DllNotFoundException">BLASNET_OPENBLAS names a file that cannot be used.</exception>
    public static bool IsAvailable => _available || CheckAvailable();

    /// <summary>Variables of the environment that change what OpenBLAS or BlasNet does, as NAME=value, those that are set.</summary>
    public static IReadOnlyList<string> InfluencingVariables() =>
        [.. Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .Select(entry => (Name: (string)entry.Key, Value: (string?)entry.Value))
            .Where(entry => entry.Name is "GOTO_NUM_THREADS" or "OMP_NUM_THREADS" or "LD_PRELOAD" or "LD_LIBRARY_PATH"
                || entry.Name.StartsWith("OPENBLAS_", StringComparison.Ordinal) || entry.Name.StartsWith("BLASNET_", StringComparison.Ordinal))
            .OrderBy(entry => entry.Name, StringComparer.Ordinal)
            .Select(entry => $"{entry.Name}={entry.Value}")];

    /// <summary>Looks for the library; pure but for the loading itself, so that tests can look elsewhere.</summary>
    /// <param name="requestedFile">The only file to try, if not null or empty.</param>
    /// <param name="folders">Where to look for <see cref="OpenBlasPlaces.FileNames"/> first.</param>
    /// <param name="systemNames">Names to leave to the search of the runtime and of the system.</param>
    public static OpenBlasLibrary Find(string? requestedFile, IReadOnlyList<string> folders, IReadOnlyList<string> systemNames)
    {
        bool requested = !string.IsNullOrEmpty(requestedFile);
        IReadOnlyList<string> candidates = requested
            ? [requestedFile!]
            : [.. from folder in folders from name in OpenBlasPlaces.FileNames select Path.Combine(folder, name), .. systemNames];
        List<string> refusals = [];
        HashSet<string> refusedNames = [];

        foreach (string candidate in candidates)
        {
            if (TryLoad(candidate, refusedNames.Contains(candidate), out nint handle) is { } problem)
            {
                refusals.Add($"{candidate} {problem}");
                refusedNames.Add(Path.GetFileName(candidate));
            }
            else if (handle != 0)
            {
                return new OpenBlasLibrary(handle, candidate, Text(handle, "openblas_get_config"), Text(handle, "openblas_get_corename"),
                    candidates, Error: null)
                { RequestedByUser = requested };
            }
        }

        return new OpenBlasLibrary(0, null, null, null, candidates, Describe(requested, candidates, refusals)) { RequestedByUser = requested };
    }

    /// <param name="candidate">A rooted path, or a name to search for.</param>
    /// <param name="systemOnly">Do not let the runtime search: it would find a file of this name that was refused.</param>
    /// <param name="handle">0 where nothing was loaded.</param>
    /// <returns>Why a candidate that exists cannot be used; null where it can, or where there is none.</returns>
    private static string? TryLoad(string candidate, bool systemOnly, out nint handle)
    {
        handle = 0;
        bool isFile = Path.IsPathRooted(candidate);

        // The system's search would also try a rooted name with suffixes added; a file that is named must be that file.
        if (isFile && !File.Exists(candidate))
            return Directory.Exists(candidate) ? "is a folder; a file is expected." : null;

        string? file = isFile ? candidate : OpenBlasPlaces.FindSystemFile(candidate);
        if (file is not null && FindProblem(file) is { } problem)
            return isFile ? problem : $"is {file}, which {problem}";

        // The runtime's search goes through the packages of a script or a plug-in before it asks the system.
        bool isLoaded = isFile || systemOnly
            ? NativeLibrary.TryLoad(candidate, out handle)
            : NativeLibrary.TryLoad(candidate, typeof(OpenBlasLoader).Assembly, searchPath: null, out handle);
        if (!isLoaded)
            return file is null ? null : "is not a library this process can load, or needs one that is missing.";

        if (Refuse(handle) is not { } reason)
            return null;

        NativeLibrary.Free(handle);
        handle = 0;
        return reason;
    }

    private static string? FindProblem(string file)
    {
        try
        {
            return OperatingSystem.IsLinux() ? ElfFile.FindProblem(file) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"cannot be read: {e.Message}";
        }
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
        OpenBlasLibrary library = Find(file, OpenBlasPlaces.Folders, OpenBlasPlaces.SystemNames);

        if (library.BetterCore is { } core && Environment.GetEnvironmentVariable(CoreVariable) is null)
            library = LoadWithCore(core, library, () => Find(file, OpenBlasPlaces.Folders, OpenBlasPlaces.SystemNames));

        if (!library.Available && !library.RequestedByUser)
            Notices.Add($"{library.Error} The managed kernels compute everything meanwhile.");

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

    private static string? Refuse(nint handle)
    {
        if (Text(handle, "openblas_get_config") is not { } config)
            return "is not OpenBLAS: it has no function openblas_get_config.";

        if (config.Contains("USE64BITINT", StringComparison.Ordinal))
            return $"was built with 64-bit integers (USE64BITINT), BlasNet passes 32-bit ones. Its configuration: {config}.";

        string[] missing = [.. OpenBlas.Functions.Where(function => !NativeLibrary.TryGetExport(handle, function, out _))];
        return missing.Length == 0 ? null : $"lacks functions that BlasNet calls: {string.Join(", ", missing)}.";
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
            : $"OpenBLAS for {OpenBlasPlaces.PortableRid} not found. Looked for {Join(searched.Select(Path.GetFileName))} " +
              $"in: {Join(searched.Select(Path.GetDirectoryName))}, and where the system looks.{reasons} " +
              $"Install it ({InstallHint()}), add the package BlasNet.Native.{OpenBlasPlaces.PortableRid}, or set {FileVariable} to its file.";

        static string Join(IEnumerable<string?> parts) => string.Join(", ", parts.Where(part => !string.IsNullOrEmpty(part)).Distinct());
    }

    private static string InstallHint() =>
        OperatingSystem.IsWindows() ? "unpack libopenblas.dll beside the application"
        : OperatingSystem.IsMacOS() ? "`brew install openblas`"
        : "`apt-get install libopenblas0-pthread`";
}
