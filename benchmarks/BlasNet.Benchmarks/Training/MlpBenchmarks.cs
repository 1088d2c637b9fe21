using BenchmarkDotNet.Attributes;
using BlasNet.Graphs;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Benchmarks.Training;

/// <summary>One optimizer step of a 784-512-512-10 network, softmax cross-entropy, SGD, float32, synthetic pixels.</summary>
/// <remarks>Unit: time per step; divide by <see cref="Examples"/> for time per example. Both compute the same step from the same single-example loss.</remarks>
[MemoryDiagnoser]
public class MlpBenchmarks
{
    private Model _model = null!;
    private Trainer<(float[] Pixels, int Label)> _oneByOne = null!, _batched = null!;
    private (float[], int)[] _examples = [];

    [Params(1, 4, 16, 64, 128, 256)]
    public int Examples { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _model = new Model(seed: 1);
        var (w1, b1) = (_model.Weight("W1", 512, 784), _model.Bias("b1", 512));
        var (w2, b2) = (_model.Weight("W2", 512, 512), _model.Bias("b2", 512));
        var (w3, b3) = (_model.Weight("W3", 10, 512), _model.Bias("b3", 10));
        Expr Loss(Graph g, (float[] Pixels, int Label) example)
        {
            Expr h1 = Relu(w1 * g.Input(example.Pixels) + b1);
            Expr h2 = Relu(w2 * h1 + b2);
            return CrossEntropy(w3 * h2 + b3, example.Label);
        }

        var random = new Random(1);
        _examples = [.. Enumerable.Range(0, Examples).Select(i => (Enumerable.Range(0, 784).Select(_ => random.NextSingle()).ToArray(), i % 10))];
        _oneByOne = new Trainer<(float[], int)>(_model, Loss, new Sgd(1e-3), new ComputeOptions { Batching = false });
        _batched = new Trainer<(float[], int)>(_model, Loss, new Sgd(1e-3), new ComputeOptions());
    }

    [GlobalCleanup]
    public void Cleanup() => _model.Dispose();

    [Benchmark(Baseline = true)]
    public double OneByOne() => _oneByOne.Step(_examples);

    [Benchmark]
    public double Batched() => _batched.Step(_examples);
}
