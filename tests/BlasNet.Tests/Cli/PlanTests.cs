using System.Text.Json;
using BlasNet.Cli.Benchmarks;
using BlasNet.Cli.CommandLine;
using BlasNet.Cli.Scaling;

namespace BlasNet.Tests.Cli;

[Collection(CommandLineTests.Name)]
public sealed class PlanTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly (TimeSpan WarmUp, TimeSpan Slice) _before = (WarmUp.Least, StepSampler.Slice);

    // Speeds are not looked at here.
    public PlanTests() => (WarmUp.Least, StepSampler.Slice) = (TimeSpan.Zero, TimeSpan.Zero);

    public void Dispose()
    {
        (WarmUp.Least, StepSampler.Slice) = _before;
        _folder.Dispose();
    }

    [Theory]
    [InlineData("mlp")]
    [InlineData("tagger")]
    [InlineData("tagger-char")]
    [InlineData("tree")]
    [InlineData("lm", "--vocabulary", "50")]
    public void A_line_for_each_number_of_ranks_and_a_summary(string model, params string[] own)
    {
        JsonElement[] lines = Plan(model, ["--batch", "8", "--limit", "16", "--ranks", "4,1,2,2", .. own]);

        Assert.Equal([1, 2, 4], lines[..^1].Select(line => line.GetProperty("ranks").GetInt32()));
        Assert.Equal(
            ["ranks", "examples_per_rank", "step_seconds", "compute_seconds", "wait_seconds", "communicate_seconds", "update_seconds", "share_communicate",
            "sent_bytes", "examples_per_second", "speed_up", "efficiency"],
            lines[1].EnumerateObject().Select(part => part.Name));
        Assert.All(lines[..^1], line => Assert.Equal(
            Number(line, "step_seconds"),
            Number(line, "compute_seconds") + Number(line, "wait_seconds") + Number(line, "communicate_seconds") + Number(line, "update_seconds"),
            tolerance: 1e-12));
        Assert.Equal((1.0, 0.0, 0.0), (Number(lines[0], "speed_up"), Number(lines[0], "communicate_seconds"), Number(lines[0], "sent_bytes")));
        Assert.Equal((model, 8, "assumed", 20e-6, 1.25e9, 1), (
            lines[^1].GetProperty("model").GetString(), lines[^1].GetProperty("batch").GetInt32(), lines[^1].GetProperty("network").GetString(),
            Number(lines[^1], "latency_seconds"), Number(lines[^1], "bytes_per_second"), lines[^1].GetProperty("measured_ranks").GetInt32()));
        Assert.False(lines[^1].TryGetProperty("noise_scale", out _));
    }

    // Message, and twice the gradient: 784·512 + 512 + 512·512 + 512 + 10·512 + 10 numbers, padded.
    [Fact]
    public void A_dense_gradient_travels_as_it_is()
    {
        JsonElement[] lines = Plan("mlp", "--batch", "8", "--limit", "16", "--ranks", "2");

        Assert.InRange(Number(lines[^1], "gradient_bytes"), 4 * 669_706, 4 * 669_706 + 1000);
        Assert.InRange(Number(lines[0], "sent_bytes") - Number(lines[^1], "gradient_bytes"), 1, 1000);
    }

    [Theory]
    [InlineData("10Gb", "20us", 1.25e9, 20e-6)]
    [InlineData("400Mb/s", "1.5ms", 50e6, 1.5e-3)]
    [InlineData("1.25GB", "900ns", 1.25e9, 900e-9)]
    [InlineData("0.2Tb", "1s", 25e9, 1)]
    [InlineData("64Kb", "3µs", 8e3, 3e-6)]
    public void Networks_have_the_units_that_vendors_write(string rate, string latency, double bytesPerSecond, double seconds)
    {
        JsonElement summary = Plan("tree", "--batch", "2", "--limit", "2", "--ranks", "1", "--network", rate, "--latency", latency)[^1];

        Assert.Equal(1, Number(summary, "bytes_per_second") / bytesPerSecond, tolerance: 1e-12);
        Assert.Equal(1, Number(summary, "latency_seconds") / seconds, tolerance: 1e-12);
        Assert.Equal("given", summary.GetProperty("network").GetString());
    }

    [Theory]
    [InlineData("--network", "fast")]
    [InlineData("--network", "10")]
    [InlineData("--network", "10gb")]
    [InlineData("--network", "-1Gb")]
    [InlineData("--network", "0Gb")]
    [InlineData("--network", "1e400Gb")]
    [InlineData("--latency", "20")]
    [InlineData("--latency", "20 us")]
    [InlineData("--latency", "0us")]
    [InlineData("--latency", "1.2.3ms")]
    [InlineData("--ranks", "1,0")]
    [InlineData("--ranks", "1,two")]
    [InlineData("--noise-scale", "-3")]
    public void A_value_that_is_none_is_named_with_the_rule(string option, string value)
    {
        CommandResult result = CommandResult.Of("plan", "tree", option, value);

        Assert.Equal((ExitCodes.Usage, ""), (result.ExitCode, result.Output));
        Assert.Contains($"{option} {value.Split(',')[^1]}: must be", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_batch_larger_than_the_data_is_refused()
    {
        CommandResult result = CommandResult.Of("plan", "tree", "--batch", "3", "--data", _folder.Write("trees", "(1 (0 a) (1 b))\n(0 a)\n"));

        Assert.Equal(ExitCodes.Failure, result.ExitCode);
        Assert.Contains("--batch 3: there are only 2 examples;", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void The_noise_scale_brings_the_batch_that_goes_with_each_number_of_ranks()
    {
        JsonElement[] lines = Plan("tree", "--batch", "4", "--limit", "8", "--ranks", "1,3", "--noise-scale", "100");

        Assert.True(lines[1].GetProperty("best_batch").GetInt32() % 3 == 0 && Number(lines[1], "best_batch_speed_up") > 0);
        Assert.Equal(100, Number(lines[^1], "noise_scale"));
    }

    [Fact]
    public void The_screen_has_a_table_and_says_where_ranks_stop_paying()
    {
        CommandResult result = CommandResult.Of("plan", "tree", "--batch", "4", "--limit", "8", "--ranks", "1,2,4", "--network", "1Kb");

        Assert.StartsWith("tree, 4 examples a step, of whose gradient ", result.Lines[0], StringComparison.Ordinal);
        Assert.StartsWith("Network (assumed): 0.001 Mbit/s, 20 us.", result.Lines[1], StringComparison.Ordinal);
        Assert.Equal(
            ["ranks", "examples each", "step ms", "compute", "wait", "communicate", "update", "examples/s", "speed-up", "efficiency"],
            result.Lines[3].Split('|', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains("last that pays", result.Lines[5], StringComparison.Ordinal);
        Assert.Equal("More than 1 ranks stop paying: an added one is worth less than half of one. More than 1 make a step slower.", result.Lines[^1]);
    }

    [Fact]
    public void An_interruption_ends_with_130() =>
        Assert.Equal(ExitCodes.Interrupted, CommandResult.Of(new CancellationToken(canceled: true), "plan", "mlp", "--batch", "1").ExitCode);

    private static double Number(JsonElement line, string name) => line.GetProperty(name).GetDouble();

    private static JsonElement[] Plan(string model, params string[] more) => CommandResult.Of(["plan", model, "--json", .. more]).Json();
}
