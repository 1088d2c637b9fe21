using System.Runtime.InteropServices;

namespace BlasNet.Native;

/// <summary>The environment as native libraries see it: .NET keeps a copy of its own, which they never read.</summary>
internal static partial class ProcessEnvironment
{
    /// <summary>Sets a variable for libraries loaded from now on.</summary>
    /// <returns>False where that cannot be done: on Windows, where the C runtime keeps a copy too.</returns>
    public static bool TrySet(string name, string value) => !OperatingSystem.IsWindows() && setenv(name, value, 1) == 0;

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int setenv(string name, string value, int overwrite);
}
