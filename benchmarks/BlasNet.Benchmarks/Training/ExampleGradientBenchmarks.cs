using BenchmarkDotNet.Attributes;
using BlasNet.Graphs;
using BlasNet.Layers;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Benchmarks.Training;

/// <summary>What is asked of single examples' gradients, for a 784-512-512-10 network, softmax cross-entropy, float32, synthetic pixels.</summary>
/// <remarks>Unit: time per batch. The baseline is the gradient of the batch's loss, without any example's norm.</remarks>
[MemoryDiagnoser]
public class ExampleGradientBenchmarks
{
    private Model _model = null!;
    private Trainer<(float[] Pixels, int Label)> _plain = null!, _clipped = null!, _noise = null!;
    private GradientNorms<(float[] Pixels, int Label)> _norms = null!;
    private (float[], int)[] _examples = [];

    [Params(64, 256)]
    public int Examples { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _model = new Model(seed: 1);
        var network = new Mlp(_model, "net", 784, 512, 512, 10);
        Expr Loss(Graph g, (float[] Pixels, int Label) example) => CrossEntropy(network.Apply(g.Input(example.Pixels)), example.Label);

        var random = new Random(1);
        _examples = [.. Enumerable.Range(0, Examples).Select(i => (Enumerable.Range(0, 784).Select(_ => random.NextSingle()).ToArray(), i % 10))];
        _plain = new Trainer<(float[], int)>(_model, Loss, new Sgd(0));
        _clipped = new Trainer<(float[], int)>(_model, Loss, new Sgd(0)) { ClipExampleNorm = 1 };
        _noise = new Trainer<(float[], int)>(_model, Loss, new Sgd(0)) { NoiseScale = new GradientNoiseScale() };
        _norms = new GradientNorms<(float[], int)>(_model, Loss);
    }

    [GlobalCleanup]
    public void Cleanup() => _model.Dispose();

    [Benchmark(Baseline = true)]
    public void Gradient() => _plain.AccumulateGradient(_examples);

    /// <summary>Norms alone.</summary>
    [Benchmark]
    public double[] Norms() => _norms.Of(_examples);

    /// <summary>Norms, and the sum of the gradients, each shortened by its own.</summary>
    [Benchmark]
    public void ClippedGradient() => _clipped.AccumulateGradient(_examples);

    /// <summary>The gradient, and its noise by the norms.</summary>
    [Benchmark]
    public void GradientWithNoise() => _noise.AccumulateGradient(_examples);
}
