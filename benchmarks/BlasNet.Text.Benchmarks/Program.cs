using System.Diagnostics;
using System.Globalization;
using System.Numerics.Tensors;
using BlasNet.Datasets;
using BlasNet.Text;
using BlasNet.Text.Benchmarks;

// Vectors of the same sentences by BlasNet and by ONNX Runtime: how alike they are, and how many a second, in turns on one thread.
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
if (args.Length < 2)
{
    Console.Error.WriteLine("MODEL-FOLDER SENTENCES.conllu[.gz] [compared = 2000] [timed = 512] [rounds = 7]");
    return 2;
}

int Number(int position, int otherwise) => args.Length > position ? int.Parse(args[position], CultureInfo.InvariantCulture) : otherwise;

(int compared, int timed, int rounds) = (Number(2, 2000), Number(3, 512), Number(4, 7));
string[] sentences = [.. TaggedFile.Read(args[1]).Take(Math.Max(compared, timed)).Select(words => string.Join(' ', words.Select(word => word.Word)))];
using var encoder = TextEncoder.Load(args[0], new TextEncoderOptions { BatchTokens = Number(5, new TextEncoderOptions().BatchTokens) });
using var other = new OnnxRuntimeEncoder(Path.Combine(args[0], "model.onnx"), encoder, threads: 1);

if (compared > 0)
{
    string[] texts = sentences[..Math.Min(compared, sentences.Length)];
    double[] cosines = [.. encoder.Embed(texts).Zip(other.Embed(texts, 1), (a, b) => Cosine(a, b))];
    Console.WriteLine($"{texts.Length} sentences: least cosine {cosines.Min():F8}, mean {cosines.Average():F8}");
}

string[] some = sentences[..Math.Min(timed, sentences.Length)];
Console.WriteLine($"{some.Length} sentences of {some.Average(text => encoder.Tokenize(text).Length):F1} tokens, median of {rounds} rounds in turns (range)");
Console.WriteLine($"{"",-42} {"texts/s",-28} texts/s of processor time");
(string Name, Action Run)[] ways =
[
    ("BlasNet", () => encoder.Embed(some)),
    ("ONNX Runtime, one by one", () => other.Embed(some, 1)),
    ("ONNX Runtime, 32 padded, as they come", () => other.Embed(some, 32)),
    ("ONNX Runtime, 8 padded, sorted by length", () => other.EmbedSorted(some, 8)),
];
var rates = ways.ToDictionary(way => way.Name, _ => (Wall: new List<double>(), Processor: new List<double>()));
for (int round = -1; round < rounds; round++)
{
    foreach ((string name, Action run) in ways)
    {
        (long start, TimeSpan busy) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
        run();
        if (round < 0)
            continue;   // the first one warms up

        rates[name].Wall.Add(some.Length / Stopwatch.GetElapsedTime(start).TotalSeconds);
        rates[name].Processor.Add(some.Length / (Environment.CpuUsage.TotalTime - busy).TotalSeconds);
    }
}

foreach ((string name, var measured) in rates)
    Console.WriteLine($"{name,-42} {Summary(measured.Wall),-28} {Summary(measured.Processor)}");

OperatorProfile.Print(encoder, some, batch: 64, Console.Out);
return 0;

// On a machine that others use too, the time of the processor says more than that of the clock.
static string Summary(List<double> measured)
{
    measured.Sort();
    return $"{measured[measured.Count / 2]:F1} ({measured[0]:F1} … {measured[^1]:F1})";
}

static double Cosine(float[] a, float[] b)
{
    double[] x = Array.ConvertAll(a, value => (double)value), y = Array.ConvertAll(b, value => (double)value);
    return TensorPrimitives.CosineSimilarity<double>(x, y);
}
