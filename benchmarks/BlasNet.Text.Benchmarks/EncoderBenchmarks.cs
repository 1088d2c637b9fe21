using BenchmarkDotNet.Attributes;

namespace BlasNet.Text.Benchmarks;

/// <summary>Vectors of 128 texts of a mix, tokens made of them included.</summary>
/// <remarks>Unit: time for all of them. The model's folder is <c>BLASNET_TEXT_MODEL</c>, the treebank's training file <c>BLASNET_EWT</c>'s.</remarks>
public class EncoderBenchmarks
{
    private EncoderWays _ways = null!;
    private string[] _texts = [];

    [ParamsSource(nameof(Mixes))]
    public string Mix { get; set; } = "";

    [Params(1, 2)]
    public int Threads { get; set; }

    public static IEnumerable<string> Mixes => TextMix.All;

    [GlobalSetup]
    public void Setup()
    {
        _ways = new EncoderWays(Variable("BLASNET_TEXT_MODEL"), Threads);
        _texts = TextMix.Take(Mix, _ways.Encoder, Path.Combine(Variable("BLASNET_EWT"), "train.conllu.gz"), 128);
    }

    [GlobalCleanup]
    public void Cleanup() => _ways.Dispose();

    [Benchmark(Baseline = true)]
    public float[][] OnnxRuntimeOneByOne() => _ways.Embed(EncoderWays.OneByOne, _texts);

    [Benchmark]
    public float[][] OnnxRuntimePadded() => _ways.Embed(EncoderWays.Padded, _texts);

    [Benchmark]
    public float[][] OnnxRuntimeSorted() => _ways.Embed(EncoderWays.Sorted, _texts);

    [Benchmark]
    public float[][] BlasNet() => _ways.Embed(EncoderWays.BlasNet, _texts);

    private static string Variable(string name) =>
        Environment.GetEnvironmentVariable(name) ?? throw new InvalidOperationException($"the variable {name} is not set; see benchmarks/README.md.");
}
