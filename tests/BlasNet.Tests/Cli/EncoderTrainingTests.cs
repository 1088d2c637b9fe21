using System.Text.Json;
using BlasNet.Cli.CommandLine;
using BlasNet.Cli.Training;
using BlasNet.Tests.Text;
using BlasNet.Text;

namespace BlasNet.Tests.Cli;

/// <summary>Trainings that begin with a pretrained encoder, and what is measured of one.</summary>
[Collection(CommandLineTests.Name)]
public sealed class EncoderTrainingTests : IDisposable
{
    private readonly TemporaryFolder _folder = new(), _model = new();

    public EncoderTrainingTests() => new SmallEncoder("bert").Write(_model, "F32");

    public static TheoryData<string> Trainings => ["tagger", "classifier", "pairs", "scored"];

    [Theory, MemberData(nameof(Trainings))]
    public void An_encoder_is_trained_and_saved_as_a_folder_that_can_be_used(string training)
    {
        string saved = _folder.File("saved");
        JsonElement[] lines = CommandResult.Of([.. ArgumentsOf(training), "--epochs", "40", "--json", "--save", saved]).Json();
        Assert.Equal(41, lines.Length);
        Assert.InRange(lines[39].GetProperty("loss").GetDouble() / lines[0].GetProperty("loss").GetDouble(), 0, 0.7);
        Assert.InRange(lines[39].GetProperty(training == "scored" ? "dev_correlation" : "dev_accuracy").GetDouble(), 0.8, 1);
        Assert.Equal(saved, lines[^1].GetProperty("saved").GetString());
        Assert.Equal(0.003, lines[^1].GetProperty("learning_rate").GetDouble());
        string[] words = ["w8", "w9"];
        switch (training)
        {
            case "tagger":
                using (TextTagger tagger = TextTagger.Load(saved))
                    Assert.Equal(["even", "odd"], tagger.Tag(words));

                Predicts("w8|even w9|odd", "w8 w9");
                Assert.InRange(Evaluated(), 0.95, 1);

                break;
            case "classifier":
                using (TextClassifier classifier = TextClassifier.Load(saved))
                    Assert.Equal(["even", "odd"], classifier.Classify([new("w8", "w8"), new("w9", "w9")], TestContext.Current.CancellationToken));

                Predicts("even\tw8\tw8", "w8\tw8");
                Predicts("odd\tw9\tw9", """{"text": "w9", "second": "w9"}""");
                Assert.InRange(Evaluated(), 0.95, 1);

                break;
            default:
                TextEncoder.Load(saved).Dispose();
                Assert.Contains("a name that ends with ForSequenceClassification; it has BertModel",
                    CommandResult.Of("predict", saved, "--data", _folder.Write("in.txt", "w8")).Error, StringComparison.Ordinal);
                break;
        }

        void Predicts(string expected, string line) => Assert.Equal([expected], CommandResult.Of("predict", saved, "--data", _folder.Write("in.txt", line)).Lines);

        double Evaluated() => CommandResult.Of("evaluate", saved, "--data", ArgumentsOf(training)[^5], "--json").Json()[0].GetProperty("accuracy").GetDouble();
    }

    [Theory, InlineData("--lora 2"), InlineData("--freeze 2")]
    public void What_is_not_to_be_trained_is_saved_as_it_was_but_for_adapters(string option)
    {
        string saved = _folder.File("saved");
        Assert.Equal(0, CommandResult.Of([.. ArgumentsOf("classifier"), "--epochs", "1", "--save", saved, .. option.Split(' ')]).ExitCode);
        using TextEncoder before = TextEncoder.Load(_model.Path), after = TextEncoder.Load(saved);
        string[] changed = [.. before.Parameters.Where(parameter => !before.Model.ValuesOf(parameter).SequenceEqual(after.Model.ValuesOf(after.Model[parameter.Name])))
            .Select(parameter => parameter.Name)];
        Assert.Equal(
            option == "--freeze 2" ? [] : ["layers.0.attention.Q", "layers.0.attention.V", "layers.1.attention.Q", "layers.1.attention.V"], changed);
    }

