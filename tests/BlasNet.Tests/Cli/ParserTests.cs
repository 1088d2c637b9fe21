using System.Globalization;
using System.Text.Json;
using BlasNet.Cli.CommandLine;

namespace BlasNet.Tests.Cli;

/// <summary>The parser as its user runs it.</summary>
[Collection(CommandLineTests.Name)]
public sealed class ParserTests : IDisposable
{
    private static readonly string[] Nouns = ["dog", "cat", "bird", "child"], Verbs = ["sees", "hears", "likes"], Adjectives = ["old", "red", "small"];

    private readonly TemporaryFolder _folder = new();

    private string Saved => _folder.File("parser.safetensors");

    /// <summary>Subjects before, objects after, adjectives and articles before their nouns: a grammar that a parser has to learn.</summary>
    [Fact]
    public void A_parser_learns_a_grammar_and_writes_trees()
    {
        string train = Write("train.conllu", count: 120, seed: 1), dev = Write("dev.conllu", count: 30, seed: 2);
        JsonElement summary = CommandResult.Of(
            "train", "parser", "--data", train, "--dev", dev, "--epochs", "12", "--batch", "8", "--hidden", "16", "--mlp", "16", "--embedding", "12",
            "--tag-embedding", "6", "--learning-rate", "0.01", "--save", Saved, "--json").Json()[^1];
        double uas = summary.GetProperty("dev_uas").GetDouble(), las = summary.GetProperty("dev_las").GetDouble();
        Assert.InRange(uas, 0.95, 1);
        Assert.InRange(las, 0.95, uas);

        JsonElement measured = CommandResult.Of("evaluate", Saved, "--data", dev, "--json").Json()[0];
        Assert.Equal((30, uas, las), (measured.GetProperty("examples").GetInt32(), measured.GetProperty("uas").GetDouble(), measured.GetProperty("las").GetDouble()));

        string[] right = File.ReadAllLines(dev), written = CommandResult.Of("predict", Saved, "--data", WithoutHeads(dev)).Output.Split('\n')[..^1];
        Assert.Equal(right.Length, written.Length);
        Assert.Equal(las, Matching(right, written, column => column is 6 or 7), 1e-12);
        Assert.Equal(1, Matching(right, written, column => column is not (6 or 7)));
        AssertTrees(written);
        JsonElement[] objects = CommandResult.Of("predict", Saved, "--data", dev, "--json").Json();
        Assert.Equal(30, objects.Length);
        Assert.Equal(
            written.Where(line => line.Length > 0 && line[0] != '#').Select(line => line.Split('\t')[6]),
            objects.SelectMany(line => line.GetProperty("heads").EnumerateArray().Select(head => head.GetInt32().ToString(CultureInfo.InvariantCulture))));
    }

    /// <summary>More words than a function that does not end may have rounds; and, as the service takes them, an object on a line.</summary>
    [Fact]
    public void A_sentence_may_have_any_length_and_be_a_json_object()
    {
        const int Words = 6000;
        string train = Write("train.conllu", count: 10, seed: 1);
        Assert.Equal(0, CommandResult.Of(
            "train", "parser", "--data", train, "--epochs", "1", "--hidden", "2", "--mlp", "2", "--embedding", "2", "--tag-embedding", "2",
            "--save", Saved).ExitCode);
        string words = string.Join(',', Enumerable.Repeat("\"dog\"", Words)), tags = string.Join(',', Enumerable.Repeat("\"NOUN\"", Words));
        string data = _folder.Write("in.jsonl", $$"""{"words": [{{words}}], "tags": [{{tags}}]}""" + "\n" + """{"words": ["It"], "tags": ["PRON"]}""");
        JsonElement[] objects = CommandResult.Of("predict", Saved, "--data", data, "--json").Json();
        Assert.Equal([Words, 1], objects.Select(line => line.GetProperty("heads").GetArrayLength()));
        string[] lines = CommandResult.Of("predict", Saved, "--data", data).Output.Split('\n');
        Assert.Equal((Words + 4, "1\tIt\t_\tPRON\t_\t_\t0"), (lines.Length, string.Join('\t', lines[Words + 1].Split('\t')[..7])));

        CommandResult wrong = CommandResult.Of("predict", Saved, "--data", _folder.Write("wrong.jsonl", """
            {"words": ["It"], "tags": ["PRON"]}
            {"words": ["It\tworks"], "tags": ["PRON"]}
            """));
        Assert.Equal((ExitCodes.Failure, $"Error: {_folder.File("wrong.jsonl")}:2: has a tab, or another control character, in 'words' or 'tags'\n"),
            (wrong.ExitCode, wrong.Error));
    }

