using System.Globalization;
using BlasNet.Diagnostics;

namespace BlasNet.Cli.Diagnosis;

/// <summary>A report for people to read.</summary>
internal static class ReportPrinter
{
    private const int NameWidth = 16;

    public static void Print(Report report, TextWriter output)
    {
        Write("BlasNet", report.Version);
        Write("Runtime", report.Runtime);
        Write("System", report.OperatingSystem);
        Write("Processor", $"{report.Processor.Name}, {report.Processor.Count} logical processors");
        Write("Vectors", $"{report.Processor.VectorBits} bits: {string.Join(", ", report.Processor.Features)}");
        if (report.Openblas.Found)
        {
            Write("OpenBLAS", report.Openblas.File!);
            Write("  configuration", report.Openblas.Configuration!);
            Write("  core", report.Openblas.Core!);
        }
        else
        {
            Write("OpenBLAS", "not found; the managed kernels compute every product");
        }

        Write("  looked in", string.Join(", ", report.Openblas.Searched));
        Write("MPI", report.Mpi.Found
            ? $"{report.Mpi.Interface}: {report.Mpi.File} ({report.Mpi.Version})"
            : "not found; only training on several machines needs it");
        if (report.Mpi.Launcher is { } launcher)
            Write("  started by", launcher);

        Write("Variables", report.Variables.Count == 0 ? "none that matter" : string.Join(", ", report.Variables));
        Write("Measured rates", report.Cache.Folder is { } folder
            ? string.Create(CultureInfo.InvariantCulture, $"{folder} ({report.Cache.Files} files, {report.Cache.Bytes:N0} bytes; BLASNET_CACHE=off keeps none)")
            : "not kept from one process to the next");
        Write("Peak, float32", string.Create(CultureInfo.InvariantCulture, $"packed {report.Peak.PackedGflops:F1} GFLOP/s") + OpenBlasPeak(report.Peak)
            + $", with {report.Peak.Threads} of {report.Processor.Count} threads");
        WriteCrossover(report.Crossover, output);
        foreach (string warning in report.Warnings)
            Write("Warning", warning);

        void Write(string name, string value) => output.WriteLine($"{name.PadRight(NameWidth)}{value}");
    }

    private static string OpenBlasPeak(PeakReport peak) =>
        peak.OpenblasGflops is { } rate ? string.Create(CultureInfo.InvariantCulture, $", OpenBLAS {rate:F1} GFLOP/s") : "";

    private static void WriteCrossover(IReadOnlyList<CrossoverReport> crossover, TextWriter output)
    {
        if (crossover.Count == 0)
            return;

        output.WriteLine("Products that go to OpenBLAS, by size of the weights and rows of the stack; all others go to the packed kernels");
        foreach (IGrouping<string, CrossoverReport> product in crossover.GroupBy(line => line.Product))
        {
            IEnumerable<string> sizes = product.Where(line => line.OpenblasRows.Count > 0).Select(line => $"{line.Size}: {string.Join(' ', line.OpenblasRows)}");
            string list = string.Join("; ", sizes);
            output.WriteLine($"  {product.Key,-30}{(list.Length == 0 ? "none" : list)}");
        }
    }
}
