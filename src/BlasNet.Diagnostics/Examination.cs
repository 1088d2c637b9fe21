using System.Collections;
using System.Runtime.InteropServices;
using BlasNet.Kernels;
using BlasNet.Mpi;
using BlasNet.Native;

namespace BlasNet.Diagnostics;

/// <summary>Finds out what <c>blasnet doctor</c> reports.</summary>
public static class Examination
{
    private const string CoreVariable = "OPENBLAS_CORETYPE";

    /// <summary>A product that OpenBLAS computes at about its best; measuring it also warms up the managed kernels.</summary>
    private const int PeakSize = 1024, PeakRows = 256;

    /// <param name="version">Of the command.</param>
    /// <param name="threads">For one product.</param>
    public static Report Run(string version, int threads)
    {
        OpenBlasLibrary library = OpenBlasLoader.Library;
        GemmKernels kernels = library.Available ? GemmKernels.Auto : GemmKernels.Packed;
        using ComputeSettings.Scope settings = new ComputeSettings(threads, kernels).Use();
        var processor = new ProcessorReport(Processor.Name, Environment.ProcessorCount, Processor.VectorBits, Processor.Features);
        var openBlas = new OpenBlasReport(library.Available, library.FindFile(), library.Config, library.CoreName, library.Searched, library.Error);
        double openBlasPeak = library.Available ? GemmGrid.Measure([PeakSize], [PeakRows], [threads])[0].OpenBlas : double.NaN;
        CalibrationCache.Measure();
        CrossoverReport[] crossovers = library.Available ? [.. Crossovers(GemmCostModel.Current<float>().Table)] : [];
        FileInfo[] cached = GemmRateCache.Files(CalibrationCache.Folder);
        return new Report(
            version,
            RuntimeInformation.FrameworkDescription,
            $"{RuntimeInformation.OSDescription} ({RuntimeInformation.RuntimeIdentifier})",
            processor,
            openBlas,
            Mpi(),
            [.. OpenBlasLoader.InfluencingVariables(), .. VectorVariables()],
            new CacheReport(CalibrationCache.Folder, cached.Length, cached.Sum(file => file.Length)),
            [.. WarningsFor(library, processor.VectorBits, Environment.GetEnvironmentVariable(CoreVariable))],
            new PeakReport(threads, GemmPeak.Measure(threads), double.IsNaN(openBlasPeak) ? null : openBlasPeak),
            crossovers);
    }

    private static MpiReport Mpi()
    {
        MpiLibrary library = BlasNet.Mpi.Mpi.Library;
        return new MpiReport(library.Interface is not null, library.Interface, library.File, library.Version, library.Launcher, library.Problem);
    }

    /// <param name="library">What was found.</param>
    /// <param name="vectorBits">The processor's.</param>
    /// <param name="requestedCore">The value of OPENBLAS_CORETYPE.</param>
    internal static IEnumerable<string> WarningsFor(OpenBlasLibrary library, int vectorBits, string? requestedCore)
    {
        if (!library.Available)
        {
            yield return library.Error!;
            yield break;
        }

        if (library.ReplacedCore is not null && library.Advice is { } advice)
            yield return advice;

        if (library.CoreName is not { } core || Processor.VectorBitsOf(core) >= vectorBits)
            yield break;

        string low = $"OpenBLAS runs its kernels for {core} ({Processor.VectorBitsOf(core)}-bit vectors), the processor has {vectorBits}-bit vectors.";
        yield return !string.IsNullOrEmpty(requestedCore)
            ? $"{low} {CoreVariable}={requestedCore} asks for that; without it OpenBLAS chooses itself."
            : vectorBits == 512 ? $"{low} It seems to be older than the processor: install a newer one, or set {CoreVariable}=SkylakeX."
            : $"{low} It seems to be older than the processor: install a newer one, or set {CoreVariable}=Haswell.";
    }

    private static IEnumerable<CrossoverReport> Crossovers(GemmRateTable table) =>
        from rate in table.Rates
        group rate by (rate.Kind, rate.Size) into rates
        select new CrossoverReport(NameOf(rates.Key.Kind), rates.Key.Size, [.. rates.Where(rate => rate.OpenBlas > rate.Packed).Select(rate => rate.Rows)]);

    private static string NameOf(GemmKind kind) => kind switch
    {
        GemmKind.Forward => "Y = X·B, packing kept",
        GemmKind.ForwardOnce => "Y = X·B, packing for once",
        GemmKind.Transposed => "dX = dY·Bᵀ, packing kept",
        GemmKind.TransposedOnce => "dX = dY·Bᵀ, packing for once",
        _ => "dB = Xᵀ·dY",
    };

    // They switch instruction sets of the managed kernels on and off.
    private static IEnumerable<string> VectorVariables() =>
        from DictionaryEntry entry in Environment.GetEnvironmentVariables()
        let name = (string)entry.Key
        where name.StartsWith("DOTNET_Enable", StringComparison.OrdinalIgnoreCase) || name.StartsWith("DOTNET_Tiered", StringComparison.OrdinalIgnoreCase)
            || name.Equals("DOTNET_PreferredVectorBitWidth", StringComparison.OrdinalIgnoreCase)
        orderby name
        select $"{name}={entry.Value}";
}
