using System.Text.Json;
using BlasNet.Cli.CommandLine;
using BlasNet.Cli.Recognition;
using BlasNet.Datasets;
using BlasNet.Tests.Kernels;
using BlasNet.Training;

namespace BlasNet.Tests.Cli;

[Collection(GemmSettings.Name)]
public sealed class TrainDigitsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    /// <summary>Before any of it is allocated: nearly a terabyte, with a gradient for each worker.</summary>
    [Theory]
    [InlineData("30000,30000", "W2 [30000 × 30000]: 901,950,000 parameters, with their gradients and the optimizer's state, would take 934,420,200,000 bytes; there are ")]
    [InlineData("60000,60000", "W2 [60000 × 60000]: a model has at most 1,000,000,000 numbers where an optimizer keeps 2 for each.")]
    public void A_network_too_large_for_the_machine_is_refused(string hidden, string error)
    {
        CommandResult result = CommandResult.Of("train", "digits", "--hidden", hidden, "--workers", "256");

        Assert.Equal(ExitCodes.Failure, result.ExitCode);
        Assert.StartsWith($"Error: The network is too large. {error}", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Json_is_one_object_a_line_and_a_summary_at_the_end()
    {
        CommandResult result = Train("--epochs", "2", "--hidden", "32", "--batch", "64", "--learning-rate", "0.01");
        JsonElement[] lines = result.Json();

        Assert.Equal(3, lines.Length);
        Assert.Equal("", result.Error);
        Assert.Equal([1, 2], lines[..2].Select(line => line.GetProperty("epoch").GetInt32()));
        Assert.Equal([23, 46], lines[..2].Select(line => line.GetProperty("step").GetInt32()));
        Assert.All(lines[..2], line => Assert.True(line.GetProperty("loss").GetDouble() > 0));
        JsonElement summary = lines[^1];
        Assert.True(summary.GetProperty("test_accuracy").GetDouble() > 0.7);
        Assert.True(summary.GetProperty("examples_per_second").GetDouble() > 0);
        Assert.True(summary.GetProperty("seconds").GetDouble() > 0);
        Assert.Equal(64 * 32 + 32 + 32 * 10 + 10, summary.GetProperty("parameters").GetInt32());
        Assert.Equal((1437, 360), (summary.GetProperty("train_examples").GetInt32(), summary.GetProperty("test_examples").GetInt32()));
        Assert.Equal(("adam", 64, 0, 1), (
            summary.GetProperty("optimizer").GetString(), summary.GetProperty("batch").GetInt32(),
            summary.GetProperty("compute_batch").GetInt32(), summary.GetProperty("threads").GetInt32()));
    }

    [Fact]
    public void Batching_turns_gemv_into_gemm_and_changes_no_loss()
    {
        JsonElement[] on = Train("--epochs", "3", "--hidden", "32").Json(), off = Train("--epochs", "3", "--hidden", "32", "--batching", "off").Json();

        AssertSameLosses(on, off);
        // Two layers: two products forward, two for the weights, one for the hidden layer; in each of 23 steps, or for each of 1,437 examples.
        Assert.Equal((3 * 23 * 5, 0), (Number(on[^1], "gemm_calls"), Number(on[^1], "gemv_calls")));
        Assert.Equal((0, 3 * 1437 * 5), (Number(off[^1], "gemm_calls"), Number(off[^1], "gemv_calls")));
    }

    [Theory]
    [InlineData("adam")]
    [InlineData("momentum")]
    [InlineData("sgd")]
    public void The_compute_batch_changes_no_loss(string optimizer)
    {
        string[] args = ["--epochs", "2", "--hidden", "32", "--batch", "256", "--optimizer", optimizer];

        AssertSameLosses(Train([.. args, "--compute-batch", "7"]).Json(), Train([.. args, "--compute-batch", "256"]).Json());
    }

    [Fact]
    public void The_managed_kernels_give_the_same_losses() =>
        AssertSameLosses(Train("--epochs", "2", "--hidden", "32", "--gemm", "packed").Json(), Train("--epochs", "2", "--hidden", "32").Json());

    [Fact]
    public void The_seed_decides_everything()
    {
        double[] LossesOf(string seed) => Losses(Train("--epochs", "1", "--hidden", "16", "--gemm", "packed", "--seed", seed).Json());

        Assert.Equal(LossesOf("-7"), LossesOf("-7"));
        Assert.NotEqual(LossesOf("-7"), LossesOf("8"));
    }

    [Fact]
    public void The_limit_takes_the_first_examples()
    {
        JsonElement summary = Train("--epochs", "1", "--hidden", "16", "--limit", "100").Json()[^1];

        Assert.Equal((80, 20), (Number(summary, "train_examples"), Number(summary, "test_examples")));
    }

    [Fact]
    public void The_trained_model_is_saved_and_can_be_loaded()
    {
        string file = _folder.File("digits.safetensors");

        Assert.Equal(file, Train("--epochs", "1", "--hidden", "16", "--save", file).Json()[^1].GetProperty("saved").GetString());
        using var model = new Model(seed: 99);
        _ = new DigitClassifier(model, Digits.Pixels, [16]);
        double[] before = model.ValuesOf(model["W1"]);
        model.Load(file);
        Assert.NotEqual(before, model.ValuesOf(model["W1"]));
    }

    [Theory]
    [InlineData("emnist", 27)]
    [InlineData("qmnist", 10)]
    public void The_network_has_as_many_outputs_as_the_data_has_classes(string name, int classes)
    {
        string corpus = Path.Combine(AppContext.BaseDirectory, "Corpus"), file = _folder.File("saved.safetensors");
        JsonElement summary = Train(
            "--data", Path.Combine(corpus, "idx-images", name), "--labels", Path.Combine(corpus, "idx-labels", name), "--limit", "5",
            "--epochs", "1", "--hidden", "4", "--save", file).Json()[^1];

        Assert.Equal(classes, Number(summary.GetProperty("sizes"), "classes"));
        using var model = new Model();
        _ = new DigitClassifier(model, pixels: 16, [4], classes);
        model.Load(file);
        using var other = new Model();
        _ = new DigitClassifier(other, pixels: 16, [4], classes + 1);
        Assert.EndsWith($"tensor W F32 [{classes}, 4] does not fit the parameter W [{classes + 1} × 4]", Assert.Throws<SafetensorsException>(() => other.Load(file)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_checkpoint_of_another_number_of_classes_is_refused()
    {
        string checkpoints = _folder.File("checkpoints");
        CommandResult On(string text, params string[] more) =>
            Train(["--data", _folder.Write("digits.csv", text), "--epochs", "1", "--hidden", "4", "--checkpoint", checkpoints, .. more]);
        Assert.Equal(ExitCodes.Success, On("0,1,0\n1,0,1\n0,0,2\n").ExitCode);
        CommandResult other = On("0,1,0\n1,0,1\n0,0,3\n", "--resume");

        Assert.Equal(ExitCodes.Failure, other.ExitCode);
        Assert.EndsWith("does not fit the model: tensor W F32 [3, 4] does not fit the parameter W [4 × 4]; this network has pixels 2, classes 4.\n", other.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("3,0,1\n0,1,0\n1,1,1\n", "--label-column", "first")]
    [InlineData("1,0,label\n0,1,3\n1,0,0\n1,1,1\n", "--csv-header")]
    [InlineData("label,0,1\n3,0,1\n0,1,0\n1,1,1\n", "--csv-header")]
    public void Comma_separated_rows_are_read_as_options_say(string text, params string[] options) =>
        Assert.Equal(4, Number(Train(["--data", _folder.Write("d.csv", text), "--epochs", "1", "--hidden", "4", .. options]).Json()[^1].GetProperty("sizes"), "classes"));

    [Theory]
    [InlineData("0,16,3\n1,2\n", "{0}:2: 3 columns expected as in the first row, got 2")]
    [InlineData("0,16,3\n1,2,65536\n", "{0}:2: column 3: label 65536 is not one of 0…65535")]
    [InlineData("0,16,3\n1,x,1\n", "{0}:2: column 2: 'x' is not a number")]
    [InlineData("0,16,3\n", "{0}: one digit only; two at least are needed, one to train with and one to test with.")]
    [InlineData("", "{0}: has no rows; rows of pixels and a label are expected")]
    public void A_malformed_file_is_named_with_line_and_rule(string text, string expected) => AssertFails(_folder.Write("digits.csv", text), expected);

    [Fact]
    public void Truncated_gzip_is_an_error()
    {
        byte[] zipped = TemporaryFolder.Gzip("0,16,3\n5,2,4\n7,8,9\n"u8);

        AssertFails(_folder.Write("digits.csv.gz", zipped.AsSpan(0, zipped.Length - 9)), "{0}: byte ");
    }

    [Fact]
    public void A_wrong_magic_number_is_an_error() =>
        AssertFails(_folder.Write("images", [0, 0, 8, 1, 0, 0, 0, 1, 5]), "{0}: byte 0: IDX magic number 0000??03 (images) expected", "--labels", _folder.Write("labels", [0]));

    [Fact]
    public void A_missing_file_is_an_error() => AssertFails(_folder.File("none.csv"), "{0}: does not exist");

    [Fact]
    public void A_directory_that_does_not_exist_is_found_before_training()
    {
        CommandResult result = Train("--save", Path.Combine(_folder.File("none"), "model.safetensors"));

        Assert.Equal((ExitCodes.Failure, ""), (result.ExitCode, result.Output));
        Assert.Matches("^Error: --save .*: there is no such directory.\n$", result.Error);
    }

    [Fact]
    public void A_loss_that_is_not_a_number_ends_the_training()
    {
        string file = _folder.File("model.safetensors");
        CommandResult result = Train("--optimizer", "sgd", "--learning-rate", "1e30", "--hidden", "16", "--epochs", "3", "--save", file);

        Assert.Equal(ExitCodes.Failure, result.ExitCode);
        Assert.Matches("^Error: Step \\d+, example \\d+: the loss is NaN; it comes from .*\\. The parameters are those before the step\\. Try a smaller --learning-rate\\. --detect-anomalies finds where it begins\\.\n$", result.Error);
        Assert.False(File.Exists(file));
    }

    [Theory, InlineData("sgd"), InlineData("adam"), InlineData("momentum")]
    public void A_learning_rate_that_makes_parameters_infinite_ends_the_training(string optimizer)
    {
        string file = _folder.File("model.safetensors");
        string[] small = ["--limit", "40", "--epochs", "1", "--hidden", "8"];
        CommandResult result = Train([.. small, "--optimizer", optimizer, "--learning-rate", "1e300", "--save", file]);

        Assert.Equal(ExitCodes.Failure, result.ExitCode);
        Assert.Matches(
            "^Error: Step 1: the step would make the parameter W1 \\[8 × 64\\], .* \\(learning rate 1E\\+300, .*\\)\\. The parameters are those before the step\\. "
            + "Try a smaller --learning-rate\\.\n$", result.Error);
        Assert.Empty(Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void An_interruption_is_told_and_saves_nothing()
    {
        string file = _folder.File("model.safetensors");
        CommandResult result = CommandResult.Of(new CancellationToken(canceled: true), "train", "digits", "--json", "--save", file);

        Assert.Equal((ExitCodes.Interrupted, ""), (result.ExitCode, result.Output));
        Assert.Equal("Interrupted in epoch 1, after step 0; nothing was saved.\n", result.Error);
        Assert.Empty(Directory.GetFiles(_folder.Path));
    }

    public void Dispose() => _folder.Dispose();

    private static CommandResult Train(params string[] args) => CommandResult.Of(["train", "digits", "--json", .. args]);

    private static void AssertFails(string file, string expected, params string[] more)
    {
        CommandResult result = Train(["--data", file, .. more]);

        Assert.Equal((ExitCodes.Failure, ""), (result.ExitCode, result.Output));
        Assert.StartsWith("Error: " + expected.Replace("{0}", file, StringComparison.Ordinal), Assert.Single(result.Error.TrimEnd().Split('\n')), StringComparison.Ordinal);
    }

    private static void AssertSameLosses(JsonElement[] expected, JsonElement[] actual)
    {
        Assert.Equal(Losses(expected).Length, Losses(actual).Length);
        Assert.All(Losses(expected).Zip(Losses(actual)), pair => Assert.Equal(1, pair.First / pair.Second, tolerance: 5e-5));
    }

    private static double[] Losses(JsonElement[] lines) => [.. lines.Select(line => line.GetProperty("loss").GetDouble())];

    private static long Number(JsonElement line, string name) => line.GetProperty(name).GetInt64();
}
