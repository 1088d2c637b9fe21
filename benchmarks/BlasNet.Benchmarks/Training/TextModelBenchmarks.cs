using BenchmarkDotNet.Attributes;
using BlasNet.Cli.Benchmarks;

namespace BlasNet.Benchmarks.Training;

/// <summary>One optimizer step of a model of sentences or trees, Adam, float32, on synthetic examples with the lengths of real text.</summary>
/// <remarks>Unit: time per step; divide by <see cref="Examples"/> for time per sentence or tree. Steps go round 16 minibatches, so their times differ: the mean counts.
/// All compute the same losses; those batched differ in whether a minibatch's structure was seen before.</remarks>
[MemoryDiagnoser]
public class TextModelBenchmarks
{
    private const int Steps = 16;

    private Workload _oneByOne = null!, _newStructure = null!, _knownStructure = null!;

    [Params("tagger", "tagger-char", "tree", "lm")]
    public string Model { get; set; } = "";

    [Params(1, 16, 64)]
    public int Examples { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var options = new WorkloadOptions { Batch = Examples, Limit = Steps * Examples };
        (_oneByOne, _newStructure) = (Create(options with { Compute = new ComputeOptions { Batching = false } }), Create(options));
        _knownStructure = Create(options with { PlanCache = PlanCache.All });
        for (int step = 0; step < _knownStructure.Steps; step++)
            _knownStructure.Step();
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _oneByOne.Dispose();
        _newStructure.Dispose();
        _knownStructure.Dispose();
    }

    [Benchmark(Baseline = true)]
    public double OneByOne() => _oneByOne.Step();

    [Benchmark]
    public double Batched() => _newStructure.Step();

    [Benchmark]
    public double BatchedKnownStructure() => _knownStructure.Step();

    private Workload Create(WorkloadOptions options) => Model switch
    {
        "tagger" => TextWorkloads.NewTagger(options),
        "tagger-char" => TextWorkloads.NewCharacterTagger(options),
        "tree" => TextWorkloads.NewTree(options),
        _ => TextWorkloads.NewLanguageModel(options, vocabulary: 10_000),
    };
}
