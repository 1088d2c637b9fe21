using BenchmarkDotNet.Attributes;
using BlasNet.Batching;
using BlasNet.Differentiation;
using BlasNet.Graphs;
using BlasNet.Operators.Intrinsics;
using BlasNet.Planning;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Benchmarks.Batching;

/// <summary>Everything that comes before the kernels, for recurrent networks of 20 steps: building a minibatch graph, then batching,
/// differentiating and planning it.</summary>
/// <remarks>Unit: time for the whole graph; divide by <see cref="Nodes"/> for time per node. Linear if the quotient stays.</remarks>
[MemoryDiagnoser]
public class FrontEndBenchmarks
{
    private readonly Model _model = new(seed: 1);
    private readonly float[] _input = new float[8];
    private readonly Graph _batched = new(Precision.Single);
    private readonly Differentiate _differentiate = new();
    private readonly BufferPlanner _planMemory = new();
    private readonly Plan _plan = new();
    private readonly List<Expr> _losses = [];
    private Parameter _w = null!, _u = null!, _b = null!;
    private Graph _graph = null!;
    private Batch _batch = null!;
    private int _loss;

    [Params(10_000, 100_000, 1_000_000)]
    public int Nodes { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        (_w, _u, _b) = (_model.Weight("W", 8, 8), _model.Weight("U", 8, 8), _model.Bias("b", 8));
        _graph = _model.NewGraph();
        _batch = new Batch(_batched);
        Build();
    }

    [GlobalCleanup]
    public void Cleanup() => _model.Dispose();

    [Benchmark]
    public int Build()
    {
        _graph.Clear();
        _losses.Clear();
        while (_graph.Count < Nodes)
        {
            Expr state = _graph.Input(_input);
            for (int step = 0; step < 20; step++)
                state = Tanh(_w * state + _u * _graph.Input(_input) + _b);

            _losses.Add(Sum(state));
        }

        _loss = Total([.. _losses]).Index;
        return _graph.Count;
    }

    [Benchmark]
    public long BatchDifferentiateAndPlan()
    {
        _batch.Run(_graph);
        int[] gradients = new int[3];
        int[] parameters = [Locate(_w), Locate(_u), Locate(_b)];
        int loss = _batch.Locate(_loss).Node;
        _differentiate.Run(_batched, loss, parameters, gradients);
        foreach (ref int gradient in gradients.AsSpan())
            gradient = _batched.Append(TotalOperator.Instance, 0, [gradient]);

        _planMemory.Run(_plan, _batched, [loss], gradients, [_w, _u, _b]);
        return _plan.PeakBytes;
    }

    private int Locate(Parameter parameter) => _batch.Locate(_graph.Use(parameter).Index).Node;
}
