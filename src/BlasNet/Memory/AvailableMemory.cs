using System.Globalization;

namespace BlasNet.Memory;

/// <summary>What the machine, or the container that the process runs in, has: asked before much is allocated, since systems that promise more than
/// they have end the process when it is used.</summary>
internal static class AvailableMemory
{
    /// <summary>In bytes; what other processes use is not known.</summary>
    public static long Bytes => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    /// <exception cref="InsufficientMemoryException">There is less than so many bytes.</exception>
    /// <param name="bytes">Wanted.</param>
    /// <param name="what">The beginning of a sentence that says for what.</param>
    public static void Require(long bytes, FormattableString what)
    {
        if (bytes > Bytes)
            throw new InsufficientMemoryException(string.Create(
                CultureInfo.InvariantCulture, $"{FormattableString.Invariant(what)} {bytes:N0} bytes; there are {Bytes:N0}."));
    }
}
