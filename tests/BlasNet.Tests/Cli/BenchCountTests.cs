using System.Text.Json;
using BlasNet.Cli.Benchmarks;
using BlasNet.Tests.Kernels;

namespace BlasNet.Tests.Cli;

/// <summary>What <c>bench</c> counts: products are those of the whole process, so nothing else runs beside it.</summary>
[Collection(GemmSettings.Name)]
public sealed class BenchCountTests : IDisposable
{
    private readonly TimeSpan _warmUp = WarmUp.Least;

    // Speeds are not looked at here.
    public BenchCountTests() => WarmUp.Least = TimeSpan.Zero;

    // However many passes there were to warm up.
    [Theory, MemberData(nameof(BenchTests.Models), MemberType = typeof(BenchTests))]
    public void Whatever_is_counted_is_the_same_in_every_run(string model) => Assert.Equal(Counts(model), Counts(model));

    public void Dispose() => WarmUp.Least = _warmUp;

    private static string[] Counts(string model)
    {
        JsonElement line = BenchTests.Bench(model, "--batch", "8", "--limit", "40");
        string[] names = ["launches_per_step", "launch_lower_bound", "gemm_calls", "gemv_calls", "copied_bytes", "peak_bytes"];
        return [.. names.Select(name => $"{name} {line.GetProperty(name).GetRawText()}")];
    }
}
