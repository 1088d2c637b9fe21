using System.Text.Json;
using BlasNet.Cli.CommandLine;
using BlasNet.Datasets;

namespace BlasNet.Tests.Cli;

[Collection(CommandLineTests.Name)]
public sealed class TrainModelsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    /// <summary>Each command with data and small sizes.</summary>
    public static TheoryData<string> Models => ["tagger", "tagger-char", "tree", "lm"];

    [Theory, MemberData(nameof(Models))]
    public void Every_epoch_is_a_line_and_the_last_line_a_summary(string model)
    {
        CommandResult result = Train(model, "--epochs", "2");
        JsonElement[] lines = result.Json();

        Assert.Equal((3, ""), (lines.Length, result.Error));
        Assert.Equal([1, 2], lines[..2].Select(line => line.GetProperty("epoch").GetInt32()));
        Assert.All(lines, line => Assert.InRange(line.GetProperty("loss").GetDouble() / line.GetProperty("loss_per_prediction").GetDouble(), 1, 100));
        Assert.All(lines, line => Assert.True(line.GetProperty("words_per_second").GetDouble() > 0 && line.GetProperty("gemm_calls").GetInt64() > 0));
        Assert.All(lines, line => Assert.InRange(line.GetProperty(model == "lm" ? "dev_perplexity" : "dev_accuracy").GetDouble(), model == "lm" ? 1 : 0, model == "lm" ? 1000 : 1));
        Assert.All(lines, line => Assert.Equal(model == "tree", line.TryGetProperty("dev_root_accuracy", out _)));
        JsonElement summary = lines[^1];
        Assert.Equal(model, summary.GetProperty("model").GetString());
        Assert.Equal((36, 4), (summary.GetProperty("train_examples").GetInt32(), summary.GetProperty("test_examples").GetInt32()));
        Assert.Equal((8, 6), (summary.GetProperty("sizes").GetProperty("embedding").GetInt32(), summary.GetProperty("sizes").GetProperty("hidden").GetInt32()));
    }

    [Theory, MemberData(nameof(Models))]
    public void Batching_and_the_compute_batch_change_no_loss(string model)
    {
        double[] expected = Losses(Train(model, "--epochs", "2"));

        Assert.All(expected.Zip(Losses(Train(model, "--epochs", "2", "--batching", "off"))), pair => Assert.Equal(1, pair.First / pair.Second, tolerance: 1e-5));
        Assert.All(expected.Zip(Losses(Train(model, "--epochs", "2", "--compute-batch", "5"))), pair => Assert.Equal(1, pair.First / pair.Second, tolerance: 1e-5));
    }

    [Theory, MemberData(nameof(Models))]
    public void The_screen_tells_data_epochs_and_result(string model)
    {
        CommandResult result = CommandResult.Of(ArgumentsOf(model));

        Assert.Matches($"^36 {(model == "tree" ? "trees" : "sentences")} to train with, 4 to test with; .* parameters\\.$", result.Lines[0]);
        Assert.Matches($"^epoch   1/1  loss  .*  dev {(model == "lm" ? "perplexity" : "accuracy")} .* words/s$", result.Lines[1]);
        Assert.Matches("^Dev .*\\. .* examples/s, .* words/s in .* s of training, by .* GEMMs and .* GEMVs\\.$", result.Lines[2]);
    }

    [Theory, MemberData(nameof(Models))]
    public void An_interruption_is_told_and_saves_nothing(string model)
    {
        string[] arguments = [.. ArgumentsOf(model), "--save", _folder.File("model.safetensors")];
        CommandResult result = CommandResult.Of(new CancellationToken(canceled: true), arguments);

        Assert.Equal((ExitCodes.Interrupted, "Interrupted in epoch 1, after step 0; nothing was saved.\n"), (result.ExitCode, result.Error));
        Assert.False(File.Exists(_folder.File("model.safetensors")));
    }

    [Fact]
    public void A_tagger_learns_the_tags_of_words()
    {
        string data = _folder.Write("tags.txt", string.Join('\n', new SyntheticText(vocabulary: 30).TaggedSentences(150, tags: 4).Select(words => string.Join(' ', words))));

        Assert.InRange(Quality("dev_accuracy", "tagger", "--data", data, "--epochs", "4", "--embedding", "16", "--hidden", "8", "--learning-rate", "0.02", "--batch", "8"), 0.95, 1);
    }

    [Fact]
    public void A_tagger_that_reads_letters_tags_words_it_has_never_seen()
    {
        // The last letter is the tag; no word comes twice.
        static string Lines(int first) => string.Join('\n', Enumerable.Range(first, 60).Select(i => $"{i}a|A {i}b|B {i}c|C {i + 1000}b|B"));
        string data = _folder.Write("train.txt", Lines(100)), dev = _folder.Write("dev.txt", Lines(300));
        string[] arguments = ["--data", data, "--dev", dev, "--epochs", "8", "--embedding", "16", "--hidden", "8", "--batch", "8", "--learning-rate", "0.02"];

        Assert.InRange(Quality("dev_accuracy", ["tagger-char", .. arguments]), 0.95, 1);
    }

    [Fact]
    public void A_tree_lstm_computes_lists_better_than_chance()
    {
        string[] arguments = ["--limit", "400", "--epochs", "4", "--embedding", "16", "--hidden", "24", "--batch", "16", "--learning-rate", "0.01"];
        JsonElement[] lines = CommandResult.Of(["train", "tree", "--json", .. arguments]).Json();

        Assert.InRange(lines[^1].GetProperty("dev_root_accuracy").GetDouble(), 0.25, 1);   // the most frequent value of a list is right in about 0.15
        Assert.True(Losses(lines)[^1] < Losses(lines)[0]);
    }

    [Fact]
    public void A_language_model_learns_what_comes_next()
    {
        string data = _folder.Write("text.txt", string.Join('\n', Enumerable.Range(0, 80).Select(i => i % 2 == 0 ? "the cat sat on a mat" : "some dogs ran")));
        string[] arguments = ["--data", data, "--epochs", "6", "--embedding", "16", "--hidden", "16", "--batch", "8", "--learning-rate", "0.02"];

        Assert.InRange(Quality("dev_perplexity", ["lm", .. arguments]), 1, 1.6);   // one choice in two at the first word: 2^(1/5.5) = 1.13
    }

    [Fact]
    public void What_the_test_data_has_and_the_training_data_has_not_is_a_miss_not_an_error()
    {
        string data = _folder.Write("train.txt", "a|A a|A\na|A\n\n"), dev = _folder.Write("dev.txt", "a|A new|A a|NEW new|NEW\n");
        string trees = _folder.Write("trees.txt", "(1 a)\n(1 (1 a) (1 a))\n"), devTrees = _folder.Write("dev-trees.txt", "(2 (1 a) (1 new))\n(1 a)\n");

        Assert.Equal(0.5, Quality("dev_accuracy", "tagger", "--data", data, "--dev", dev, "--epochs", "1"));
        Assert.Equal(0.5, Quality("dev_accuracy", "tagger-char", "--data", data, "--dev", dev, "--epochs", "1"));
        Assert.Equal(0.75, Quality("dev_accuracy", "tree", "--data", trees, "--dev", devTrees, "--epochs", "1"));
        Assert.Equal(0.5, Quality("dev_root_accuracy", "tree", "--data", trees, "--dev", devTrees, "--epochs", "1"));
        Assert.True(double.IsFinite(Quality("dev_perplexity", "lm", "--data", data, "--dev", dev, "--epochs", "1")));
    }

    [Fact]
    public void A_tree_ten_thousand_deep_is_trained()
    {
        string tree = _folder.Write("deep.txt", string.Concat(Enumerable.Repeat("(0 (1 a) ", 10_000)) + "(1 b)" + new string(')', 10_000) + "\n");

        Assert.True(Quality("dev_root_accuracy", "tree", "--data", tree, "--dev", tree, "--epochs", "1", "--embedding", "2", "--hidden", "2") is 0 or 1);
    }

    [Theory]
    [InlineData("tagger", "a|A b\n", "{0}:1: '|' missing in 'b' at column 5; word|TAG is expected")]
    [InlineData("tagger-char", "a|A\nb|\n", "{0}:2: tag missing in 'b|' at column 1; word|TAG is expected")]
    [InlineData("tagger", "1\ta\t_\n", "{0}:1: 10 columns separated by tabs expected, got 3")]
    [InlineData("tagger", "1\ta\t_\t_\t_\t_\t_\t_\t_\t_\n", "{0}:1: column 4 (UPOS) is '_'; a tag is needed")]
    [InlineData("tree", "(1 (0 a) (1 b)\n", "{0}:1: ')' missing at column 15")]
    [InlineData("tree", "(1 a)\n(1 (0 b) c)\n", "{0}:2: '(' or ')' missing at column 10, got 'c'")]
    [InlineData("lm", "a b\n\u0001\uFFFD", "{0}: one example only; without --dev two at least are needed, one to train with and one to test with.", "--limit", "1")]
    [InlineData("lm", "\n \n", "{0}: has no words; one sentence a line is expected")]
    [InlineData("lm", "1\ta\t_\tX\t_\t_\t7\t_\t_\t_\n", "{0}:1: column 7 (HEAD): 7 is not another word of the sentence, which has 1")]
    [InlineData("tagger", "a|A\n", "{0}: one example only; without --dev two at least are needed, one to train with and one to test with.")]
    public void Malformed_data_is_named_with_line_column_and_rule(string model, string text, string expected, params string[] more)
    {
        string file = _folder.Write("data", text);
        CommandResult result = CommandResult.Of(["train", model, "--json", "--data", file, .. more]);

        Assert.Equal((ExitCodes.Failure, ""), (result.ExitCode, result.Output));
        Assert.Equal($"Error: {expected.Replace("{0}", file, StringComparison.Ordinal)}\n", result.Error);
    }

    [Theory, MemberData(nameof(Models))]
    public void Data_for_the_test_is_read_before_training(string model)
    {
        string[] arguments = model == "tree" ? ["train", "tree", "--data", Data("tree")] : ArgumentsOf(model);
        CommandResult result = CommandResult.Of([.. arguments, "--json", "--dev", _folder.File("none")]);

        Assert.Equal((ExitCodes.Failure, "", $"Error: {_folder.File("none")}: does not exist\n"), (result.ExitCode, result.Output, result.Error));
    }

    [Fact]
    public void Bytes_that_are_no_text_are_named_with_their_line() => Assert.Equal(
        $"Error: {_folder.Write("bytes", [0x61, 0x0A, 0xFF, 0xFE])}:2: is not valid UTF-8 text\n", CommandResult.Of("train", "lm", "--data", _folder.File("bytes")).Error);

    public void Dispose() => _folder.Dispose();

    /// <summary>Forty small examples, of which every tenth is for the test.</summary>
    private string Data(string model)
    {
        var text = new SyntheticText(seed: 5, vocabulary: 40);
        IEnumerable<object> examples = model switch
        {
            "tree" => text.Trees(40, labels: 3),
            "lm" => text.Sentences(40).Select(words => string.Join(' ', words)),
            _ => text.TaggedSentences(40, tags: 3).Select(words => string.Join(' ', words)),
        };
        return _folder.Write($"{model}.txt", string.Join('\n', examples));
    }

    private string[] ArgumentsOf(string model) =>
        ["train", model, "--data", Data(model), "--embedding", "8", "--hidden", "6", "--batch", "9", "--epochs", "1"];

    // The options of the test come last and count.
    private CommandResult Train(string model, params string[] more)
    {
        string[] arguments = [.. ArgumentsOf(model)[..^2], "--json", .. more];
        return CommandResult.Of(arguments);
    }

    private static double Quality(string name, params string[] arguments) =>
        CommandResult.Of(["train", arguments[0], "--json", .. arguments[1..]]).Json()[^1].GetProperty(name).GetDouble();

    private static double[] Losses(CommandResult result) => Losses(result.Json());

    private static double[] Losses(JsonElement[] lines) => [.. lines[..^1].Select(line => line.GetProperty("loss").GetDouble())];
}
