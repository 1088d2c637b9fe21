using System.Buffers.Binary;
using System.Globalization;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Text.Json;
using BlasNet.Cli.CommandLine;
using BlasNet.Datasets;
using BlasNet.Training;

namespace BlasNet.Tests.Cli;

/// <summary>What <c>train --save</c> has written, used and measured.</summary>
[Collection(CommandLineTests.Name)]
public sealed class PredictTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Models => ["tagger", "tagger-char", "tree", "lm"];

    private string Saved => _folder.File("model.safetensors");

    /// <summary>The measure of the test after the last epoch, by another command, from the file alone.</summary>
    [Theory, MemberData(nameof(Models))]
    public void An_evaluation_gives_what_the_training_has_measured(string model)
    {
        string dev = Data(model, seed: 6, count: 30);
        JsonElement summary = Train(model, "--dev", dev)[^1];
        JsonElement measured = Assert.Single(CommandResult.Of("evaluate", Saved, "--data", dev, "--json").Json());

        Assert.Equal(30, measured.GetProperty("examples").GetInt32());
        (string there, string here) = model == "lm" ? ("dev_perplexity", "perplexity") : ("dev_accuracy", "accuracy");
        Assert.Equal(1, measured.GetProperty(here).GetDouble() / summary.GetProperty(there).GetDouble(), 1e-4);
        if (model == "tree")
            Assert.Equal(summary.GetProperty("dev_root_accuracy").GetDouble(), measured.GetProperty("root_accuracy").GetDouble());
    }

    /// <summary>Counted from the predictions themselves.</summary>
    [Theory, InlineData("tagger"), InlineData("tagger-char")]
    public void The_tags_predicted_are_those_that_the_evaluation_counts(string model)
    {
        TaggedWord[][] sentences = [.. new SyntheticText(seed: 6, vocabulary: 60).TaggedSentences(30, tags: 3)];
        string dev = _folder.Write("dev.txt", string.Join('\n', sentences.Select(words => string.Join(' ', words))));
        Train(model);
        string words = _folder.Write("words.txt", string.Join('\n', sentences.Select(sentence => string.Join(' ', sentence.Select(word => word.Word)))));
        string[] lines = CommandResult.Of("predict", Saved, "--data", words).Lines;
        TaggedWord[][] predicted = [.. lines.Select(line => line.Split(' ').Select(Parse).ToArray())];

        Assert.Equal(sentences.Select(sentence => sentence.Select(word => word.Word)), predicted.Select(sentence => sentence.Select(word => word.Word)));
        double right = sentences.Zip(predicted).Sum(pair => pair.First.Zip(pair.Second).Count(both => both.First.Tag == both.Second.Tag));
        JsonElement measured = CommandResult.Of("evaluate", Saved, "--data", dev, "--json").Json()[0];
        Assert.Equal(right / sentences.Sum(sentence => sentence.Length), measured.GetProperty("accuracy").GetDouble(), 1e-12);

        static TaggedWord Parse(string text) => new(text[..text.LastIndexOf('|')], text[(text.LastIndexOf('|') + 1)..]);
    }

    /// <summary>Predictions stay beside what they are of.</summary>
    [Fact]
    public void An_empty_line_gives_an_empty_one()
    {
        Train("tagger");
        string text = _folder.Write("in.txt", "one two\n\n \nthree\n\n");
        string[] lines = CommandResult.Of("predict", Saved, "--data", text).Output.Split('\n');
        string[] objects = CommandResult.Of("predict", Saved, "--data", text, "--json").Output.Split('\n');

        Assert.StartsWith("one|", lines[0], StringComparison.Ordinal);
        Assert.StartsWith("three|", lines[3], StringComparison.Ordinal);
        Assert.Equal(["", "", "", ""], [lines[1], lines[2], .. lines[4..]]);
        Assert.Equal(["null", "null", "null", ""], [objects[1], objects[2], .. objects[4..]]);
    }

    [Theory, MemberData(nameof(Models))]
    public void Text_and_json_say_the_same(string model)
    {
        Train(model);
        string[] texts = File.ReadAllLines(Data(model, seed: 7, count: 5)).Select(line => model.StartsWith("tagger", StringComparison.Ordinal)
            ? string.Join(' ', line.Split(' ').Select(word => word[..word.LastIndexOf('|')])) : line).ToArray();
        string text = _folder.Write("in.txt", string.Join('\n', texts) + "\n\n");
        string json = _folder.Write("in.jsonl", string.Join('\n', texts.Select(line => model == "tree"
            ? JsonSerializer.Serialize(new { tree = line }) : JsonSerializer.Serialize(new { words = line.Split(' ') }))));
        string[] lines = CommandResult.Of("predict", Saved, "--data", text).Lines;
        JsonElement[] objects = CommandResult.Of("predict", Saved, "--data", json, "--json").Json();

        Assert.Equal(5, lines.Length);
        Assert.Equal(lines, objects.Select(AsText));
        Assert.Equal(lines, CommandResult.Of("predict", Saved, "--data", json).Lines);

        string AsText(JsonElement line) => model switch
        {
            "tree" => line.GetProperty("tree").GetString()!,
            "lm" => string.Create(CultureInfo.InvariantCulture, $"{line.GetProperty("perplexity").GetDouble():F2}\t{Words(line)}"),
            _ => string.Join(' ', Texts(line, "words").Zip(Texts(line, "tags"), (word, tag) => $"{word}|{tag}")),
        };

        static string Words(JsonElement line) => string.Join(' ', Texts(line, "words"));
        static IEnumerable<string> Texts(JsonElement line, string name) => line.GetProperty(name).EnumerateArray().Select(item => item.GetString()!);
    }

    [Fact]
    public void A_perplexity_is_that_of_the_log_probability_of_words_and_end()
    {
        Train("lm");
        string data = Data("lm", seed: 8, count: 20);
        JsonElement[] lines = CommandResult.Of("predict", Saved, "--data", data, "--json").Json();
        (double sum, int count) = (0, 0);
        foreach (JsonElement line in lines)
        {
            int predictions = line.GetProperty("words").GetArrayLength() + 1;
            double log = line.GetProperty("log_probability").GetDouble();
            Assert.Equal(1, Math.Exp(-log / predictions) / line.GetProperty("perplexity").GetDouble(), 1e-6);
            (sum, count) = (sum + log, count + predictions);
        }

        double whole = CommandResult.Of("evaluate", Saved, "--data", data, "--json").Json()[0].GetProperty("perplexity").GetDouble();
        Assert.Equal(1, Math.Exp(-sum / count) / whole, 1e-5);
    }

    [Fact]
    public void Digits_are_named_by_their_pixels()
    {
        JsonElement summary = CommandResult.Of("train", "digits", "--epochs", "5", "--learning-rate", "0.01", "--hidden", "20,10", "--json", "--save",
            Saved).Json()[^1];
        Assert.True(summary.GetProperty("test_accuracy").GetDouble() > 0.5);
        string text = _folder.Write("in.txt", string.Join('\n', Digits.Test.Select(digit => string.Join(',', digit.Pixels.ToArray().Select(Text)))));
        string[] labels = CommandResult.Of("predict", Saved, "--data", text).Lines;
        Assert.Equal(
            summary.GetProperty("test_accuracy").GetDouble(),
            labels.Zip(Digits.Test).Count(pair => pair.First == pair.Second.Label.ToString(CultureInfo.InvariantCulture)) / (double)Digits.Test.Count, 1e-12);

        string json = _folder.Write("in.jsonl", $"{{\"pixels\": [{string.Join(',', Digits.Test[0].Pixels.ToArray().Select(Text))}]}}");
        JsonElement line = Assert.Single(CommandResult.Of("predict", Saved, "--data", json, "--json").Json());
        Assert.Equal(labels[0], line.GetProperty("label").GetRawText());
        Assert.InRange(line.GetProperty("probability").GetDouble(), 0.1, 1);
        AssertFails($"{_folder.Write("few.txt", "0.5 0.1")}:1: has 2 pixels; the model was trained with 64", "predict", Saved, "--data",
            _folder.File("few.txt"));
        string large = _folder.Write("large.jsonl", """{"pixels": [1e400]}""");
        AssertFails($"{large}:1: has a number in 'pixels' that no float can hold: 1e400", "predict", Saved, "--data", large);
        AssertFails($"{_folder.Write("word.txt", "\n0.5,x")}:2: 'x' is not a number", "predict", Saved, "--data", _folder.File("word.txt"));

        static string Text(float pixel) => pixel.ToString("R", CultureInfo.InvariantCulture);
    }

    [Fact]
    public void A_file_of_another_kind_is_named()
    {
        string data = _folder.Write("in.txt", "a b");
        AssertFails($"{_folder.File("none")}: does not exist", "predict", _folder.File("none"), "--data", data);
        AssertFails($"{data}: 8 bytes of header length expected; the file has 3", "evaluate", data, "--data", data);
        using (var model = new Model())
        {
            model.Bias("b", 2);
            model.Save(Saved);
            AssertFails($"{Saved}: does not say what model it is of; a file that blasnet train --save has written is expected.", "predict", Saved, "--data",
                data);
            model.Save(Saved, new Dictionary<string, string> { ["blasnet.model"] = "oracle", ["blasnet.sizes"] = "{}" });
            AssertFails($"{Saved}: is a model of the kind 'oracle'; those of tagger, tagger-char, tree, lm, digits, parser can be used.", "predict", Saved, "--data",
                data);
            model.Save(Saved, new Dictionary<string, string> { ["blasnet.model"] = "lm", ["blasnet.sizes"] = "{" });
            Assert.StartsWith(
                $"Error: {Saved}: blasnet.sizes of its metadata is damaged: ", CommandResult.Of("predict", Saved, "--data", data).Error,
                    StringComparison.Ordinal);
            model.Save(Saved, new Dictionary<string, string> { ["blasnet.model"] = "lm", ["blasnet.sizes"] = "{}" });
            AssertFails($"{Saved}: has no vocabulary 'words' for its lm.", "predict", Saved, "--data", data);
            model.Save(Saved, new Dictionary<string, string>
            {
                ["blasnet.model"] = "lm",
                ["blasnet.sizes"] = """{"embedding": 2, "hidden": 2}""",
                ["blasnet.vocabulary.words"] = """["<unk>", "a"]""",
            });
            Assert.StartsWith(
                $"Error: {Saved}: has no tensor for the parameter words.E [2 × 3].", CommandResult.Of("predict", Saved, "--data", data).Error,
                    StringComparison.Ordinal);
        }
    }

    /// <summary>Of parameters so large that probabilities are 0, or not there at all.</summary>
    [Fact]
    public void What_no_number_of_json_says_is_left_out()
    {
        Train("lm");
        string data = _folder.Write("in.txt", "a b c");
        Multiply(1e6f);
        JsonElement line = Assert.Single(CommandResult.Of("predict", Saved, "--data", data, "--json").Json());
        Assert.True(line.TryGetProperty("log_probability", out _));
        Assert.False(line.TryGetProperty("perplexity", out _));
        Multiply(float.NaN);
        Assert.Contains("is infinite or not a number.", CommandResult.Of("predict", Saved, "--data", data).Error, StringComparison.Ordinal);

        void Multiply(float factor)
        {
            byte[] file = File.ReadAllBytes(Saved);
            Span<float> parameters = MemoryMarshal.Cast<byte, float>(file.AsSpan(8 + (int)BinaryPrimitives.ReadInt64LittleEndian(file)));
            TensorPrimitives.Multiply(parameters, factor, parameters);
            File.WriteAllBytes(Saved, file);
        }
    }

    [Fact]
    public void A_line_that_is_no_example_is_named()
    {
        Train("tagger");
        AssertFails(2, "needs a member 'words', a list of texts", """{"text": "a b"}""");
        AssertFails(2, "needs a member 'words', a list of texts", """{"words": [1, 2]}""");
        AssertFails(2, "needs one word at least in 'words'", """{"words": []}""");
        AssertFails(2, """has a text that is not valid Unicode: Cannot read incomplete UTF-16 JSON text as string with missing low surrogate.""",
            """{"words": ["\ud800"]}""");
        File.WriteAllBytes(_folder.File("bytes.txt"), [(byte)'a', (byte)'\n', 0xFF]);
        this.AssertFails($"{_folder.File("bytes.txt")}:2: is not valid UTF-8 text", "predict", Saved, "--data", _folder.File("bytes.txt"));
        Assert.StartsWith(
            $"Error: {_folder.Write("in.txt", "{")}:1: is not a JSON object: ", CommandResult.Of("predict", Saved, "--data", _folder.File("in.txt")).Error,
                StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Failure, CommandResult.Of("predict", Saved, "--data", _folder.File("none")).ExitCode);
        Assert.Equal(ExitCodes.Usage, CommandResult.Of("evaluate", Saved).ExitCode);

        void AssertFails(int line, string rule, string text) =>
            this.AssertFails($"{_folder.Write("in.txt", $"a b\n{text}")}:{line}: {rule}", "predict", Saved, "--data", _folder.File("in.txt"));
    }

    [Fact]
    public void Predictions_come_while_lines_are_still_being_read()
    {
        Train("tagger");
        using var predictor = BlasNet.Cli.Prediction.Predictor.Open(Saved);
        var output = new StringWriter();
        int written = 0;
        predictor.Predict(Lines(), "the lines", output, json: false, TestContext.Current.CancellationToken);
        Assert.True(written > 100, $"{written} lines had been written when the last one was read");
        Assert.Equal(1000, output.ToString().Count(character => character == '\n'));

        IEnumerable<string> Lines()
        {
            for (int i = 0; i < 1000; i++)
                yield return "one two";

            written = output.ToString().Count(character => character == '\n');
        }
    }

    public void Dispose() => _folder.Dispose();

    private void AssertFails(string error, params string[] arguments)
    {
        CommandResult result = CommandResult.Of(arguments);
        Assert.Equal((ExitCodes.Failure, $"Error: {error}\n"), (result.ExitCode, result.Error));
    }

    private JsonElement[] Train(string model, params string[] more) => CommandResult.Of(
        ["train", model, "--data", Data(model, seed: 5, count: 80), "--embedding", "8", "--hidden", "6", "--batch", "9", "--epochs", "2", "--json", "--save",
            Saved, .. more]).Json();

    private string Data(string model, int seed, int count)
    {
        var text = new SyntheticText(seed, vocabulary: 60);
        IEnumerable<object> examples = model switch
        {
            "tree" => text.Trees(count, labels: 3),
            "lm" => text.Sentences(count).Select(words => string.Join(' ', words)),
            _ => text.TaggedSentences(count, tags: 3).Select(words => string.Join(' ', words)),
        };
        return _folder.Write($"{model}{seed}.txt", string.Join('\n', examples));
    }
}