    [Theory]
    [InlineData("train tagger --data DATA --lora 8", "--lora goes with --encoder.")]
    [InlineData("train tagger --encoder MODEL --data DATA --hidden 8", "--hidden does not go with --encoder, which takes the place of that network.")]
    [InlineData("train tagger --encoder MODEL --data DATA --minimum-count 2", "--minimum-count does not go with --encoder")]
    [InlineData("bench encoder --model MODEL --against onnxruntime", "has no model.onnx.")]
    [InlineData("train pairs --data DATA", "--encoder: a value is missing")]
    [InlineData("train pairs --encoder MODEL", "--data is missing: lines of two texts and perhaps a score, separated by tabs.")]
    [InlineData("train classifier --encoder MODEL --data DATA --freeze 3", "--freeze 3: the encoder has not so many layers.")]
    [InlineData("train classifier --encoder MODEL --data DATA --max-tokens 99", "--max-tokens: MaximumTokens must be from 3 to 70")]
    [InlineData("train classifier --encoder nowhere --data DATA", "nowhere: there is no such folder")]
    [InlineData("train classifier --encoder MODEL --data DATA --save /proc", "/proc: cannot be written: it is a directory, and has no config.json")]
    [InlineData("train pairs --encoder MODEL --data DATA", ":1: the score must be a number from -1 to 1, not 'even'.")]
    [InlineData("train pairs --encoder MODEL --data ONE", "one:2: has 3 columns, and the lines before it 2")]
    [InlineData("train classifier --encoder MODEL --data WORDS", "words:1: 2 to 3 columns, separated by tabs, are expected; there are 1")]
    [InlineData("train classifier --encoder MODEL --data EMPTY", "empty: has no lines; lines of 2 to 3 columns, separated by tabs, are expected")]
    public void What_cannot_be_trained_is_named(string args, string message)
    {
        string data = ArgumentsOf("classifier")[^5];
        string[] given = [.. args.Split(' ').Select(argument => argument switch
        {
            "MODEL" => _model.Path,
            "DATA" => data,
            "ONE" => _folder.Write("one", "w4\tw5\nw4\tw5\t1\n"),
            "WORDS" => _folder.Write("words", "w4 w5\n"),
            "EMPTY" => _folder.Write("empty", "\n\n"),
            _ => argument,
        })];
        CommandResult result = CommandResult.Of(given);
        Assert.Contains(message, result.Error, StringComparison.Ordinal);
        Assert.True(result.ExitCode is ExitCodes.Failure or ExitCodes.Usage);
    }

    [Fact]
    public void Orders_are_compared_by_ranks()
    {
        Assert.Equal(1, RankCorrelation.Of([1, 2, 30], [0, 0.1, 0.2]), 1e-12);
        Assert.Equal(-1, RankCorrelation.Of([3, 2, 1, 0], [0, 5, 6, 7]), 1e-12);
        Assert.Equal(4.5 / Math.Sqrt(4.5 * 5), RankCorrelation.Of([1, 2, 2, 5], [1, 2, 3, 4]), 1e-12);   // ranks 0, 1.5, 1.5, 3
        Assert.True(double.IsNaN(RankCorrelation.Of([1, 1], [1, 2])));
    }

    [Fact]
    public void The_rates_of_an_encoder_are_measured()
    {
        JsonElement line = Assert.Single(CommandResult.Of("bench", "encoder", "--model", _model.Path, "--limit", "20", "--json").Json());
        Assert.Equal((20, 5), (line.GetProperty("sentences").GetInt32(), line.GetProperty("passes").GetInt32()));
        double ratio = line.GetProperty("tokens_per_second").GetDouble() / line.GetProperty("sentences_per_second").GetDouble();
        Assert.Equal(line.GetProperty("tokens").GetDouble() / 20, ratio, 1e-6);
        Assert.InRange(line.GetProperty("model_flop_utilisation").GetDouble(), 1e-9, 1);
        Assert.InRange(line.GetProperty("first_vector_seconds").GetDouble(), line.GetProperty("load_seconds").GetDouble(), 60);
        Assert.Contains("sentences/s", CommandResult.Of("bench", "encoder", "--model", _model.Path, "--limit", "3").Output, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _folder.Dispose();
        _model.Dispose();
    }

    // Tags and labels are whether a word's number is even; a text's partner is what is written as the text itself.
    private string[] ArgumentsOf(string training)
    {
        IEnumerable<string> lines = training switch
        {
            "tagger" => Enumerable.Range(0, 60).Select(i => string.Join(' ', Enumerable.Range(0, 3).Select(j => $"w{4 + (i + 7 * j) % 36}|{((i + 7 * j) % 2 == 0 ? "even" : "odd")}"))),
            "classifier" => Enumerable.Range(0, 72).Select(i => $"w{4 + i % 36}\tw{4 + i % 36}\t{(i % 2 == 0 ? "even" : "odd")}"),
            "pairs" => Enumerable.Range(0, 36).Select(i => $"w{4 + i % 36} w4\tw{4 + i % 36}"),
            _ => Enumerable.Range(0, 72).Select(i => $"w{4 + i % 36}\tw{4 + i * 5 % 36}\t{(i % 3 == 0 ? 0.9 : 0.1)}"),
        };
        string name = training == "scored" ? "pairs" : training;
        string data = _folder.Write($"{training}.tsv", string.Join('\n', lines));
        return ["train", name, "--encoder", _model.Path, "--data", data, "--learning-rate", "0.003", "--batch", "9"];
    }
}
