using System.Diagnostics;
using BlasNet.Cli.Drawing;
using BlasNet.Cli.Explanation;
using BlasNet.Cli.Tour.Measurements;
using BlasNet.Cli.Tour.Page;
using BlasNet.Drawing;
using BlasNet.Execution;
using BlasNet.Graphs;
using BlasNet.Passes;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Cli.Tour.Sections;

/// <summary>The two orders, for one model and number of examples.</summary>
/// <param name="Model">Its name.</param>
/// <param name="Examples">Of the minibatch.</param>
/// <param name="MinibatchNodes">Before either.</param>
/// <param name="DifferentiatedNodes">Of the minibatch graph with gradients: what batching sees when differentiating comes first.</param>
/// <param name="BatchedNodes">Of the batched graph: what differentiating sees when batching comes first.</param>
/// <param name="DifferentiateFirstSeconds">Both passes, in this order.</param>
/// <param name="BatchFirstSeconds">Both passes, in the other.</param>
/// <param name="Difference">Largest difference of the gradients, relative to the largest element.</param>
internal sealed record OrderResult(
    string Model, int Examples, int MinibatchNodes, int DifferentiatedNodes, int BatchedNodes, double DifferentiateFirstSeconds, double BatchFirstSeconds, double Difference);

/// <summary>What the fourth section measured.</summary>
internal sealed record GradientEvaluationResult(IReadOnlyList<OrderResult> Orders, DerivativesResult Derivatives);

/// <summary>Fourth question: why tie the minibatch to the evaluation of the gradient?</summary>
internal static class GradientEvaluation
{
    private static readonly (string Name, Subject Subject)[] Models =
        [("weight", Subject.OneWeight), ("mlp", Subject.Perceptron), ("rnn", Subject.Recurrence), ("tree", Subject.Tree), ("tagger", Subject.Tagger), ("treelstm", Subject.TreeLstmSubject)];

    public static GradientEvaluationResult Run(PageBuilder page, TourOptions options, Action<double> progress, CancellationToken cancellation)
    {
        int[] sizes = options.Quick ? [2, 8, 32, 128] : [2, 4, 8, 16, 32, 64, 128, 256];
        var orders = new List<OrderResult>();
        foreach (int size in sizes)
        {
            cancellation.ThrowIfCancellationRequested();
            orders.Add(Measure("tagger", Subject.Tagger, size, options));
            progress(0.8 * orders.Count / sizes.Length);
        }

        foreach (var (name, subject) in Models)
            orders.Add(Measure(name, subject, examples: 3, options));

        progress(0.9);
        var result = new GradientEvaluationResult(orders, Derivatives.Run(options));
        Show(page, result, sizes.Length);
        Derivatives.Show(page, result.Derivatives);
        progress(1);
        return result;
    }

