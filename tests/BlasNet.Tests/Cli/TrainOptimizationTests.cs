using System.Text.Json;
using BlasNet.Cli.CommandLine;

namespace BlasNet.Tests.Cli;

/// <summary>The options of all train commands that say what is minimised, how, and with how much memory.</summary>
[Collection(CommandLineTests.Name)]
public sealed class TrainOptimizationTests
{
    [Theory]
    [InlineData("adam", 0.001), InlineData("adamw", 0.001), InlineData("momentum", 0.02), InlineData("nesterov", 0.02)]
    [InlineData("sgd", 0.2), InlineData("adagrad", 0.02), InlineData("rmsprop", 0.001), InlineData("lion", 0.001)]
    public void Every_optimizer_learns_with_its_own_learning_rate(string name, double rate)
    {
        JsonElement summary = Train("--optimizer", name, "--epochs", "10", "--hidden", "64")[^1];

        Assert.Equal((name, rate), (summary.GetProperty("optimizer").GetString(), summary.GetProperty("learning_rate").GetDouble()));
        Assert.True(summary.GetProperty("test_accuracy").GetDouble() > 0.85);
    }

    /// <summary>To four digits over two epochs, however small the passes.</summary>
    [Theory, InlineData("7"), InlineData("100"), InlineData("auto")]
    public void The_compute_batch_changes_no_loss(string computeBatch)
    {
        string[] args = ["--optimizer", "sgd", "--batch", "256", "--epochs", "2", "--compute-batch"];
        double[] expected = Losses(Train([.. args, "256"])), given = Losses(Train([.. args, computeBatch]));

        Assert.All(expected.Zip(given), pair => Assert.Equal(pair.First, pair.Second, 5e-5 * pair.First));
    }

    [Fact]
    public void A_memory_budget_changes_the_passes_and_no_loss()
    {
        string[] args = ["--batch", "1200", "--epochs", "2"];
        JsonElement[] free = Train(args), bound = Train([.. args, "--memory", "3.5MB"]);
        JsonElement summary = bound[^1];

        Assert.All(Losses(free).Zip(Losses(bound)), pair => Assert.Equal(pair.First, pair.Second, 5e-5 * pair.First));
        Assert.Equal((7L << 19, 1200), (summary.GetProperty("memory").GetInt64(), free[^1].GetProperty("largest_pass").GetInt32()));
        Assert.InRange(summary.GetProperty("largest_pass").GetInt32(), 20, 1199);
        Assert.InRange(summary.GetProperty("pass_bytes").GetInt64(), 1 << 20, 7 << 19);
    }

    [Fact]
    public void The_chosen_compute_batch_and_its_memory_are_printed()
    {
        CommandResult result = CommandResult.Of("train", "digits", "--batch", "1200", "--epochs", "1", "--memory", "3.5mb");

        Assert.Matches(@"\nCompute batch: up to \d+ of 1200 examples; passes took \d\.\d of 3\.5 MB\.\n", result.Output);
    }

    [Fact]
    public void A_budget_too_small_for_one_example_is_an_error_with_both_sizes()
    {
        CommandResult result = CommandResult.Of("train", "digits", "--memory", "64KB");

        Assert.Equal(ExitCodes.Failure, result.ExitCode);
        Assert.Matches(@"^Error: --memory: example \d+ needs [\d,]+ bytes for a pass of its own; the memory budget is 65,536 bytes\. .*\n$", result.Error);
    }

    [Theory]
    [InlineData("--memory", "64", "--memory 64: must be a number above 0 with its unit, B, KB, MB or GB, as 64MB.")]
    [InlineData("--memory", "-1MB", "--memory -1MB: must be a number above 0 with its unit, B, KB, MB or GB, as 64MB.")]
    [InlineData("--memory", "0MB", "--memory 0MB: must be a number above 0 with its unit, B, KB, MB or GB, as 64MB.")]
    [InlineData("--compute-batch", "many", "--compute-batch many: must be a whole number from 1 to 1000000.")]
    [InlineData("--schedule", "square", "--schedule square: must be one of constant, step, cosine, linear.")]
    public void Malformed_values_are_named(string option, string value, string expected)
    {
        CommandResult result = CommandResult.Of("train", "digits", $"{option}={value}");

        Assert.Equal(ExitCodes.Usage, result.ExitCode);
        Assert.Contains(expected, result.Error, StringComparison.Ordinal);
    }

    /// <summary>Each acts, and training still learns.</summary>
    [Theory]
    [InlineData("--schedule", "cosine"), InlineData("--schedule", "step"), InlineData("--schedule", "linear"), InlineData("--warm-up", "30")]
    [InlineData("--weight-decay", "0.5"), InlineData("--l1", "0.0001"), InlineData("--l2", "0.01")]
    [InlineData("--clip-norm", "0.5"), InlineData("--clip-value", "0.01"), InlineData("--clip-example-norm", "1")]
    public void Each_option_changes_the_path(string option, string value)
    {
        string[] args = ["--optimizer", "momentum", "--epochs", "6", "--hidden", "32"];
        JsonElement[] plain = Train(args), changed = Train([.. args, option, value]);

        Assert.NotEqual(Losses(plain)[^1], Losses(changed)[^1]);
        Assert.True(changed[^1].GetProperty("test_accuracy").GetDouble() > 0.6);
        Assert.Equal(option is "--l1" or "--l2", changed[^1].TryGetProperty("penalty", out JsonElement penalty) && penalty.GetDouble() > 0);
    }

    /// <summary>The average is tested and saved; training itself goes on from the parameters.</summary>
    [Fact]
    public void The_average_is_what_is_tested()
    {
        string[] args = ["--optimizer", "sgd", "--epochs", "3", "--hidden", "32"];
        JsonElement[] plain = Train(args), averaged = Train([.. args, "--average", "24"]);

        Assert.Equal(Losses(plain), Losses(averaged));
        Assert.Equal(Accuracy(plain[0]), Accuracy(averaged[0]));   // 23 steps
        Assert.NotEqual(Accuracy(plain[1]), Accuracy(averaged[1]));
    }

    [Theory, InlineData("examples", "--workers=2", "--memory=16MB"), InlineData("passes", "--compute-batch=16"), InlineData("passes", "--workers=2")]
    public void The_noise_scale_is_shown_after_each_epoch(string noise, params string[] more)
    {
        string[] args = ["train", "digits", "--epochs", "2", "--hidden", "32", "--noise-scale", noise, .. more];
        double[] scales = [.. CommandResult.Of([.. args, "--json"]).Json().Select(line => line.GetProperty("noise_scale").GetDouble())];

        Assert.All(scales, scale => Assert.InRange(scale, 5, 2000));
        Assert.Equal(2, CommandResult.Of(args).Output.Split('\n').Count(line => line.StartsWith("epoch ", StringComparison.Ordinal) && line.Contains("  noise scale ", StringComparison.Ordinal)));
    }

    private static double Accuracy(JsonElement line) => line.GetProperty("test_accuracy").GetDouble();

    private static JsonElement[] Train(params string[] args)
    {
        CommandResult result = CommandResult.Of(["train", "digits", "--json", .. args]);
        Assert.Equal("", result.Error);
        return result.Json();
    }

    private static double[] Losses(JsonElement[] lines) => [.. lines.Select(line => line.GetProperty("loss").GetDouble())];
}
