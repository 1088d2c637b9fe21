using System.Text.Json;
using BlasNet.Diagnostics;
using BlasNet.Native;

namespace BlasNet.Tests.Cli;

[Collection(CommandLineTests.Name)]
public sealed class DoctorTests
{
    [Fact]
    public void Json_tells_what_was_found()
    {
        JsonElement report = Assert.Single(CommandResult.Of("doctor", "--json").Json());

        Assert.Equal(OpenBlasLoader.IsAvailable, report.GetProperty("openblas").GetProperty("found").GetBoolean());
        Assert.NotEmpty(report.GetProperty("openblas").GetProperty("searched").EnumerateArray());
        JsonElement mpi = report.GetProperty("mpi");
        Assert.Equal(mpi.GetProperty("found").GetBoolean(), !mpi.TryGetProperty("problem", out _));
        Assert.Equal(Environment.ProcessorCount, report.GetProperty("processor").GetProperty("count").GetInt32());
        Assert.True(report.GetProperty("cache").GetProperty("files").GetInt32() >= 0);
        Assert.True(report.GetProperty("peak").GetProperty("packed_gflops").GetDouble() > 0);
        Assert.Equal(OpenBlasLoader.IsAvailable, report.GetProperty("crossover").GetArrayLength() > 0);
    }

    [Fact]
    public void Text_names_every_part()
    {
        CommandResult result = CommandResult.Of("doctor");

        Assert.All(
            ["BlasNet", "Runtime", "Processor", "Vectors", "OpenBLAS", "  looked in", "MPI", "Variables", "Measured rates", "Peak, float32"],
            name => Assert.Contains(result.Lines, line => line.StartsWith(name, StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("SkylakeX", 512, null, null)]
    [InlineData("Haswell", 256, null, null)]
    [InlineData("Prescott", 128, null, null)]
    [InlineData("Haswell", 512, "Haswell", "OPENBLAS_CORETYPE=Haswell asks for that")]
    [InlineData("Prescott", 512, null, "set OPENBLAS_CORETYPE=SkylakeX")]
    [InlineData("Prescott", 256, "", "set OPENBLAS_CORETYPE=Haswell")]
    public void A_core_below_the_processor_is_warned_of(string core, int vectorBits, string? requested, string? expected)
    {
        var library = new OpenBlasLibrary(Handle: 1, "libopenblas.so.0", "OpenBLAS", core, [], Error: null);
        string warnings = string.Join('\n', Examination.WarningsFor(library, vectorBits, requested));

        Assert.Equal(expected is not null, warnings.Length > 0);
        Assert.Contains(expected ?? "", warnings, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_library_is_warned_of() =>
        Assert.Equal(["not found"], Examination.WarningsFor(new OpenBlasLibrary(0, null, null, null, [], Error: "not found"), 256, null));
}
