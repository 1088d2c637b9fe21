using BlasNet.Execution;
using BlasNet.Graphs;
using BlasNet.Passes;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Cli.Benchmarks;

/// <summary>How a workload is to run.</summary>
/// <param name="Batch">Examples of one optimizer step, and of one pass.</param>
/// <param name="Batching">Whether the examples of a pass are merged.</param>
/// <param name="Seed">Of the parameters and of the examples.</param>
internal sealed record WorkloadOptions(int Batch, bool Batching, int Seed);

/// <summary>A model with examples, whose optimizer steps can be timed.</summary>
internal abstract class Workload(Model model, int batch) : IDisposable
{
    public Model Model { get; } = model;

    /// <summary>Examples of one step.</summary>
    public int Batch { get; } = batch;

    /// <summary>Words of the step done last; 0 where examples have none.</summary>
    public int Words { get; protected set; }

    public abstract PhaseTimes Times { get; }

    /// <summary>The plan of the last step.</summary>
    public abstract Plan Plan { get; }

    /// <summary>Time by operator; null while nobody asks.</summary>
    public abstract Profile? Profile { get; set; }

    /// <summary>One optimizer step over the next examples.</summary>
    /// <returns>Their mean loss before it.</returns>
    public abstract double Step();

    /// <summary>The sum of the losses of the first step's examples, in a graph of its own.</summary>
    public abstract Expr NewMinibatch();

    public void Dispose() => Model.Dispose();
}

/// <param name="model">With all its parameters.</param>
/// <param name="loss">One example's loss.</param>
/// <param name="optimizer">How parameters follow from gradients.</param>
/// <param name="examples">A multiple of the batch; steps go round them.</param>
/// <param name="options">How to run.</param>
/// <param name="words">How many words an example has, if they are counted.</param>
internal sealed class Workload<TExample>(
    Model model, Func<Graph, TExample, Expr> loss, Optimizer optimizer, TExample[] examples, WorkloadOptions options, Func<TExample, int>? words = null)
    : Workload(model, options.Batch)
{
    private readonly Trainer<TExample> _trainer = new(model, loss, optimizer, new EngineOptions { Batching = options.Batching });
    private int _next;

    public override PhaseTimes Times => _trainer.Accumulator.Times;

    public override Plan Plan => _trainer.Accumulator.Plan;

    public override Profile? Profile { get => _trainer.Accumulator.Profile; set => _trainer.Accumulator.Profile = value; }

    public override double Step()
    {
        ReadOnlySpan<TExample> batch = examples.AsSpan(_next, Batch);
        _next = (_next + Batch) % examples.Length;
        if (words is not null)
        {
            Words = 0;
            foreach (TExample example in batch)
                Words += words(example);
        }

        return _trainer.Step(batch);
    }

    public override Expr NewMinibatch()
    {
        Graph graph = Model.NewGraph();
        graph.IsTraining = true;
        return Total([.. examples.Take(Batch).Select(example => loss(graph, example))]);
    }
}
