using System.Text.Json.Nodes;
using BlasNet.Graphs;
using BlasNet.Planning;
using BlasNet.Tests.Layers;
using BlasNet.Text;
using BlasNet.Training;

namespace BlasNet.Tests.Text;

/// <summary>Folders that are written and read again, and low-rank adapters, which are merged then.</summary>
public sealed class TextModelSavingTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<string, string> Models => new()
    {
        { "bert", "" }, { "distilbert", "" }, { "roberta", "" }, { "bert", "Sequence" }, { "distilbert", "Sequence" }, { "roberta", "Sequence" },
        { "bert", "Token" }, { "distilbert", "Token" }, { "roberta", "Token" },
    };

    [Theory, MemberData(nameof(Models))]
    public void What_was_read_is_written_again_as_it_was(string family, string head)
    {
        var small = new SmallEncoder(family, head);
        using TemporaryFolder origin = new();
        small.Write(origin);
        string saved = _folder.File("saved");
        Save(origin.Path, head, saved);

        string prefix = head.Length > 0 ? family + "." : "";
        using (var reader = new SafetensorsReader(Path.Combine(saved, "model.safetensors")))
        {
            Assert.Equal(small.Tensors.Keys.Select(name => small.FileName(name, prefix)).Order(StringComparer.Ordinal),
                reader.Entries.Select(entry => entry.Name).Order(StringComparer.Ordinal));
            foreach ((string name, (long[] shape, double[] values)) in small.Tensors)
            {
                SafetensorsEntry entry = reader.Entries.Single(entry => entry.Name == small.FileName(name, prefix));
                Assert.Equal(shape, entry.Shape);
                double[] found = new double[values.Length];
                reader.Read(entry, found);
                Assert.Equal(values, found);
            }
        }

        JsonNode expected = small.Configuration(), configuration = JsonNode.Parse(File.ReadAllText(Path.Combine(saved, "config.json")))!;
        foreach ((string name, JsonNode? value) in expected.AsObject())
            Assert.True(JsonNode.DeepEquals(value, configuration[name]), name);

        string tokenizer = family == "roberta" ? "tokenizer.json" : "vocab.txt";
        Assert.Equal(File.ReadAllBytes(origin.File(tokenizer)), File.ReadAllBytes(Path.Combine(saved, tokenizer)));
        Assert.Equal(head.Length == 0, File.Exists(Path.Combine(saved, "modules.json")));
        string again = _folder.File("again");
        Save(saved, head, again);
        foreach (string file in Directory.GetFiles(saved, "*", SearchOption.AllDirectories))
            Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(Path.Combine(again, Path.GetRelativePath(saved, file))));

        static void Save(string origin, string head, string target)
        {
            using TextEncoder? encoder = head.Length == 0 ? TextEncoder.LoadDouble(origin) : null;
            using TextClassifier? classifier = head == "Sequence" ? TextClassifier.Load<double>(origin, null) : null;
            using TextTagger? tagger = head == "Token" ? TextTagger.Load<double>(origin, null) : null;
            encoder?.Save(target);
            classifier?.Save(target);
            tagger?.Save(target);
        }
    }

    [Theory, InlineData(Pooling.Mean, false), InlineData(Pooling.First, true), InlineData(Pooling.Max, true)]
    public void A_saved_encoder_embeds_as_the_one_it_came_from(Pooling pooling, bool normalize)
    {
        new SmallEncoder("bert").Write(_folder);
        using TextEncoder encoder = TextEncoder.Load(_folder.Path, new() { Pooling = pooling, Normalize = normalize, MaximumTokens = 9 });
        Train(encoder, encoder.Parameters);
        string saved = _folder.File("saved");
        encoder.Save(saved);
        using TextEncoder other = TextEncoder.Load(saved);
        Assert.Equal((pooling, normalize, 9), (other.Options.Pooling, other.Options.Normalize, other.MaximumTokens));
        foreach (string text in (string[])["w4 w5", "", "w6 w7 w8 w9 w10 w11 w12 w13 w14"])
            Assert.Equal(encoder.Embed(text), other.Embed(text));
    }

    [Fact]
    public void A_trained_head_is_saved_with_its_labels()
    {
        new SmallEncoder("roberta").Write(_folder);
        string[] tags = ["NOUN", "\"quoted\" ä"];
        string saved = _folder.File("saved");
        using var tagger = new TextTagger(TextEncoder.Load(_folder.Path, new() { Seed = 3 }), tags);
        tagger.Save(saved);
        using TextTagger other = TextTagger.Load(saved);
        Assert.Equal(tags, other.Tags);
        string[][] sentences = [.. Enumerable.Range('a', 20).Select(letter => new[] { $"{(char)letter}he", "he", $"{(char)letter}" })];
        Assert.Equal(tagger.TagAll(sentences, Cancellation), other.TagAll(sentences, Cancellation));
    }

    [Fact]
    public void An_older_folder_is_replaced_when_the_new_one_is_complete_and_nothing_else_is()
    {
        new SmallEncoder("bert").Write(_folder);
        using TextEncoder encoder = TextEncoder.Load(_folder.Path);
        using TemporaryFolder target = new();
        string model = target.File("model"), other = target.File("other");
        Directory.CreateDirectory(other);
        File.WriteAllText(Path.Combine(other, "diary.txt"), "mine");
        Assert.Contains("it is a directory, and has no config.json", Assert.Throws<IOException>(() => encoder.Save(other)).Message, StringComparison.Ordinal);
        Assert.Contains("there is no directory", Assert.Throws<IOException>(() => encoder.Save(target.File("a/b"))).Message, StringComparison.Ordinal);
        Assert.Contains("it is a file", Assert.Throws<IOException>(() => encoder.Save(target.Write("file", "x"))).Message, StringComparison.Ordinal);

        encoder.Save(model);
        File.WriteAllText(Path.Combine(model, "old"), "");
        encoder.Save(model);
        Assert.False(File.Exists(Path.Combine(model, "old")));

        Parameter bias = encoder.Model["layers.0.up.b"];
        encoder.Model.SetValues(bias, [double.NaN, .. encoder.Model.ValuesOf(bias)[1..]]);
        byte[] before = File.ReadAllBytes(Path.Combine(model, "model.safetensors"));
        Assert.Throws<ArithmeticException>(() => encoder.Save(model));
        Assert.Equal(before, File.ReadAllBytes(Path.Combine(model, "model.safetensors")));
        Assert.Equal([target.File("file"), model, other], Directory.GetFileSystemEntries(target.Path).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(AdaptedProducts.Query | AdaptedProducts.Value)]
    [InlineData(AdaptedProducts.All)]
    public void An_encoder_with_adapters_computes_with_the_sums_of_weights_and_updates(AdaptedProducts products)
    {
        var small = new SmallEncoder("bert");
        small.Write(_folder);
        string[] weights = products == AdaptedProducts.All
            ? ["attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense", "intermediate.dense", "output.dense"]
            : ["attention.self.query", "attention.self.value"];
        using TextEncoder encoder = TextEncoder.LoadDouble(_folder.Path, new() { Adapters = new() { Rank = 2, Alpha = 3, Products = products } });
        int[] tokens = [2, 5, 39, 7, 3];
        AssertEncodes(encoder, small, tokens);   // new adapters change nothing

        Assert.Equal(2 * 2 * weights.Length, encoder.Adapters.Count);
        var random = new Random(7);
        foreach (Parameter adapter in encoder.Adapters)
            encoder.Model.SetValues(adapter, [.. Enumerable.Range(0, adapter.Shape.Size).Select(_ => random.NextDouble() - 0.5)]);

        // In the order of the network: A, B of each weight; column by column.
        string[] tensors = [.. Enumerable.Range(0, 2).SelectMany(layer => weights.Select(weight => $"encoder.layer.{layer}.{weight}.weight"))];
        for (int i = 0; i < tensors.Length; i++)
        {
            double[] a = encoder.Model.ValuesOf(encoder.Adapters[2 * i]), b = encoder.Model.ValuesOf(encoder.Adapters[2 * i + 1]);
            (long[] shape, double[] values) = small.Tensors[tensors[i]];
            for (int row = 0; row < shape[0]; row++)
            {
                for (int column = 0; column < shape[1]; column++)
                    values[row * shape[1] + column] += 3.0 / 2 * (b[row] * a[2 * column] + b[shape[0] + row] * a[2 * column + 1]);
            }
        }

        AssertEncodes(encoder, small, tokens);
        string saved = _folder.File("saved");
        encoder.Save(saved);
        using TextEncoder merged = TextEncoder.LoadDouble(saved);
        Assert.Empty(merged.Adapters);
        AssertEncodes(merged, small, tokens);
    }

    [Fact]
    public void Training_adapters_moves_no_weight_and_computes_no_gradient_of_one()
    {
        new SmallEncoder("bert").Write(_folder);
        using TextEncoder encoder = TextEncoder.Load(_folder.Path, new() { Adapters = new() { Rank = 3 } });
        double[][] before = [.. encoder.Parameters.Select(encoder.Model.ValuesOf)];
        double loss = 0;
        Trainer<string[]> trainer = Train(encoder, encoder.Adapters, ParameterGroup.Frozen(encoder.Parameters), () => loss = Loss(encoder));

        Assert.Equal(before, encoder.Parameters.Select(encoder.Model.ValuesOf));
        Assert.All(encoder.Adapters, adapter => Assert.Contains(encoder.Model.ValuesOf(adapter), value => value != 0));
        Assert.InRange(Loss(encoder), 0, 0.9 * loss);
        string plan = PlanPrinter.Print(trainer.Accumulator.First.Plan);
        Assert.Equal(8, plan.Split('\n').Count(line => line.Contains("outer-product-sum", StringComparison.Ordinal)));   // A and B, two in each of two layers
        Assert.Throws<ArgumentOutOfRangeException>(() => TextEncoder.Load(_folder.Path, new() { Adapters = new() { Rank = 0 } }));
    }

    public void Dispose() => _folder.Dispose();

    private static double Loss(TextEncoder encoder) => encoder.Model.GradientOf(graph => Loss(encoder, graph, ["w4 w5", "w9"])).Value;

    private static Expr Loss(TextEncoder encoder, Graph graph, string[] pair) =>
        TextLosses.CosineError(encoder.Vector(graph, pair[0]), encoder.Vector(graph, pair[1]), 0.1);

    private static Trainer<string[]> Train(TextEncoder encoder, IReadOnlyList<Parameter> trained, ParameterGroup? group = null, Action? begin = null)
    {
        begin?.Invoke();
        double[][] before = [.. trained.Select(encoder.Model.ValuesOf)];
        var trainer = new Trainer<string[]>(encoder.Model, (graph, pair) => Loss(encoder, graph, pair), new Adam(0.01)) { Groups = group is null ? [] : [group] };
        for (int step = 0; step < 20; step++)
            trainer.Step([["w4 w5", "w9"], ["w6", "w7 w8 w9"]]);

        Assert.Contains(trained.Zip(before), pair => !pair.Second.SequenceEqual(encoder.Model.ValuesOf(pair.First)));
        return trainer;
    }

    private static void AssertEncodes(TextEncoder encoder, SmallEncoder small, int[] tokens) =>
        new Evaluator<int[]>(encoder.Model, (graph, text) => encoder.Encode(graph, text)).RunDouble(
            [tokens], (_, values) => NetworkAssert.Close([.. small.Encode(tokens).SelectMany(vector => vector)], values, 1e-11, "vectors"), Cancellation);
}
