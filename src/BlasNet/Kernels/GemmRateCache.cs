using System.Numerics;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Security.Cryptography;
using System.Text;
using BlasNet.Native;

namespace BlasNet.Kernels;

/// <summary>Keeps measured rates in the user's cache directory, one small text file for each machine, OpenBLAS, thread count and type.</summary>
/// <remarks>A file that is missing, damaged or about something else is measured anew; one that cannot be written is done without.</remarks>
internal static class GemmRateCache
{
    public static GemmRateTable GetOrMeasure<T>(int threads)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        GetOrMeasure(Directory(), Key<T>(threads), GemmCalibration.Measure<T>);

    /// <param name="directory">Where the files are.</param>
    /// <param name="key">Everything the rates depend on, in one line.</param>
    /// <param name="measure">Makes a table where there is none.</param>
    public static GemmRateTable GetOrMeasure(string directory, string key, Func<GemmRateTable> measure)
    {
        string file = FileFor(directory, key);

        if (Read(file, key) is { } table)
            return table;

        table = measure();
        Write(file, key, table);

        return table;
    }

    public static string FileFor(string directory, string key) =>
        Path.Combine(directory, $"gemm-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)).AsSpan(0, 8))}.txt");

    private static string Directory()
    {
        string? cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");

        if (string.IsNullOrEmpty(cache))
        {
            cache = OperatingSystem.IsWindows()
                ? Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData)
                : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        }

        return Path.Combine(cache, "blasnet");
    }

    private static string Key<T>(int threads)
        where T : unmanaged
    {
        OpenBlasLibrary library = OpenBlasLoader.Library;
        string? version = typeof(GemmRateCache).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion;

        return $"BlasNet {version}; {typeof(T).Name}; {threads} threads; panels of {GemmPacked<T>.Widest.PanelWidth}; " +
            $"{ProcessorName()}; {library.CoreName}; {library.Config}";
    }

    /// <summary>The processor's own name where it can be asked.</summary>
    internal static string ProcessorName()
    {
        if (!X86Base.IsSupported || (uint)X86Base.CpuId(unchecked((int)0x80000000), 0).Eax < 0x80000004)
            return Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER") ?? RuntimeInformation.ProcessArchitecture.ToString();

        Span<int> name = stackalloc int[12];

        for (int i = 0; i < 3; i++)
            (name[4 * i], name[(4 * i) + 1], name[(4 * i) + 2], name[(4 * i) + 3]) = X86Base.CpuId(unchecked((int)(0x80000002 + i)), 0);

        return Encoding.ASCII.GetString(MemoryMarshal.AsBytes(name)).Trim('\0', ' ');
    }

    private static GemmRateTable? Read(string file, string key)
    {
        try
        {
            return File.ReadAllLines(file) is [string first, .. string[] rates] && first == key ? GemmRateTable.Parse(rates) : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static void Write(string file, string key, GemmRateTable table)
    {
        string temporary = $"{file}.{Environment.ProcessId}";

        try
        {
            System.IO.Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllLines(temporary, [key, .. table.ToLines()]);
            File.Move(temporary, file, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A cache that cannot be written costs a quarter of a second at the next start, not more.
        }
    }
}
