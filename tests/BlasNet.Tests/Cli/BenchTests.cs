using System.Text.Json;
using BlasNet.Cli.Benchmarks;
using BlasNet.Cli.CommandLine;
using BlasNet.Native;

namespace BlasNet.Tests.Cli;

[Collection(CommandLineTests.Name)]
public sealed class BenchTests
{
    [Fact]
    public void A_workload_prints_the_agreed_names()
    {
        JsonElement line = Assert.Single(CommandResult.Of("bench", "mlp", "--batch", "16", "--seconds", "1", "--json").Json());

        Assert.All(
            ["examples_per_second", "model_flop_utilisation", "peak_gflops", "managed_bytes_per_step", "peak_bytes", "first_pass_loss"],
            name => Assert.True(double.IsFinite(line.GetProperty(name).GetDouble())));
        Assert.Equal((1, 16, "on"), (line.GetProperty("threads").GetInt32(), line.GetProperty("batch").GetInt32(), line.GetProperty("batching").GetString()));
        Assert.Equal((8, 0, 0), (line.GetProperty("gemm_calls").GetInt32(), line.GetProperty("gemv_calls").GetInt32(), line.GetProperty("copied_bytes").GetInt32()));
        Assert.InRange(line.GetProperty("launch_lower_bound").GetInt32(), 1, line.GetProperty("launches").GetInt32());
        Assert.InRange(line.GetProperty("model_flop_utilisation").GetDouble(), 1e-6, 1.1);
        Assert.Equal(1, line.GetProperty("share").EnumerateObject().Sum(part => part.Value.GetDouble()), tolerance: 1e-9);
        Assert.Equal(
            ["build", "batch", "differentiate", "plan", "kernels", "copies", "update"], line.GetProperty("share").EnumerateObject().Select(part => part.Name));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Flops_are_counted_from_the_plan(bool batching)
    {
        using Workload workload = MlpWorkload.Create(new WorkloadOptions(Batch: 4, batching, Seed: 1));
        workload.Step();

        // Forward and weight gradients of three layers, and what the two hidden layers pass back; nothing for the pixels.
        const long Weights = 784 * 512 + 512 * 512 + 512 * 10, Passed = 512 * 512 + 512 * 10;
        Assert.Equal(4 * 2 * (2 * Weights + Passed), WorkloadTimer.FlopsOf(workload.Plan));
    }

    [Fact]
    public void A_step_allocates_nothing_once_all_arrays_have_grown()
    {
        using Workload workload = MlpWorkload.Create(new WorkloadOptions(Batch: 100, Batching: true, Seed: 1));
        for (int step = 0; step < 10; step++)
            workload.Step();

        long before = GC.GetAllocatedBytesForCurrentThread();
        workload.Step();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Batching_reaches_nearly_the_fewest_launches()
    {
        using Workload workload = MlpWorkload.Create(new WorkloadOptions(Batch: 8, Batching: true, Seed: 1));
        workload.Step();
        int bound = LaunchLowerBound.OfStep(workload.NewMinibatch(), workload.Model.Parameters);

        Assert.InRange(workload.Plan.StepCount, bound, 2 * bound);
    }

    [Fact]
    public void The_grid_has_a_line_for_each_point_and_a_peak()
    {
        JsonElement[] lines = CommandResult.Of("bench", "gemm", "--sizes", "32,64", "--batches", "1,3", "--json").Json();

        Assert.Equal([(32, 1), (32, 3), (64, 1), (64, 3)], lines[..^1].Select(line => (line.GetProperty("h").GetInt32(), line.GetProperty("batch").GetInt32())));
        Assert.All(lines[..^1], line => Assert.True(line.GetProperty("packed").GetDouble() > 0 && line.GetProperty("chosen").GetDouble() > 0));
        Assert.All(lines[..^1], line => Assert.Equal(OpenBlasLoader.IsAvailable, line.TryGetProperty("gemv", out _) && line.TryGetProperty("openblas", out _)));
        Assert.True(lines[^1].GetProperty("peak_gflops").GetDouble() > 0);
    }

    [Fact]
    public void An_interruption_ends_with_130()
    {
        CommandResult result = CommandResult.Of(new CancellationToken(canceled: true), "bench", "mlp", "--batch", "1", "--json");

        Assert.Equal((ExitCodes.Interrupted, "", "Interrupted.\n"), (result.ExitCode, result.Output, result.Error));
    }
}
