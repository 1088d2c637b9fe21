using System.IO.Hashing;
using System.Numerics;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Text;
using BlasNet.Native;

namespace BlasNet.Kernels;

/// <summary>Keeps measured rates in <see cref="CalibrationCache.Folder"/>, one small text file for each machine, OpenBLAS, thread count and type.</summary>
/// <remarks>
/// The first line of a file is the key, everything the rates depend on; the others are those of <see cref="GemmRateTable.ToLines"/>. A file
/// that is missing, damaged or about something else is measured anew; one that cannot be written is done without. A file is written under
/// another name and then renamed, so that processes that start at once read whole files only.
/// </remarks>
internal static class GemmRateCache
{
    /// <summary>Files beyond the newest ones of this number are deleted.</summary>
    public const int MaxFiles = 32;

    /// <summary>Several times what a table takes.</summary>
    private const long MaxBytes = 1 << 17;

    private const string Pattern = "gemm-*.txt*";

    /// <summary>What was measured on this machine, else what travels with the library, else what is measured now.</summary>
    public static GemmRateTable Find<T>(int threads)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        Find(CalibrationCache.Folder, () => Key<T>(threads), GemmShippedRates.For<T>(), GemmCalibration.Measure<T>);

    /// <param name="folder">Where the files are; null to keep none.</param>
    /// <param name="key">Everything the rates depend on, in one line; asked for only where there are files.</param>
    /// <param name="shipped">The rates to use where none were measured; null where there are none for such a processor.</param>
    /// <param name="measure">Makes a table where there is none.</param>
    public static GemmRateTable Find(string? folder, Func<string> key, GemmRateTable? shipped, Func<GemmRateTable> measure)
    {
        if (shipped is null)
            return GetOrMeasure(folder, key(), measure);

        return Directory.Exists(folder) && key() is { } known && Read(FileFor(folder, known), known) is { } measured ? measured : shipped;
    }

    public static GemmRateTable GetOrMeasure<T>(int threads)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        GetOrMeasure(CalibrationCache.Folder, Key<T>(threads), GemmCalibration.Measure<T>);

    /// <param name="folder">Where the files are; null to keep none.</param>
    /// <param name="key">Everything the rates depend on, in one line.</param>
    /// <param name="measure">Makes a table where there is none.</param>
    public static GemmRateTable GetOrMeasure(string? folder, string key, Func<GemmRateTable> measure)
    {
        if (folder is null)
            return measure();

        string file = FileFor(folder, key);
        if (Read(file, key) is { } table)
            return table;

        table = measure();
        Write(file, key, table);
        return table;
    }

    public static string FileFor(string folder, string key) =>
        Path.Combine(folder, $"gemm-{Convert.ToHexStringLower(XxHash3.Hash(Encoding.UTF8.GetBytes(key)))}.txt");

    /// <summary>The cache's files, the newest first; none where the folder is missing or cannot be read.</summary>
    public static FileInfo[] Files(string? folder)
    {
        try
        {
            return folder is not null && Directory.Exists(folder)
                ? [.. new DirectoryInfo(folder).EnumerateFiles(Pattern).OrderByDescending(file => file.LastWriteTimeUtc)]
                : [];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
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
            // A pipe has no length: opening it would wait for somebody to write.
            return new FileInfo(file) is { Exists: true, Length: > 0 and <= MaxBytes }
                && File.ReadAllLines(file) is [string first, .. string[] rates] && first == key ? GemmRateTable.Parse(rates) : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    // A cache that cannot be written costs a third of a second at the next start, not more.
    private static void Write(string file, string key, GemmRateTable table)
    {
        string folder = Path.GetDirectoryName(file)!, temporary = $"{file}.{Path.GetRandomFileName()}";
        try
        {
            Directory.CreateDirectory(folder);
            File.WriteAllLines(temporary, [key, .. table.ToLines()]);
            File.Move(temporary, file, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            TryDelete(temporary);
        }

        foreach (FileInfo old in Files(folder).Skip(MaxFiles))
            TryDelete(old.FullName);
    }

    private static void TryDelete(string file)
    {
        try
        {
            File.Delete(file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Another process deletes it too, or the next one will.
        }
    }
}
