using System.CommandLine;
using System.Globalization;
using System.Numerics.Tensors;
using BenchmarkDotNet.Running;
using BlasNet.Diagnostics;
using BlasNet.Text;
using BlasNet.Text.Benchmarks;

// The same texts' vectors by BlasNet and by ONNX Runtime: how alike they are, how many a second, how soon; with --filter, the BenchmarkDotNet class.
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
Option<int> rounds = new("--rounds") { Description = "Of all ways, one after another.", DefaultValueFactory = _ => 7 };
Option<int> threads = new("--threads") { Description = "For each product.", DefaultValueFactory = _ => 1 };
Option<int?> batchTokens = new("--batch-tokens") { Description = "Tokens that BlasNet computes at once." };
mix.AcceptOnlyFromAmong([.. TextMix.All]);

Command compare = new("compare", "The cosine of both vectors of each text.") { model, data, mix, count };
compare.SetAction(options =>
{
    (EncoderWays ways, string[] texts) = Begin(options);
    double[] cosines = [.. ways.Embed(EncoderWays.BlasNet, texts).Zip(ways.Embed(EncoderWays.OneByOne, texts), Cosine)];
    int[] lengths = [.. texts.Select(text => ways.Encoder.Windows(text)[0].Length)];
    Console.WriteLine($"{texts.Length} texts of {lengths.Min()} to {lengths.Max()} tokens: least cosine {cosines.Min():F8}, mean {cosines.Average():F8}");
});

Command rates = new("rates", "Texts a second, the ways in turns; medians and ranges.") { model, data, mix, count, rounds, threads, batchTokens };
rates.SetAction(options =>
{
    (EncoderWays ways, string[] texts) = Begin(options);
    int[] lengths = [.. texts.Select(text => ways.Encoder.Windows(text)[0].Length)];
    double flops = lengths.Sum(ways.Encoder.FlopsOf), peak = GemmPeak.Measure(options.GetValue(threads));
    Dictionary<string, Measured> measured = InTurns(EncoderWays.All, options.GetValue(rounds), way => ways.Embed(way, texts));
    peak = Math.Max(peak, GemmPeak.Measure(options.GetValue(threads)));

    string sizes = $"{lengths.Average():F1} tokens each ({lengths.Min()} … {lengths.Max()})";
    Console.WriteLine($"{texts.Length} {options.GetValue(mix)}, {sizes}, {options.GetValue(threads)} thread(s)");
    Console.WriteLine($"{"",-42} {"texts/s",-30} {"of processor time",-30} × BlasNet's is as fast, both");
    foreach ((string way, Measured times) in measured)
        Console.WriteLine($"{way,-42} {times.Rates(texts.Length)} {measured[EncoderWays.BlasNet].Against(times)}");

    double rate = flops / measured[EncoderWays.BlasNet].Quantile(0.5);
    Console.WriteLine($"BlasNet: {rate / 1e9:F1} GFLOP/s, {rate / 1e9 / peak:P1} of {peak:F0} (packed product)");
});

Command latency = new("latency", "Milliseconds for one short query alone.") { model, data, count, rounds, threads };
latency.SetAction(options =>
{
    (EncoderWays ways, string[] texts) = Begin(options);
    string[] queries = [.. texts.Where(text => ways.Encoder.Tokenize(text).Length <= 16)];
    string[] alone = [EncoderWays.BlasNet, EncoderWays.OneByOne];
    var measured = alone.ToDictionary(way => way, _ => new Measured());
    for (int round = 0; round < options.GetValue(rounds); round++)
    {
        foreach (string query in queries)
        {
            foreach (string way in alone)
                measured[way].Add(() => ways.Embed(way, [query]));
        }

        if (round == 0)
            measured = alone.ToDictionary(way => way, _ => new Measured());   // the first one warms up
    }

    foreach ((string way, Measured times) in measured)
        Console.WriteLine($"{way,-42} median {times.Quantile(0.5) * 1000:F2} ms, 99 % within {times.Quantile(0.99) * 1000:F2} ms");
});

Command profile = new("profile", "Where BlasNet's time goes: building, planning, each operator's kernels.") { model, data, mix, count, threads, batchTokens };
profile.SetAction(options =>
{
    (EncoderWays ways, string[] texts) = Begin(options);
    OperatorProfile.Print(ways.Encoder, texts, Console.Out);
});

return new RootCommand("A pretrained encoder in BlasNet and in ONNX Runtime.") { compare, rates, latency, profile }.Parse(args).Invoke();

(EncoderWays Ways, string[] Texts) Begin(ParseResult options)
{
    var encoder = new TextEncoderOptions { MaximumTokens = 512 };
    if (options.GetValue(batchTokens) is { } tokens)
        encoder = encoder with { BatchTokens = tokens };

    var ways = new EncoderWays(options.GetRequiredValue(model), Math.Max(1, options.GetValue(threads)), encoder);
    return (ways, TextMix.Take(options.GetValue(mix) ?? TextMix.Sentences, ways.Encoder, options.GetRequiredValue(data), options.GetValue(count)));
}

// One after another, again and again, so that what else the machine does falls on all.
static Dictionary<string, Measured> InTurns(IReadOnlyList<string> ways, int rounds, Action<string> run)
{
    var measured = ways.ToDictionary(way => way, _ => new Measured());
    foreach (string way in ways)
        run(way);   // warms up

    for (int round = 0; round < rounds; round++)
    {
        foreach (string way in ways)
            measured[way].Add(() => run(way));
    }

    return measured;
}

static double Cosine(float[] a, float[] b)
{
    double[] x = Array.ConvertAll(a, value => (double)value), y = Array.ConvertAll(b, value => (double)value);
    return TensorPrimitives.CosineSimilarity<double>(x, y);
}
