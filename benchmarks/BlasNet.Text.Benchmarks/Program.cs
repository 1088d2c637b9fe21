using System.CommandLine;
using System.Globalization;
using BenchmarkDotNet.Running;
using BlasNet;
using BlasNet.Cli.Benchmarks.Encoders;
using BlasNet.Datasets;
using BlasNet.Text;
using BlasNet.Text.Benchmarks;

// How soon a short query has its vector, and where the time goes; with --filter, the BenchmarkDotNet class. For rates see blasnet bench encoder.
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
if (args.Contains("--filter"))
{
    BenchmarkSwitcher.FromAssembly(typeof(EncoderBenchmarks).Assembly).Run(args);
    return 0;
}

Argument<string> model = new("model") { Description = "Folder of a pretrained encoder, with model.onnx." };
Argument<string> data = new("data") { Description = "A treebank's sentences, CoNLL-U." };
Option<string> mix = new("--mix") { Description = $"{string.Join(", ", TextMix.All)}.", DefaultValueFactory = _ => TextMix.Sentences };
Option<int> count = new("--count") { Description = "How many texts.", DefaultValueFactory = _ => 512 };
Option<int> rounds = new("--rounds") { Description = "Of both ways, one after another.", DefaultValueFactory = _ => 7 };
Option<int> threads = new("--threads") { Description = "For each product.", DefaultValueFactory = _ => 1 };
Option<int?> batchTokens = new("--batch-tokens") { Description = "Tokens that BlasNet computes at once." };
mix.AcceptOnlyFromAmong([.. TextMix.All]);

Command latency = new("latency", "Milliseconds for one short query alone.") { model, data, count, rounds, threads };
latency.SetAction(options =>
{
    (TextEncoder encoder, string[] texts) = Begin(options);
    var peer = new OnnxRuntimeEncoder(Path.Combine(options.GetValue(model)!, "model.onnx"), options.GetValue(threads));
    string[] queries = [.. texts.Where(text => encoder.Tokenize(text).Length <= 16)];
    EncoderWay[] alone = [.. EncoderWays.Of(encoder, peer).Take(2)];
    var measured = alone.ToDictionary(way => way.Name, _ => new WayTimes());
    for (int round = 0; round <= options.GetValue(rounds); round++)
    {
        foreach (string query in queries)
        {
            foreach (EncoderWay way in alone)
                measured[way.Name].Add(() => way.Embed([query], default));
        }

        if (round == 0)
            measured = alone.ToDictionary(way => way.Name, _ => new WayTimes());   // the first one warms up
    }

    foreach ((string way, WayTimes times) in measured)
        Console.WriteLine($"{way,-42} median {times.Quantile(0.5) * 1000:F2} ms, 99 % within {times.Quantile(0.99) * 1000:F2} ms");
});

Command profile = new("profile", "Where BlasNet's time goes: building, planning, each operator's kernels.") { model, data, mix, count, threads, batchTokens };
profile.SetAction(options =>
{
    (TextEncoder encoder, string[] texts) = Begin(options);
    OperatorProfile.Print(encoder, texts, Console.Out);
});

return new RootCommand("A pretrained encoder in BlasNet and in ONNX Runtime.") { latency, profile }.Parse(args).Invoke();

(TextEncoder, string[]) Begin(ParseResult options)
{
    var own = new TextEncoderOptions { MaximumTokens = 512, Compute = new ComputeOptions { Threads = Math.Max(1, options.GetValue(threads)) } };
    TextEncoder encoder = TextEncoder.Load(options.GetValue(model)!, own with { BatchTokens = options.GetValue(batchTokens) ?? own.BatchTokens });
    string which = options.GetResult(mix) is null ? TextMix.Sentences : options.GetValue(mix)!;
    IEnumerable<string> sentences = SentenceFile.Read(options.GetValue(data)!).Select(words => string.Join(' ', words));
    return (encoder, TextMix.Take(which, encoder, sentences, options.GetValue(count)));
}
