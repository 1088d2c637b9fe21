using System.Diagnostics;
using System.Runtime.Intrinsics;

namespace BlasNet.Native;

/// <summary>What came of looking for OpenBLAS.</summary>
/// <param name="Handle">The loaded library; zero when there is none.</param>
/// <param name="Location">The file or name that loaded; null when none did.</param>
/// <param name="Config">The library's own description of its build.</param>
/// <param name="CoreName">The processor family whose kernels it runs.</param>
/// <param name="Searched">Every file and name tried, in order.</param>
/// <param name="Error">Why there is no library, in full; null when there is one.</param>
internal sealed record OpenBlasLibrary(
    nint Handle, string? Location, string? Config, string? CoreName, IReadOnlyList<string> Searched, string? Error)
{
    /// <summary>The user named a file in <see cref="OpenBlasLoader.FileVariable"/>: then a failure is an error, not a reason to go on without.</summary>
    public bool RequestedByUser { get; init; }

    public bool Available => Handle != 0;

    /// <summary>The core that the library detected by itself, where BlasNet had it use <see cref="CoreName"/> instead; else null.</summary>
    public string? ReplacedCore { get; init; }

    /// <summary>The core to ask for where the library runs kernels far below what the processor can; else null.</summary>
    /// <remarks>
    /// An OpenBLAS older than the processor does not know it and falls back to kernels of 2004: 0.3.21 on an Emerald Rapids ran Prescott's at
    /// 32 instead of 140 GFLOP/s.
    /// </remarks>
    public string? BetterCore => CoreName is "Prescott" or "Core2" or "Generic" && Vector256.IsHardwareAccelerated
        ? Vector512.IsHardwareAccelerated ? "SkylakeX" : "Haswell"
        : null;

    /// <summary>What the user should know about the choice of kernels; null where there is nothing to say.</summary>
    public string? Advice =>
        ReplacedCore is not null && BetterCore is null
            ? $"OpenBLAS does not know this processor and would have run its {ReplacedCore} kernels; BlasNet has it run {CoreName}. " +
              "Set OPENBLAS_CORETYPE to choose otherwise."
        : BetterCore is not null
            ? $"OpenBLAS runs its {CoreName} kernels, far below what this processor can. Use a newer OpenBLAS, or set " +
              $"OPENBLAS_CORETYPE={BetterCore} before starting."
        : null;

    /// <summary>The file that was mapped for a name the system resolved; <see cref="Location"/> where that cannot be found out.</summary>
    public string? FindFile()
    {
        if (Location is null || Path.IsPathRooted(Location))
            return Location;

        using var process = Process.GetCurrentProcess();

        return process.Modules.Cast<ProcessModule>()
            .Select(module => module.FileName)
            .FirstOrDefault(file => Path.GetFileName(file).Contains("openblas", StringComparison.OrdinalIgnoreCase)) ?? Location;
    }
}
