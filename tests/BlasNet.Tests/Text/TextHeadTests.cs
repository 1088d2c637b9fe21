using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using BlasNet.Tests.Layers;
using BlasNet.Text;
using BlasNet.Training;

namespace BlasNet.Tests.Text;

/// <summary>Classifiers, rerankers and taggers against the formulas of their heads in float64.</summary>
public sealed class TextHeadTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<string, string, int[]> Sequences => new()
    {
        { "bert", "w4 w5", [2, 4, 5, 3] },
        { "bert", "w4 w5|w6", [2, 4, 5, 3, 6, 3] },
        { "distilbert", "w4 w5", [2, 4, 5, 3] },
        { "distilbert", "w4|w6 w7", [2, 4, 3, 6, 7, 3] },
        { "roberta", "he he", [0, 31, 32, 2] },
        { "roberta", "he|a he", [0, 31, 2, 2, 4, 32, 2] },
    };

    [Theory, MemberData(nameof(Sequences))]
    public void A_text_or_a_pair_has_the_logits_of_the_heads_formula(string family, string text, int[] tokens)
    {
        var small = new SmallEncoder(family, "Sequence");
        small.Write(_folder);
        TextInput input = text.Split('|') is [var first, var second] ? new TextInput(first, second) : text;
        double[] expected = small.Logits(tokens, second: text.Contains('|', StringComparison.Ordinal) ? Array.IndexOf(tokens, 3) + 1 : int.MaxValue);

        using TextClassifier exact = TextClassifier.Load<double>(_folder.Path, null), classifier = TextClassifier.Load(_folder.Path);
        new Evaluator<TextInput>(exact.Model, exact.Logits).RunDouble([input], (_, value) => NetworkAssert.Close(expected, value, 1e-11, "logits"), Cancellation);
        float[][] logits = classifier.Scores([input, "a", input], Cancellation);
        foreach (int i in (int[])[0, 2])
            NetworkAssert.Close(expected, Array.ConvertAll(logits[i], value => (double)value), 1e-5, "logits");

        double[] exponentials = Array.ConvertAll(expected, Math.Exp);
        NetworkAssert.Close([.. exponentials.Select(value => value / exponentials.Sum())],
            Array.ConvertAll(classifier.Probabilities(input), value => (double)value), 1e-5, "probabilities");
        Assert.Equal(small.Labels, classifier.Labels);
        Assert.Equal(small.Labels[Array.IndexOf(expected, expected.Max())], classifier.Classify(input));
    }

    // A word of several pieces, one that the tokenizer leaves out, and a sentence in parts.
    [Theory]
    [InlineData("bert", "w4 w5-w6 \u200B w7", "2 4 5 0 6 0 7 3", "1 2 5 6")]
    [InlineData("distilbert", "w9", "2 9 3", "1")]
    [InlineData("roberta", "hello he a", "0 31 33 18 32 30 4 2", "1 4 5")]
    public void A_word_has_the_logits_of_its_first_piece(string family, string words, string tokens, string first)
    {
        var small = new SmallEncoder(family, "Token");
        small.Write(_folder);
        int[] sequence = Numbers(tokens), firsts = Numbers(first);
        double[][] expected = small.LogitsOf(sequence, firsts);
        using TextTagger exact = TextTagger.Load<double>(_folder.Path, null), tagger = TextTagger.Load(_folder.Path);
        string[] sentence = words.Split(' ');
        new Evaluator<string[]>(exact.Model, exact.Logits).RunDouble(
            [sentence], (_, value) => NetworkAssert.Close([.. expected.SelectMany(logits => logits)], value, 1e-11, "logits"), Cancellation);
        string[] tags = [.. expected.Select(logits => small.Labels[Array.IndexOf(logits, logits.Max())])];
        Assert.Equal(tags, tagger.Tag(sentence));
        Assert.Equal([tags, tags], tagger.TagAll([sentence, sentence], Cancellation));
        Assert.Empty(tagger.Tag([]));
        Assert.Throws<ArgumentException>(() => tagger.Tag(["w4", null!]));

        static int[] Numbers(string text) => [.. text.Split(' ').Select(int.Parse)];
    }

    [Fact]
    public void A_sentence_that_is_too_long_is_cut_between_words()
    {
        var small = new SmallEncoder("bert", "Token");
        small.Write(_folder);
        using TextTagger tagger = TextTagger.Load<double>(_folder.Path, new() { MaximumTokens = 6 });
        double[][][] parts =
            [small.LogitsOf([2, 4, 5, 3], [1, 2]), small.LogitsOf([2, 6, 0, 7, 0, 3], [1]), small.LogitsOf([2, 9, 10, 11, 3], [1, 2, 3])];
        double[] expected = [.. parts.SelectMany(part => part).SelectMany(logits => logits)];
        new Evaluator<string[]>(tagger.Model, tagger.Logits).RunDouble(
            [["w4", "w5", "w6-w7-w8", "w9", "w10", "w11"]], (_, value) => NetworkAssert.Close(expected, value, 1e-11, "logits"), Cancellation);
    }

    [Fact]
    public void Passages_are_ordered_by_the_score_of_the_pair()
    {
        var small = new SmallEncoder("bert", "Sequence", labels: 1);
        small.Write(_folder);
        using Reranker reranker = Reranker.Load(_folder.Path);
        string[] passages = [.. Enumerable.Range(10, 12).Select(word => $"w{word} w{word + 9}")];
        double[] expected = [.. Enumerable.Range(10, 12).Select(word => small.Logits([2, 5, 3, word, word + 9, 3], second: 3)[0])];

        NetworkAssert.Close(expected, Array.ConvertAll(reranker.Score("w5", passages, Cancellation), score => (double)score), 1e-5, "scores");
        RankedPassage[] best = reranker.Rank("w5", passages, top: 4, Cancellation);
        Assert.Equal(Enumerable.Range(0, 12).OrderByDescending(i => expected[i]).Take(4), best.Select(passage => passage.Index));
        Assert.Empty(reranker.Rank("w5", [], cancellation: Cancellation));
        Assert.Throws<ArgumentException>(() => reranker.Score("w5", ["w4", null!], Cancellation));
    }

    [Fact]
    public void Threads_that_classify_at_once_get_what_each_would_get_alone()
    {
        new SmallEncoder("bert", "Sequence").Write(_folder);
        using TextClassifier classifier = TextClassifier.Load(_folder.Path, new() { BatchTokens = 30 });
        TextInput[] texts = [.. Enumerable.Range(0, 40).Select(i => new TextInput(string.Join(' ', Enumerable.Repeat($"w{4 + i % 30}", 1 + i % 9)), i % 2 == 0 ? null : "w8"))];
        float[][] expected = [.. texts.Select(text => classifier.Scores([text])[0])];
        var wrong = new ConcurrentBag<int>();
        Parallel.For(0, 8, new ParallelOptions { CancellationToken = Cancellation }, thread =>
        {
            float[][] logits = classifier.Scores([.. texts.Skip(thread)], Cancellation);
            for (int i = 0; i < logits.Length; i++)
            {
                if (logits[i].Zip(expected[i + thread], (a, b) => Math.Abs(a - b)).Max() > 1e-5)
                    wrong.Add(i);
            }
        });
        Assert.Empty(wrong);
    }

    [Fact]
    public void A_new_head_learns_classes_and_tags()
    {
        new SmallEncoder("bert").Write(_folder);
        using var classifier = new TextClassifier(TextEncoder.Load(_folder.Path), "even", "odd");
        (string Text, int Label)[] texts = [.. Enumerable.Range(4, 30).Select(word => ($"w{word} w{word}", word % 2))];
        var trainer = new Trainer<(string Text, int Label)>(
            classifier.Model, (graph, example) => BlasNet.Operators.Op.CrossEntropy(classifier.Logits(graph, example.Text), example.Label), new Adam(0.005));
        for (int epoch = 0; epoch < 80; epoch++)
            trainer.Epoch(texts, cancellation: Cancellation);

        Assert.Equal(texts.Select(text => text.Label == 0 ? "even" : "odd"), classifier.Classify([.. texts.Select(text => (TextInput)text.Text)], Cancellation));
        Assert.Throws<InvalidOperationException>(() => new TextTagger(classifier.Encoder, "late"));
        using TextEncoder fresh = TextEncoder.Load(_folder.Path);
        Assert.Throws<ArgumentException>(() => new TextTagger(fresh, "a", "a"));
        Assert.Throws<ArgumentException>(() => new TextTagger(fresh));
    }

    public static TheoryData<string, string, string> Configurations => new()
    {
        { "architectures", "[\"BertModel\"]", "'architectures' must have a name that ends with ForSequenceClassification; it has BertModel." },
        { "architectures", "null", "'architectures' must have a name that ends with ForSequenceClassification; it has none." },
        { "architectures", "[7]", "a string is expected" },
        { "id2label", "{}", "'id2label' is empty" },
        { "id2label", """{"0": "a", "2": "b"}""", "the numbers of 2 labels in 'id2label' must be 0 to 1, each once; there is '2'" },
        { "id2label", """{"0": "a", "00": "b"}""", "the numbers of 2 labels in 'id2label' must be 0 to 1, each once; there is '00'" },
        { "id2label", """{"0": 5}""", "a string is expected" },
        { "id2label", """{"0": "a", "1": "b"}""", "tensor classifier.weight [3, 12] must have the shape [2, 12]" },
        { "num_labels", "99999999", "'num_labels' must be an integer from 1 to 10000000, not 99999999" },
        { "num_labels", "9999999", "'num_labels' must be at most 1048576, not 9999999" },
        { "num_labels", "1000000", "is too short for the 1" },
        { "classifier_dropout", "1", "'classifier_dropout' must be a number from 0, below 1, not 1" },
        { "hidden_dropout_prob", "-1", "'hidden_dropout_prob' must be a number from 0, below 1, not -1" },
    };

    [Theory, MemberData(nameof(Configurations))]
    public void A_configuration_of_a_head_that_makes_no_sense_is_refused(string member, string value, string rule)
    {
        var small = new SmallEncoder("bert", "Sequence");
        small.Write(_folder);
        JsonObject configuration = small.Configuration();
        if (member == "num_labels")
            configuration.Remove("id2label");

        configuration[member] = JsonNode.Parse(value);
        _folder.Write("config.json", configuration.ToJsonString());
        string message = Assert.ThrowsAny<IOException>(() => TextClassifier.Load(_folder.Path)).Message;
        Assert.Contains($".{(rule.StartsWith("tensor", StringComparison.Ordinal) || rule.StartsWith("is too", StringComparison.Ordinal) ? "safetensors" : "json")}: {rule}", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Heads_that_do_not_fit_are_refused_and_an_encoder_does_without()
    {
        var small = new SmallEncoder("bert", "Sequence");
        small.Write(_folder);
        TextEncoder.Load(_folder.Path).Dispose();
        Refused(() => TextTagger.Load(_folder.Path), "ends with ForTokenClassification; it has BertForSequenceClassification");
        Refused(() => Reranker.Load(_folder.Path), "a reranker has one label, its score; this model has 3");
        small.Tensors["classifier.extra.weight"] = ([1], [1]);
        small.WriteWeights(_folder.File("model.safetensors"), "F32", "bert.");
        Refused(() => TextClassifier.Load(_folder.Path), "tensor classifier.extra.weight [1] is not part of bert");
        small.Tensors.Remove("classifier.extra.weight");
        small.Tensors.Remove("pooler.dense.bias");
        small.WriteWeights(_folder.File("model.safetensors"), "F32", "bert.");
        Refused(() => TextClassifier.Load(_folder.Path), "has no tensor 'pooler.dense.bias', which bert has");

        static void Refused(Action load, string rule) => Assert.Contains(rule, Assert.Throws<TextModelException>(load).Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();
}
