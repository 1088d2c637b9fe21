using BlasNet.Execution;
using BlasNet.Graphs;
using BlasNet.Passes;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Cli.Explanation;

/// <summary>What it takes to compute a graph.</summary>
/// <param name="Nodes">Including parameters and data.</param>
/// <param name="Products">Matrix products by kind.</param>
/// <param name="Launches">Kernels started; views and data need none.</param>
internal readonly record struct Cost(int Nodes, ProductCount Products, int Launches);

/// <summary>A network's graphs on the way from one example to a batch.</summary>
internal sealed class Stages
{
    /// <param name="subject">The network.</param>
    /// <param name="examples">At least 2.</param>
    public Stages(Subject subject, int examples)
    {
        Examples = examples;
        using var model = new Model(seed: 1);
        Func<Graph, int, Expr> loss = subject.Define(model);
        Example = model.NewGraph();
        loss(Example, 0);
        Minibatch = NewMinibatch(model, loss, examples).Graph;
        Batching = Minibatch.Batch();
        Cost CostWith(bool batching, bool gradients) => CostOf(model, loss, examples, batching, gradients);
        (MinibatchCost, BatchedCost) = (CostWith(batching: false, gradients: false), CostWith(batching: true, gradients: false));
        (MinibatchStepCost, BatchedStepCost) = (CostWith(batching: false, gradients: true), CostWith(batching: true, gradients: true));
    }

    public int Examples { get; }

    /// <summary>One example's loss.</summary>
    public Graph Example { get; }

    /// <summary>The examples' graphs side by side, and the node that adds the losses.</summary>
    public Graph Minibatch { get; }

    /// <summary>The same values by fewer, wider nodes, and where each node has gone.</summary>
    public BatchedGraph Batching { get; }

    /// <summary>The same values by fewer, wider nodes.</summary>
    public Graph Batched => Batching.Graph;

    public Cost MinibatchCost { get; }

    public Cost BatchedCost { get; }

    /// <summary>With the gradients of all parameters.</summary>
    public Cost MinibatchStepCost { get; }

    /// <summary>With the gradients of all parameters.</summary>
    public Cost BatchedStepCost { get; }

    /// <summary>The sum of the examples' losses, in a graph of its own.</summary>
    public static Expr NewMinibatch(Model model, Func<Graph, int, Expr> loss, int examples)
    {
        Graph graph = model.NewGraph();
        return Total([.. Enumerable.Range(0, examples).Select(example => loss(graph, example))]);
    }

    // The engine's own way from the minibatch graph to a plan.
    private static Cost CostOf(Model model, Func<Graph, int, Expr> loss, int examples, bool batching, bool gradients)
    {
        Expr total = NewMinibatch(model, loss, examples);
        using var engine = new Engine<float>(model.Store<float>(), new EngineOptions { Batching = batching });
        engine.Prepare(total.Graph, [total], gradients ? total : null, gradients ? [.. model.Parameters] : []);
        Graph planned = engine.Plan.Graph;
        return new Cost(planned.Count, planned.CountProducts(), engine.Plan.StepCount);
    }
}
