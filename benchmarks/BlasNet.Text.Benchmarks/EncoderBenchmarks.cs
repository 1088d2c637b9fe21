using BenchmarkDotNet.Attributes;
using BlasNet.Cli.Benchmarks.Encoders;
using BlasNet.Datasets;

namespace BlasNet.Text.Benchmarks;

/// <summary>Vectors of 128 texts of a mix, tokens made of them included.</summary>
/// <remarks>Unit: time for all of them. The model's folder is <c>BLASNET_TEXT_MODEL</c>, the treebank's training file <c>BLASNET_EWT</c>'s.</remarks>
public class EncoderBenchmarks
{
    private TextEncoder _encoder = null!;
    private OnnxRuntimeEncoder _peer = null!;
    private IReadOnlyList<EncoderWay> _ways = [];
    private string[] _texts = [];

    [ParamsSource(nameof(Mixes))]
    public string Mix { get; set; } = "";

    [Params(1, 2)]
    public int Threads { get; set; }

    public static IEnumerable<string> Mixes => TextMix.All;

    [GlobalSetup]
    public void Setup()
    {
        string folder = Variable("BLASNET_TEXT_MODEL"), sentences = Path.Combine(Variable("BLASNET_EWT"), "train.conllu.gz");
        _encoder = TextEncoder.Load(folder, new TextEncoderOptions { Compute = new ComputeOptions { Threads = Threads } });
        _peer = new OnnxRuntimeEncoder(Path.Combine(folder, "model.onnx"), Threads);
        _ways = EncoderWays.Of(_encoder, _peer);
        _texts = TextMix.Take(Mix, _encoder, SentenceFile.Read(sentences).Select(words => string.Join(' ', words)), 128);
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _encoder.Dispose();
        _peer.Dispose();
    }

    [Benchmark(Baseline = true)]
    public float[][] OnnxRuntimeOneByOne() => _ways[1].Embed(_texts, default);

    [Benchmark]
    public float[][] OnnxRuntimePadded() => _ways[2].Embed(_texts, default);

    [Benchmark]
    public float[][] OnnxRuntimeSorted() => _ways[3].Embed(_texts, default);

    [Benchmark]
    public float[][] BlasNet() => _ways[0].Embed(_texts, default);

    private static string Variable(string name) =>
        Environment.GetEnvironmentVariable(name) ?? throw new InvalidOperationException($"the variable {name} is not set; see benchmarks/README.md.");
}
