using System.Globalization;
using BlasNet.Drawing;
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
    /// <summary>On a minibatch graph.</summary>
    public const string MinibatchSentence = "The graph of each example, side by side; all share the same parameters, and one node adds the losses.";

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

    /// <summary>The three graphs, a sentence on each, and what they cost.</summary>
    public static Explained Explain(Subject subject, int examples)
    {
        var stages = new Stages(subject, examples);
        IReadOnlyList<int> colours = ExampleColours.Of(stages.Minibatch);
        ExplainedGraph[] graphs =
        [
            new("One example", $"What its user writes: {subject.Formula}. There is no batch in it.", stages.Example, Drawing("One example")),
            .. Unfolded.Of(stages.Example, Drawing),
            new(
                $"The minibatch of {examples}", MinibatchSentence, stages.Minibatch,
                Drawing($"The minibatch of {examples}") with { ColourExamples = true, ExampleOf = colours.Count > 0 ? colours : null }),
            new(
                "The batched graph",
                $"The same values: nodes of one kind have become one node that computes a stack (×{examples}), a matrix times {examples} vectors a matrix times a matrix.",
                stages.Batched, Drawing("The batched graph") with { CellsOf = ExampleColours.CellsOf(colours, stages.Batching) }),
        ];
        return new Explained($"The graphs of {subject.Formula}", subject.Formula, graphs, "Cost", stages.Costs());

        static DrawingOptions Drawing(string title) => new() { Title = title, ColourExamples = false, IsComplete = false };
    }

    private string Costs()
    {
        return $"{"",-34}{"nodes",8}{"GEMVs",8}{"GEMMs",8}{"launches",10}\n" + Row("minibatch", MinibatchCost) + Row("batched", BatchedCost)
            + Row("minibatch, with gradients", MinibatchStepCost) + Row("batched, with gradients", BatchedStepCost);

        static string Row(string name, Cost cost) => string.Create(
            CultureInfo.InvariantCulture, $"{name,-34}{cost.Nodes,8}{cost.Products.Gemv,8}{cost.Products.Gemm,8}{cost.Launches,10}\n");
    }

    /// <summary>The sum of the examples' losses, in a graph of its own.</summary>
    public static Expr NewMinibatch(Model model, Func<Graph, int, Expr> loss, int examples)
    {
        Graph graph = model.NewGraph();
        return Total([.. Enumerable.Range(0, examples).Select(example => loss(graph, example))]);
    }

    private static Cost CostOf(Model model, Func<Graph, int, Expr> loss, int examples, bool batching, bool gradients)
    {
        Expr total = NewMinibatch(model, loss, examples);
        var options = new ComputeOptions { Batching = batching };
        ComputePlan plan = gradients ? ComputePlan.OfGradient(total, options) : ComputePlan.Of(total.Graph, [total], options);
        return new Cost(plan.Nodes, plan.Products, plan.Launches);
    }
}