    private static OrderResult Measure(string name, Subject subject, int examples, TourOptions options)
    {
        using var model = new Model(seed: 1, Precision.Double);
        Func<Graph, int, Expr> loss = subject.Define(model);
        int rounds = Math.Max(3, (options.Quick ? 40 : 120) / examples);
        double differentiateFirst = double.MaxValue, batchFirst = double.MaxValue;
        int minibatch = 0, differentiated = 0, batchedNodes = 0;
        for (int round = 0; round < rounds; round++)
        {
            Expr total = Minibatch(model, loss, examples);
            minibatch = total.Graph.Count;
            long start = Stopwatch.GetTimestamp();
            DifferentiateThenBatch(model, total);
            differentiateFirst = Math.Min(differentiateFirst, Stopwatch.GetElapsedTime(start).TotalSeconds);
            differentiated = total.Graph.Count;

            total = Minibatch(model, loss, examples);
            start = Stopwatch.GetTimestamp();
            (_, batchedNodes) = BatchThenDifferentiate(model, total);
            batchFirst = Math.Min(batchFirst, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        int[] all = [.. Enumerable.Range(0, examples)];
        Evaluation first = Probe.Of(model, loss, all, new EngineOptions { DifferentiateFirst = true }), second = Probe.Of(model, loss, all, new EngineOptions());
        return new OrderResult(name, examples, minibatch, differentiated, batchedNodes, differentiateFirst, batchFirst, Probe.LargestDifference(first.Gradient, second.Gradient));
    }

    private static Expr Minibatch(Model model, Func<Graph, int, Expr> loss, int examples)
    {
        Graph graph = model.NewGraph();
        return Total([.. Enumerable.Range(0, examples).Select(example => loss(graph, example))]);
    }

    #region orders
    private static Graph DifferentiateThenBatch(Model model, Expr total)
    {
        total.Differentiate(Parameters(model));                           // appends to the minibatch graph
        return total.Graph.Batch().Graph;
    }

    private static (Graph Graph, int BatchedNodes) BatchThenDifferentiate(Model model, Expr total)
    {
        BatchedGraph batched = total.Graph.Batch();
        int nodes = batched.Graph.Count;
        batched.Locate(total).Stack.Differentiate(Parameters(model));     // appends to the batched graph
        return (batched.Graph, nodes);
    }
    #endregion

    private static Expr[] Parameters(Model model) => [.. model.Parameters.Select(parameter => parameter.ToExpr())];

    private static void Show(PageBuilder page, GradientEvaluationResult result, int sizes)
    {
        OrderResult[] curve = [.. result.Orders.Take(sizes)], table = [.. result.Orders.Skip(sizes)];
        OrderResult largest = curve[^1];
        page.Section("gradient", "Why tie it to evaluating gradients?", "Why is the minibatch tied to the evaluation of the gradient?",
            "<strong>It need not be either.</strong> Differentiating takes a graph and gives a graph; so does batching. They can be applied in both orders, with the same result. "
            + "The order is a question of cost alone: a batched graph has far fewer nodes to differentiate.");
        page.Heading("Both orders");
        page.Source("GradientEvaluation.cs", "orders", "The two orders.");
        using (var model = new Model(seed: 1))
        {
            Func<Graph, int, Expr> loss = Subject.OneWeight.Define(model);
            var options = new DrawingOptions { IsComplete = false, ShowKey = false };
            Graph first = DifferentiateThenBatch(model, Minibatch(model, loss, 2)), second = BatchThenDifferentiate(model, Minibatch(model, loss, 2)).Graph;
            page.Pictures($"The question’s example with its gradient, before any simplification: {first.Count} and {second.Count} nodes. The last product in each, <code>outer-product-sum</code>, is ∂s/∂w = Σ dyᵢ·xᵢᵀ: a GEMM whose inner dimension is the stack.",
                ("Differentiated, then batched", first.ToSvg(options with { Title = "Loss and gradient, differentiated and then batched" })),
                ("Batched, then differentiated", second.ToSvg(options with { Title = "Loss and gradient, batched and then differentiated" })));
        }

        page.Table("Three examples of each model of this program. What the second pass sees when the other one came first, and how far the gradients differ, in double precision.",
            ["model", "minibatch nodes", "to batch, if differentiated first", "to differentiate, if batched first", "difference of the gradients"],
            table.Select(order => new[] { order.Model, $"{order.MinibatchNodes}", Figures.Whole(order.DifferentiatedNodes), Figures.Whole(order.BatchedNodes), Figures.Power(order.Difference) }));
        page.Chart(new Chart("Time for both passes, a tagger over 2 to many sentences",
            $"At {largest.Examples} sentences: {Figures.Time(largest.DifferentiateFirstSeconds)} and {Figures.Time(largest.BatchFirstSeconds)}.",
            new ChartAxis("sentences in the minibatch (log)", 2), new ChartAxis("milliseconds (log)", 10),
            [
                new ChartSeries("differentiate first", [.. curve.Select(order => ((double)order.Examples, 1e3 * order.DifferentiateFirstSeconds))], 2),
                new ChartSeries("batch first", [.. curve.Select(order => ((double)order.Examples, 1e3 * order.BatchFirstSeconds))], 3),
            ])
        { XTicks = [.. curve.Select(order => (double)order.Examples)] },
            $"{largest.Examples} sentences are {Figures.Whole(largest.MinibatchNodes)} nodes. Differentiated first, {Figures.Whole(largest.DifferentiatedNodes)} have to be batched; batched first, {Figures.Whole(largest.BatchedNodes)} have to be differentiated: "
            + $"{Figures.Short(largest.DifferentiateFirstSeconds / largest.BatchFirstSeconds)} times as long in the one order as in the other. The best of several runs each.", height: 340);
    }
}