    [Fact]
    public void A_beam_of_one_is_the_best_transition_and_a_wider_one_is_no_worse()
    {
        string train = Write("train.conllu", count: 60, seed: 1), dev = Write("dev.conllu", count: 20, seed: 2);
        double[] uas = [.. new[] { "1", "4" }.Select(beam => CommandResult.Of(
            "train", "parser", "--data", train, "--dev", dev, "--epochs", "8", "--batch", "8", "--hidden", "12", "--mlp", "12", "--embedding", "8",
            "--learning-rate", "0.01", "--beam", beam, "--json").Json()[^1].GetProperty("dev_uas").GetDouble())];
        Assert.True(uas[1] >= uas[0] - 0.02, $"{uas[0]} and {uas[1]}");
    }

    [Fact]
    public void A_word_without_a_head_is_named()
    {
        CommandResult result = CommandResult.Of("train", "parser", "--data", WithoutHeads(Write("train.conllu", count: 3, seed: 1)));
        Assert.Equal(ExitCodes.Failure, result.ExitCode);
        Assert.Contains("sentence 1, word 1", result.Error, StringComparison.Ordinal);
        Assert.Contains("(HEAD) is '_'", result.Error, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private string Write(string name, int count, int seed)
    {
        var random = new Random(seed);
        var lines = new List<string>();
        for (int i = 0; i < count; i++)
        {
            lines.Add($"# sentence {i}");
            List<(string Form, string Tag, int Head, string Relation)> words = [];
            int subject = AddNoun(random, words);
            words.Add((Verbs[random.Next(3)], "VERB", 0, "root"));
            int verb = words.Count;
            int obj = AddNoun(random, words);
            words.Add((".", "PUNCT", verb, "punct"));
            words[subject - 1] = words[subject - 1] with { Head = verb, Relation = "nsubj" };
            words[obj - 1] = words[obj - 1] with { Head = verb, Relation = "obj" };
            lines.AddRange(words.Select((word, at) => $"{at + 1}\t{word.Form}\t_\t{word.Tag}\t_\tX=y\t{word.Head}\t{word.Relation}\t_\tm{at}"));
            lines.Add("");
        }

        return _folder.Write(name, string.Join('\n', lines) + "\n");
    }

    private static int AddNoun(Random random, List<(string Form, string Tag, int Head, string Relation)> words)
    {
        int adjectives = random.Next(3), noun = words.Count + 2 + adjectives;
        words.Add(("the", "DET", noun, "det"));
        for (int i = 0; i < adjectives; i++)
            words.Add((Adjectives[random.Next(3)], "ADJ", noun, "amod"));

        words.Add((Nouns[random.Next(4)], "NOUN", 0, "_"));
        return noun;
    }

    private string WithoutHeads(string file) => _folder.Write("open.conllu", string.Join('\n', File.ReadAllLines(file).Select(line =>
    {
        string[] columns = line.Split('\t');
        if (columns.Length == 10)
            (columns[6], columns[7]) = ("_", "_");

        return string.Join('\t', columns);
    })) + "\n");

    private static double Matching(string[] right, string[] written, Func<int, bool> column)
    {
        (string[], string[])[] words = [.. right.Zip(written, (a, b) => (a.Split('\t'), b.Split('\t'))).Where(pair => pair.Item1.Length == 10)];
        return words.Average(pair => Enumerable.Range(0, 10).Where(column).All(i => pair.Item1[i] == pair.Item2[i]) ? 1.0 : 0);
    }

    private static void AssertTrees(string[] lines)
    {
        var heads = new List<int>();
        foreach (string line in lines)
        {
            string[] columns = line.Split('\t');
            if (columns.Length == 10)
            {
                heads.Add(int.Parse(columns[6], CultureInfo.InvariantCulture));
                continue;
            }

            if (line.Length > 0)
                continue;

            Assert.Single(heads, head => head == 0);
            for (int word = 1; word <= heads.Count; word++)
            {
                int head = word;
                for (int steps = 0; head != 0; steps++)
                {
                    Assert.True(steps <= heads.Count, "a cycle");
                    head = heads[head - 1];
                }
            }

            heads.Clear();
        }
    }
}
