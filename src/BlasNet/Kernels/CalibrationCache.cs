using BlasNet.Kernels;
using BlasNet.Native;

namespace BlasNet;

/// <summary>Where the measured speeds of matrix products are kept, so that a process finds what an earlier one measured.</summary>
/// <remarks>
/// Which kernel is faster for a shape, OpenBLAS's or BlasNet's own, follows from speeds that travel with the library, by the width of the
/// processor's vectors. <see cref="Measure"/>, which <c>blasnet doctor</c> calls, measures this machine's own; processes that start later find
/// and prefer them. A processor of which none travel is measured at the first product. The result is a text file of about 15 KB, whose first
/// line names what it depends on: BlasNet's version, element type, threads, vector width, processor, and OpenBLAS's core and configuration.
/// Where one of them differs another file is used. There is nothing else in the folder; the newest 32 files stay. The folder may be deleted at
/// any time. A damaged file counts as none, and a folder that cannot be written to is done without. Without OpenBLAS nothing is measured and no
/// file is written.
/// </remarks>
public static class CalibrationCache
{
    private const string Variable = "BLASNET_CACHE", Off = "off";

    private static string? _folder = FolderOf(Environment.GetEnvironmentVariable);

    /// <summary>The folder, which is made when it is needed; null to keep nothing. It counts for what is measured after it was set.</summary>
    /// <value>
    /// At first what the environment variable BLASNET_CACHE says, a folder or <c>off</c>; without it, <c>blasnet</c> in XDG_CACHE_HOME,
    /// %LOCALAPPDATA% or ~/.cache; null where there is no home.
    /// </value>
    /// <exception cref="ArgumentException">An empty path, or one with characters that no path has.</exception>
    public static string? Folder
    {
        get => _folder;
        set
        {
            if (value is not null)
                ArgumentException.ThrowIfNullOrWhiteSpace(value);

            _folder = value is null ? null : Path.GetFullPath(value);
        }
    }

    /// <summary>Measures this machine's products, for float and double and the present number of threads, a third of a second each, unless
    /// <see cref="Folder"/> has that already. This process uses the result from now on.</summary>
    /// <remarks>Another choice of kernels rounds differently: measure before a training, not between a checkpoint and its continuation.
    /// </remarks>
    public static void Measure()
    {
        if (!OpenBlasLoader.IsAvailable)
            return;

        GemmCostModel.Use<float>(GemmRateCache.GetOrMeasure<float>(ComputeThreads.Count));
        GemmCostModel.Use<double>(GemmRateCache.GetOrMeasure<double>(ComputeThreads.Count));
    }

    /// <param name="variable">The value of a variable of the environment; null where it is not set.</param>
    internal static string? FolderOf(Func<string, string?> variable)
    {
        if (variable(Variable) is { } requested && !string.IsNullOrWhiteSpace(requested))
            return requested.Equals(Off, StringComparison.OrdinalIgnoreCase) ? null : Path.GetFullPath(requested);

        // Relative ones are invalid: XDG Base Directory Specification. Without a home the path would be relative too.
        string? caches = variable("XDG_CACHE_HOME");
        if (!Path.IsPathFullyQualified(caches ?? ""))
            caches = OperatingSystem.IsWindows() ? variable("LOCALAPPDATA") : Path.Combine(variable("HOME") ?? "", ".cache");

        return Path.IsPathFullyQualified(caches ?? "") ? Path.Combine(caches!, "blasnet") : null;
    }
}
