using System.Diagnostics;
using BlasNet.Cli.Drawing;
using BlasNet.Cli.Explanation;
using BlasNet.Cli.Tour.Measurements;
using BlasNet.Cli.Tour.Page;
using BlasNet.Drawing;
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
        Expr[] parameters = Parameters(model);
        Graph graph = model.NewGraph();
        int minibatch = Minibatch(graph, loss, examples).Graph.Count, batched = graph.Batch().Graph.Count;
        double differentiateFirst = double.MaxValue, batchFirst = double.MaxValue;
        int differentiated = 0;
        for (var (begin, round) = (Stopwatch.GetTimestamp(), 0); round < 4 || Stopwatch.GetElapsedTime(begin).TotalMilliseconds < (options.Quick ? 60 : 400); round++)
        {
            batchFirst = Math.Min(batchFirst, Seconds(BatchThenDifferentiate));
            differentiateFirst = Math.Min(differentiateFirst, Seconds(DifferentiateThenBatch));
            differentiated = graph.Count;
        }

        double Seconds(Func<Expr, Expr[], Graph> order)
        {
            Expr total = Minibatch(graph, loss, examples);
            long start = Stopwatch.GetTimestamp();
            order(total, parameters);
            return Stopwatch.GetElapsedTime(start).TotalSeconds;
        }

        int[] all = [.. Enumerable.Range(0, examples)];
        double[] first = GradientDifferentiatedFirst(model, Minibatch(model.NewGraph(), loss, examples), parameters);
        Evaluation second = Probe.Of(model, loss, all, new ComputeOptions());
        return new OrderResult(
            name, examples, minibatch, differentiated, batched, differentiateFirst, batchFirst, Probe.LargestDifference(first, second.Gradient));
    }

    private static Expr Minibatch(Graph graph, Func<Graph, int, Expr> loss, int examples)
    {
        graph.Clear();
        return Total([.. Enumerable.Range(0, examples).Select(example => loss(graph, example))]);
    }

    #region orders
    private static Graph DifferentiateThenBatch(Expr total, Expr[] parameters)
    {
        total.Differentiate(parameters);                          // appends to the minibatch graph
        return total.Graph.Batch().Graph;
    }

    private static Graph BatchThenDifferentiate(Expr total, Expr[] parameters)
    {
        BatchedGraph batched = total.Graph.Batch();
        batched.Locate(total).Stack.Differentiate(parameters);    // appends to the batched graph
        return batched.Graph;
    }
    #endregion

    // Appended to the minibatch graph, and batched with it when it is computed.
    private static double[] GradientDifferentiatedFirst(Model model, Expr total, Expr[] parameters)
    {
        Expr[] gradient = total.Differentiate(parameters);
        return [.. total.Graph.Evaluate(gradient).SelectMany(part => part)];
    }

    private static Expr[] Parameters(Model model) => [.. model.Parameters.Select(parameter => parameter.ToExpr())];

    private static void Show(PageBuilder page, GradientEvaluationResult result, int sizes)
    {
        OrderResult[] curve = [.. result.Orders.Take(sizes)], table = [.. result.Orders.Skip(sizes)];
        OrderResult largest = curve[^1];
        page.Section("gradient", "Why tie it to evaluating gradients?", "Why is the minibatch tied to the evaluation of the gradient?",
            "<strong>It need not be either.</strong> Differentiating takes a graph and gives a graph; so does batching. They can be applied in both orders, with the same result. "
            + "The order is a question of cost alone: a batched graph has far fewer nodes to differentiate. The two are usually tied because backpropagation is written for arrays that hold a minibatch already.");
        page.Heading("Both orders");
        page.Source("GradientEvaluation.cs", "orders", "The two orders.");
        using (var model = new Model(seed: 1))
        {
            Func<Graph, int, Expr> loss = Subject.OneWeight.Define(model);
            var options = new DrawingOptions { IsComplete = false, ShowKey = false };
            Expr[] parameters = Parameters(model);
            Graph first = DifferentiateThenBatch(Minibatch(model.NewGraph(), loss, 2), parameters), second = BatchThenDifferentiate(Minibatch(model.NewGraph(), loss, 2), parameters);
            page.Pictures($"The question’s example with its gradient, before any simplification: {first.Count} and {second.Count} nodes. The last product in each, <code>outer-product-sum</code>, is ∂s/∂w = Σ dyᵢ·xᵢᵀ: a GEMM whose inner dimension is the stack.",
                ("Differentiated, then batched", first.ToSvg(options with { Title = "Loss and gradient, differentiated and then batched" })),
                ("Batched, then differentiated", second.ToSvg(options with { Title = "Loss and gradient, batched and then differentiated" })));
        }

        page.Table("Three examples of each model that <code>blasnet explain</code> knows. What the second pass sees when the other one came first, and how far the gradients differ, in double precision.",
            ["model", "minibatch nodes", "to batch, if differentiated first", "to differentiate, if batched first", "difference of the gradients"],
            table.Select(order => new[] { order.Model, $"{order.MinibatchNodes}", Figures.Whole(order.DifferentiatedNodes), Figures.Whole(order.BatchedNodes), Figures.Power(order.Difference) }));
        page.Chart(new Chart($"Time for both passes, a tagger over 2 to {largest.Examples} sentences",
            $"At {largest.Examples} sentences: {Figures.Time(largest.DifferentiateFirstSeconds)} and {Figures.Time(largest.BatchFirstSeconds)}.",
            new ChartAxis("sentences in the minibatch (log)", 2), new ChartAxis("milliseconds (log)", 10),
            [
                new ChartSeries("differentiate first", [.. curve.Select(order => ((double)order.Examples, 1e3 * order.DifferentiateFirstSeconds))], 2),
                new ChartSeries("batch first", [.. curve.Select(order => ((double)order.Examples, 1e3 * order.BatchFirstSeconds))], 3),
            ])
        { XTicks = [.. curve.Select(order => (double)order.Examples)] },
            $"{largest.Examples} sentences are {Figures.Whole(largest.MinibatchNodes)} nodes. Differentiated first, {Figures.Whole(largest.DifferentiatedNodes)} have to be batched; batched first, {Figures.Whole(largest.BatchedNodes)} have to be differentiated. "
            + $"Differentiating first takes {Figures.Short(largest.DifferentiateFirstSeconds / largest.BatchFirstSeconds)} times as long. The best of several runs each.", height: 340);
    }
}
