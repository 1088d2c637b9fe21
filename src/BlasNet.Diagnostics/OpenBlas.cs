using BlasNet.Native;

namespace BlasNet.Diagnostics;

/// <summary>The OpenBLAS that this process uses.</summary>
public static class OpenBlas
{
    /// <summary>Whether there is one.</summary>
    public static bool IsAvailable => OpenBlasLoader.IsAvailable;

    /// <summary>The processor family whose kernels it runs; null where there is none.</summary>
    public static string? Core => IsAvailable ? OpenBlasLoader.Library.CoreName : null;
}
