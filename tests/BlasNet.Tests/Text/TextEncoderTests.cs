using System.Collections.Concurrent;
using BlasNet.Execution;
using BlasNet.Graphs;
using BlasNet.Operators;
using BlasNet.Tests.Layers;
using BlasNet.Text;
using BlasNet.Training;

namespace BlasNet.Tests.Text;

/// <summary>Pretrained encoders against the papers' formulas in float64, written as plain loops.</summary>
public sealed class TextEncoderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<string> Families => ["bert", "distilbert", "roberta"];

    [Theory, MemberData(nameof(Families))]
    public void Every_token_of_texts_of_all_lengths_has_the_vector_of_the_formula_in_any_company(string family)
    {
        var small = new SmallEncoder(family);
        small.Write(_folder);
        using TextEncoder encoder = TextEncoder.LoadDouble(_folder.Path);
        var random = new Random(3);
        int[][] texts = [.. Enumerable.Range(1, 64).Select(length => Enumerable.Range(0, length).Select(_ => random.Next(SmallEncoder.Vocabulary)).ToArray())];
        double[][] expected = [.. texts.Select(tokens => small.Encode(tokens).SelectMany(vector => vector).ToArray())];

        foreach (var (count, batch) in ((int, int)[])[(8, 1), (64, 9), (64, 64)])
        {
            int[] order = [.. Enumerable.Range(0, texts.Length)];
            random.Shuffle(order);
            order = order[..count];
            var evaluator = new Evaluator<int[]>(encoder.Model, (graph, tokens) => encoder.Encode(graph, tokens)) { ComputeBatch = batch };
            evaluator.RunDouble(order.Select(i => texts[i]), (i, values) =>
                NetworkAssert.Close(expected[order[i]], values, 1e-11, $"{texts[order[i]].Length} tokens in batches of {batch}"), Cancellation);
        }
    }

    [Theory]
    [InlineData("F64", "")]
    [InlineData("F32", "")]
    [InlineData("F16", "bert.")]
    [InlineData("BF16", "")]
    public void Weights_of_every_precision_are_read_exactly(string type, string prefix)
    {
        var small = new SmallEncoder("bert");
        small.Write(_folder);
        small.WriteWeights(_folder.File("model.safetensors"), type, prefix);
        AssertEncodes(small);
    }

    [Theory]
    [InlineData("F32", false)]
    [InlineData("F32", true)]
    [InlineData("F16", false)]
    [InlineData("BF16", false)]
    public void The_weights_of_an_onnx_model_are_read_as_those_of_the_layers_they_belong_to(string type, bool asNumbers)
    {
        foreach (string family in (string[])["bert", "distilbert"])
        {
            var small = new SmallEncoder(family);
            small.Write(_folder, type);
            File.Delete(_folder.File("model.safetensors"));
            _folder.Write("model.onnx", new OnnxWriter(type, asNumbers).Write(small.Tensors));
            AssertEncodes(small);
        }
    }

    [Fact]
    public void Launches_over_sixty_four_texts_are_nearly_those_over_one_and_no_vector_is_copied()
    {
        new SmallEncoder("bert").Write(_folder);
        using TextEncoder encoder = TextEncoder.LoadDouble(_folder.Path);
        var (one, _) = CostOf([17]);
        var (all, copied) = CostOf([.. Enumerable.Range(0, 64).Select(i => 1 + i * 7 % 40)]);
        TestContext.Current.TestOutputHelper!.WriteLine($"{one} launches over one text, {all} over 64 of 40 lengths; {copied} bytes copied");
        Assert.InRange(all, 1, 1.1 * one);
        Assert.InRange(copied, 0, 2 * 64 * sizeof(double));   // 1/n of each text, for its mean, and no vector

        (int Launches, long CopiedBytes) CostOf(int[] lengths)
        {
            using var engine = new Engine<double>(encoder.Model.Store<double>(), new ComputeOptions { Verify = true });
            Graph graph = encoder.Model.NewGraph();
            Expr[] values = [.. lengths.Select((length, i) =>
            {
                graph.BeginExample(i);
                return Op.MeanColumns(encoder.Encode(graph, [.. Enumerable.Range(i, length).Select(token => token * 5 % SmallEncoder.Vocabulary)]));
            })];
            engine.Prepare(graph, values);
            return (engine.Plan.StepCount, engine.Plan.CopiedBytes);
        }
    }

    [Theory, InlineData(Pooling.Mean), InlineData(Pooling.First), InlineData(Pooling.Max)]
    public void A_text_has_the_pooled_vector_of_its_tokens(Pooling pooling)
    {
        var small = new SmallEncoder("bert");
        small.Write(_folder);
        using TextEncoder raw = TextEncoder.Load(_folder.Path, new() { Pooling = pooling });
        using TextEncoder unit = TextEncoder.Load(_folder.Path, new() { Pooling = pooling, Normalize = true });
        double[] expected = Pool(pooling, small.Encode([2, 7, 9, 30, 3]));
        double norm = Math.Sqrt(expected.Sum(value => value * value));

        Assert.Equal([2, 7, 9, 30, 3], raw.Tokenize("w7 W9 w30"));
        Close(expected, raw.Embed("w7 W9 w30"));
        Close([.. expected.Select(value => value / norm)], unit.Embed("w7 W9 w30"));
    }

    [Theory, InlineData(Pooling.Mean), InlineData(Pooling.First), InlineData(Pooling.Max)]
    public void A_long_text_is_truncated_or_cut_into_windows_that_are_pooled(Pooling pooling)
    {
        var small = new SmallEncoder("bert");
        small.Write(_folder);
        var options = new TextEncoderOptions { Pooling = pooling, MaximumTokens = 6 };
        using TextEncoder truncating = TextEncoder.Load(_folder.Path, options),
            cutting = TextEncoder.Load(_folder.Path, options with { LongTexts = LongTexts.Windows, BatchTokens = 9 });
        const string Text = "w4 w5 w6 w7 w8 w9 w10 w11 w12 w13";

        Close(Pool(pooling, small.Encode([2, 4, 5, 6, 7, 3])), truncating.Embed(Text));

        double[][][] windows = [.. ((int[][])[[2, 4, 5, 6, 3], [2, 7, 8, 9, 3], [2, 10, 11, 12, 13, 3]]).Select(tokens => small.Encode(tokens))];
        double[] expected = pooling == Pooling.First
            ? Pool(Pooling.Mean, [.. windows.Select(window => window[0])])
            : Pool(pooling, [.. windows.SelectMany(window => window)]);
        Close(expected, cutting.Embed(Text));
        Assert.Equal(3, cutting.Embed(["w4", Text, ""], Cancellation).Length);
    }

    [Fact]
    public void The_folder_says_how_texts_are_pooled_how_long_they_may_be_and_whether_vectors_have_length_one()
    {
        new SmallEncoder("bert").Write(_folder);
        Assert.Equal((Pooling.Mean, false, 70), Facts());

        Directory.CreateDirectory(_folder.File("1_Pooling"));
        _folder.Write("1_Pooling/config.json", """{"word_embedding_dimension": 12, "pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false}""");
        _folder.Write("tokenizer_config.json", """{"model_max_length": 1000000000000000019884624838656}""");
        Assert.Equal((Pooling.First, false, 70), Facts());

        _folder.Write("tokenizer_config.json", """{"model_max_length": 50}""");
        _folder.Write("modules.json", """
            [{"type": "sentence_transformers.models.Transformer", "path": ""}, {"type": "sentence_transformers.models.Pooling", "path": "1_Pooling"},
             {"type": "sentence_transformers.models.Normalize", "path": "2_Normalize"}]
            """);
        Assert.Equal((Pooling.First, true, 50), Facts());

        _folder.Write("sentence_bert_config.json", """{"max_seq_length": 40}""");
        Assert.Equal((Pooling.First, true, 40), Facts());

        _folder.Write("sentence_bert_config.json", """{"do_lower_case": true}""");
        using TextEncoder lowering = TextEncoder.Load(_folder.Path);
        Assert.Equal([2, 0, 0, 0, 5, 3], lowering.Tokenize("[SEP]W5"));   // [ sep ]

        (Pooling?, bool?, int) Facts()
        {
            using TextEncoder encoder = TextEncoder.Load(_folder.Path);
            return (encoder.Options.Pooling, encoder.Options.Normalize, encoder.MaximumTokens);
        }
    }

    [Fact]
    public void Threads_that_embed_at_once_get_what_each_would_get_alone()
    {
        new SmallEncoder("bert").Write(_folder);
        using TextEncoder encoder = TextEncoder.Load(_folder.Path, new() { BatchTokens = 40 });
        string[] texts = [.. Enumerable.Range(0, 60).Select(i => string.Join(' ', Enumerable.Range(4, 1 + i % 20).Select(word => $"w{4 + (word + i) % 30}")))];
        float[][] expected = [.. texts.Select(encoder.Embed)];
        var wrong = new ConcurrentBag<string>();
        Parallel.For(0, 8, new ParallelOptions { CancellationToken = Cancellation }, thread =>
        {
            string[] mine = [.. texts.Skip(thread), .. texts.Take(thread)];
            float[][] vectors = encoder.Embed(mine, Cancellation);
            for (int i = 0; i < mine.Length; i++)
            {
                if (!vectors[i].Zip(expected[(i + thread) % texts.Length], (a, b) => Math.Abs(a - b)).All(difference => difference < 1e-5))
                    wrong.Add($"thread {thread}, text {i}");
            }
        });
        Assert.Empty(wrong);
    }

    [Fact]
    public void Batches_computed_side_by_side_have_the_vectors_of_batches_one_after_another_in_the_order_of_the_texts()
    {
        new SmallEncoder("bert").Write(_folder);
        using TextEncoder one = TextEncoder.Load(_folder.Path, new() { BatchTokens = 40, Compute = new() { Threads = 1 } });
        using TextEncoder three = TextEncoder.Load(_folder.Path, one.Options with { Compute = new() { Threads = 3 } });
        string[] texts = [.. Enumerable.Range(0, 200).Select(i => string.Join(' ', Enumerable.Range(4, 1 + i % 20).Select(word => $"w{4 + (word + i) % 30}")))];
        foreach (int count in (int[])[0, 1, 5, 60, 200])   // no batch, fewer than threads, a rest of one, several groups
            Assert.Equal(one.Embed(texts[..count], Cancellation), three.Embed(texts[..count], Cancellation));
    }

    [Fact]
    public void A_stream_is_read_no_further_than_a_batch_ahead_and_a_cancelled_one_ends()
    {
        new SmallEncoder("bert").Write(_folder);
        using TextEncoder encoder = TextEncoder.Load(_folder.Path, new() { BatchTokens = 12 });
        using var cancellation = new CancellationTokenSource();
        int read = 0, given = 0;
        Assert.Throws<OperationCanceledException>(() =>
        {
            foreach (float[] _ in encoder.EmbedStream(Texts(), cancellation.Token))
            {
                Assert.InRange(read - ++given, 0, 5);
                if (given == 100)
                    cancellation.Cancel();
            }
        });
        Assert.InRange(given, 100, 105);

        IEnumerable<string> Texts()
        {
            while (true)
            {
                read++;
                yield return "w5";
            }
        }
    }

    [Fact]
    public void A_disposed_encoder_and_a_text_that_is_null_are_refused()
    {
        new SmallEncoder("bert").Write(_folder);
        TextEncoder encoder = TextEncoder.Load(_folder.Path);
        Assert.Throws<ArgumentException>(() => encoder.Embed(["w4", null!], Cancellation));
        Assert.Throws<ArgumentException>(() => encoder.Encode(encoder.Model.NewGraph(), new int[SmallEncoder.Positions + 1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => TextEncoder.Load(_folder.Path, new() { MaximumTokens = 71 }));
        encoder.Dispose();
        Assert.Throws<ObjectDisposedException>(() => encoder.Embed("w4"));
    }

    public void Dispose() => _folder.Dispose();

    private void AssertEncodes(SmallEncoder small)
    {
        using TextEncoder encoder = TextEncoder.LoadDouble(_folder.Path);
        int[] tokens = [2, 5, 39, 0, 17, 3];
        new Evaluator<int[]>(encoder.Model, (graph, text) => encoder.Encode(graph, text)).RunDouble(
            [tokens], (_, values) => NetworkAssert.Close([.. small.Encode(tokens).SelectMany(vector => vector)], values, 1e-11, "vectors"),
            Cancellation);
    }

    private static double[] Pool(Pooling pooling, double[][] vectors) => [.. Enumerable.Range(0, SmallEncoder.Size).Select(i => pooling switch
    {
        Pooling.Mean => vectors.Average(vector => vector[i]),
        Pooling.First => vectors[0][i],
        _ => vectors.Max(vector => vector[i]),
    })];

    private static void Close(double[] expected, float[] actual) =>
        NetworkAssert.Close(expected, Array.ConvertAll(actual, value => (double)value), 1e-5, "vector");
}
