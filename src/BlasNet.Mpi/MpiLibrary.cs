using System.Runtime.InteropServices;
using System.Text;

namespace BlasNet.Mpi;

/// <summary>The MPI library of this machine, or why there is none.</summary>
/// <remarks>Looked for is the file that BLASNET_MPI names and nothing else; else the library that fits what started the process, under the names that MPI 5's
/// interface, Open MPI, MPICH and those compatible with it have.</remarks>
public sealed class MpiLibrary
{
    /// <summary>The variable of the environment that names the library's file, or is <c>off</c>.</summary>
    public const string FileVariable = "BLASNET_MPI";

    private static readonly string[] StandardNames = ["libmpi_abi.so.0", "libmpi_abi.so"], OpenMpiNames = ["libmpi.so.40", "libmpi.so.80"],
        MpichNames = ["libmpi.so.12", "libmpich.so.12"], OtherNames = ["libmpi.dylib", "libmpi_abi.dylib"];

    private MpiLibrary()
    {
    }

    /// <summary>The interface that it has: MPICH, Open MPI or MPI 5; null where there is no library.</summary>
    public string? Interface => Binary?.Name;

    /// <summary>As it was loaded: a name for the system's search, or a file.</summary>
    public string? File { get; private init; }

    /// <summary>The first line of its own description.</summary>
    public string? Version { get; private init; }

    /// <summary>What started this process as one of several; null where it was started alone.</summary>
    public string? Launcher { get; private init; }

    /// <summary>Why there is none; null where there is one.</summary>
    public string? Problem { get; private init; }

    internal MpiInterface? Binary { get; private init; }

    internal MpiFunctions? Functions { get; private init; }

    /// <summary>Looks for a library and loads it; starts nothing.</summary>
    public static MpiLibrary Find() => Find(Environment.GetEnvironmentVariable);

    /// <param name="variable">The value of a variable of the environment; null where it is not set.</param>
    internal static MpiLibrary Find(Func<string, string?> variable)
    {
        MpiLauncher? launcher = MpiLauncher.Find(variable);
        string? requested = variable(FileVariable);
        string[] names = !string.IsNullOrEmpty(requested) ? [requested] : launcher?.IsOpenMpi switch
        {
            true => [.. StandardNames, .. OpenMpiNames],
            false => [.. StandardNames, .. MpichNames],
            null => [.. StandardNames, .. OpenMpiNames, .. MpichNames, .. OtherNames],
        };
        List<string> refusals = [];
        foreach (string name in names)
        {
            if (!NativeLibrary.TryLoad(name, out nint handle))
                continue;

            if (Array.Find(MpiFunctions.Names, function => !NativeLibrary.TryGetExport(handle, function, out _)) is { } missing)
            {
                refusals.Add($" {name} is not a library of MPI: it has no {missing}.");
                continue;
            }

            var functions = new MpiFunctions(handle);
            return new MpiLibrary
            {
                File = name,
                Binary = MpiInterface.Of(handle, name),
                Functions = functions,
                Version = VersionOf(functions),
                Launcher = launcher?.Name,
            };
        }

        return new MpiLibrary { Launcher = launcher?.Name, Problem = Describe(launcher, requested, names, string.Concat(refusals)) };
    }

    private static string Describe(MpiLauncher? launcher, string? requested, string[] names, string refusals)
    {
        if (!string.IsNullOrEmpty(requested))
            return $"{FileVariable}={requested}: no library of MPI can be loaded from there.{refusals}";

        string package = launcher?.IsOpenMpi == true ? "libopenmpi3" : "mpich";
        string started = launcher is null ? "" : $" It must be of the same MPI as {launcher.Name}, which started this process.";
        return $"No library of MPI found. Looked for {string.Join(", ", names)}.{refusals}{started} "
            + $"Install it (Debian, Ubuntu: apt-get install {package}), or set {FileVariable} to its file.";
    }

    private static unsafe string VersionOf(MpiFunctions functions)
    {
        byte* text = stackalloc byte[8192];   // MPI_MAX_LIBRARY_VERSION_STRING of MPICH; others have less
        int length = 0;
        functions.GetLibraryVersion(text, &length);
        string version = Encoding.UTF8.GetString(text, Math.Clamp(length, 0, 8192)).Trim('\0', ' ', '\n');
        return string.Join(' ', version.Split('\n')[0].Split(default(char[]), StringSplitOptions.RemoveEmptyEntries));
    }
}
