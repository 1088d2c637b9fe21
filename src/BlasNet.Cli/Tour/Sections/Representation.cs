using BlasNet.Cli.Explanation;
using BlasNet.Cli.Tour.Measurements;
using BlasNet.Cli.Tour.Page;
using BlasNet.Drawing;
using BlasNet.Graphs;
using BlasNet.Passes;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Cli.Tour.Sections;

/// <summary>One way to compute the minibatch's loss and gradient.</summary>
/// <param name="Name">How.</param>
/// <param name="Loss">The value.</param>
/// <param name="Gradient">With respect to all parameters.</param>
/// <param name="Difference">Largest difference of the gradient from the first way's, relative to its largest element.</param>
/// <param name="Nodes">Of all graphs executed.</param>
/// <param name="Launches">Kernels started.</param>
/// <param name="Gemv">Products with one vector.</param>
/// <param name="Gemm">Products with a stack of vectors.</param>
internal sealed record Way(string Name, double Loss, IReadOnlyList<double> Gradient, double Difference, int Nodes, int Launches, int Gemv, int Gemm);

/// <summary>A model's minibatch of two, computed in three ways.</summary>
internal sealed record RepresentationResult(string Model, string Formula, int MinibatchNodes, int BatchedNodes, int Steps, IReadOnlyList<Way> Ways);

/// <summary>First question: how is a minibatch represented in the graph?</summary>
internal static class Representation
{
    private const int Examples = 2;

    private static readonly (string Name, string Title, string Region, Subject Subject)[] Models =
    [
        ("weight", "The question’s own example: <i>w</i>, <i>x</i> → <i>s</i>", "weight", Subject.OneWeight),
        ("mlp", "A network of two layers", "mlp", Subject.Perceptron),
        ("rnn", "Sequences of different length", "rnn", Subject.Recurrence),
        ("tree", "Trees of different shape", "tree", Subject.Tree),
    ];

    private static readonly string[] WayNames = ["each example alone, results added", "minibatch graph", "batched graph"];

    public static IReadOnlyList<RepresentationResult> Run(PageBuilder page, Action<double> progress)
    {
        page.Section("representation", "How is a minibatch represented in the graph?", "How is a minibatch represented in the computation graph?",
            "<strong>As copies side by side that share the parameters, and one node that adds the losses.</strong> Nothing else is needed: what comes out is again a computation graph of one "
            + "number, with a gradient like any other. The <em>batched</em> graph is a second graph with the same values, in which nodes of one kind have become one wider node. It is an optimisation, not a notion.");
        var results = new List<RepresentationResult>();
        foreach (var (name, title, region, subject) in Models)
        {
            page.Heading(title);
            results.Add(Show(page, name, region, subject));
            progress((double)results.Count / Models.Length);
        }

        page.Source("Representation.cs", "graphs", "How the graphs on this page were made, whatever the model: <code>loss</code> builds the loss of <em>one</em> example.");
        return results;
    }

    private static RepresentationResult Show(PageBuilder page, string name, string region, Subject subject)
    {
        using var model = new Model(seed: 1, Precision.Double);
        Func<Graph, int, Expr> loss = subject.Define(model);
        var (one, minibatch, batched) = Graphs(model, loss);
        IReadOnlyList<int> examples = ExampleColours.Of(minibatch);
        if (name == "weight")
            NameAsInTheQuestion(one, minibatch, batched.Graph, examples);
        else
            NameLabels(one, minibatch, batched.Graph);

        bool ragged = name is "rnn" or "tree";
        var options = new DrawingOptions { IsComplete = false, MaxArrows = ragged ? 0 : 2 };
        string minibatchSvg = minibatch.ToSvg(options with { Title = $"Minibatch graph of {subject.Formula}", ExampleOf = examples });
        string batchedSvg = batched.Graph.ToSvg(options with { Title = $"Batched graph of {subject.Formula}", CellsOf = ExampleColours.CellsOf(examples, batched), ShowKey = false, MaxArrows = 2 });
        List<MergeStep> steps = Schedule(minibatch, batched);
        Way[] ways = Ways(model, loss);

        page.Source("Subject.cs", region, $"The model, for one example: {subject.Formula}. The example’s number serves as its data.");
        if (!ragged)
        {
            page.Pictures($"What one example’s loss is, and the minibatch of two: a copy for each example, in its colour; the rest belongs to both. Arrows go from an operand to what uses it; in brackets, the shape of each value. {minibatch.Count} nodes.",
                ("One example", one.ToSvg(options with { Title = $"Graph of one example: {subject.Formula}", ShowKey = false })), ("Minibatch of two", minibatchSvg));
        }
        else
        {
            page.Text(name == "rnn"
                ? "The two examples have two and three vectors, so their copies are not alike; the parameters are named in the boxes that use them. No index runs over examples, and nothing is padded."
                : "The two trees have two and three leaves. The code is a plain recursion; that the graphs differ from example to example is no difficulty, because a graph is built for each.");
            Graph second = model.NewGraph();
            loss(second, 1);
            NameLabels(second);
            page.Pictures("The graphs of the two examples, as the code above builds them. No two examples need be alike.",
                ("The first example", one.ToSvg(options with { Title = $"Graph of the first example: {subject.Formula}", ShowKey = false })),
                ("The second example", second.ToSvg(options with { Title = $"Graph of the second example: {subject.Formula}", ShowKey = false })));
        }

        page.Stepper("Watch the nodes merge", minibatchSvg, batchedSvg, steps);
        bool gathers = Enumerable.Range(0, batched.Graph.Count).Any(node => batched.Graph.NodeAt(node).Operator == "gather");
        page.Text($"{minibatch.Count} nodes have become {batched.Graph.Count}. In a box, ×{Examples} says that it holds so many values, a <em>stack</em>; the small squares say whose they are."
            + (gathers ? " A <code>gather</code> puts values into the order in which the next node takes them, from so many runs of neighbours; where they lie in order already, nothing is copied." : ""));
        if (name == "weight")
            GradientTable(page, model, ways);

        page.Table($"Loss and gradient of the three, in double precision. GEMV is a product of a matrix with one vector, GEMM with several; those of the gradient are counted too. “Difference” is the largest one between an element of the gradient and that of the first row, relative to the largest element: rounding, since sums are taken in another order.",
            ["", "loss", "difference", "nodes with gradient", "kernel launches", "GEMV", "GEMM"],
            ways.Select(way => new[] { way.Name, Figures.Fixed(way.Loss, 12), Figures.Power(way.Difference), $"{way.Nodes}", $"{way.Launches}", $"{way.Gemv}", $"{way.Gemm}" }));
        return new RepresentationResult(name, subject.Formula, minibatch.Count, batched.Graph.Count, steps.Count, ways);
    }

    private static void NameLabels(params ReadOnlySpan<Graph> graphs)
    {
        foreach (Graph graph in graphs)
        {
            for (int node = 0; node < graph.Count; node++)
            {
                if (graph.NodeAt(node) is { Operator: "index" } label)
                    label.ToExpr().Named("label");
            }
        }
    }

    // w and x give s; the copies’ own are x₁, s₁ and x₂, s₂.
    private static void NameAsInTheQuestion(Graph one, Graph minibatch, Graph batched, IReadOnlyList<int> examples)
    {
        foreach (Graph graph in (Graph[])[one, minibatch, batched])
        {
            for (int node = 0; node < graph.Count; node++)
            {
                string index = graph == minibatch ? ((string[])["", "₁", "₂"])[examples[node]] : "";
                GraphNode named = graph.NodeAt(node);
                string? name = named.Operator switch { "input" => "x", "sum" => "s", "total" => "s", _ => null };
                if (name is not null && !(graph == batched && named.Operator == "sum"))
                    named.ToExpr().Named(name + index);
            }
        }
    }

    private static (Graph One, Graph Minibatch, BatchedGraph Batched) Graphs(Model model, Func<Graph, int, Expr> loss)
    {
        #region graphs
        Graph one = model.NewGraph();
        loss(one, 0);                                        // one example’s graph

        Graph minibatch = model.NewGraph();                  // the same, once for each example …
        Expr[] losses = [.. Enumerable.Range(0, Examples).Select(example => loss(minibatch, example))];
        Total(losses);                                       // … and one node that adds the losses

        BatchedGraph batched = minibatch.Batch();            // the same values by fewer, wider nodes
        #endregion
        return (one, minibatch, batched);
    }

    private static Way[] Ways(Model model, Func<Graph, int, Expr> loss)
    {
        var one = new ComputeOptions { Threads = 1, Batching = false };
        int[] all = [.. Enumerable.Range(0, Examples)];
        Evaluation[] alone = [.. all.Select(example => Probe.Of(model, loss, [example], one))];
        var sum = new Evaluation(
            alone.Sum(each => each.Loss), [.. alone[0].Gradient.Select((_, i) => alone.Sum(each => each.Gradient[i]))],
            alone.Sum(each => each.Nodes), alone.Sum(each => each.Launches), new ProductCount(alone.Sum(each => each.Products.Gemv), alone.Sum(each => each.Products.Gemm)));
        Evaluation[] evaluations = [sum, Probe.Of(model, loss, all, one), Probe.Of(model, loss, all, new ComputeOptions { Threads = 1 })];
        return [.. evaluations.Zip(WayNames, (evaluation, name) => new Way(
            name, evaluation.Loss, evaluation.Gradient, Probe.LargestDifference(evaluation.Gradient, sum.Gradient),
            evaluation.Nodes, evaluation.Launches, evaluation.Products.Gemv, evaluation.Products.Gemm))];
    }

    private static void GradientTable(PageBuilder page, Model model, Way[] ways)
    {
        Shape shape = model.Parameters[0].Shape;
        string[] head = ["∂s/∂w", .. Enumerable.Range(0, shape.Size).Select(i => $"w<sub>{i % shape.Rows + 1}{i / shape.Rows + 1}</sub>")];
        page.Table("The gradient with respect to every element of <i>w</i>.", head,
            ways.Select(way => (string[])[way.Name, .. way.Gradient.Select(value => Figures.Fixed(value, 6))]));
    }

    // The nodes of the batched graph, in order, are the schedule; a gather belongs to the node that needs it.
    private static List<MergeStep> Schedule(Graph minibatch, BatchedGraph batching)
    {
        Graph batched = batching.Graph;
        ILookup<int, int> members = Enumerable.Range(0, minibatch.Count)
            .ToLookup(node => batching.TryLocate(minibatch.NodeAt(node), out GraphNode stack, out _) ? stack.Index : -1);
        var steps = new List<MergeStep>();
        var gathers = new List<int>();
        for (int stack = 0; stack < batched.Count; stack++)
        {
            int[] merged = [.. members[stack]];
            if (merged.Length == 0)
            {
                gathers.Add(stack);
                continue;
            }

            if (batched.NodeAt(stack).IsShared)
                continue; // parameters and constants are there from the beginning

            steps.Add(new MergeStep(merged, [.. gathers, stack], Describe(minibatch, batched, merged, batched.NodeAt(stack), gathers.Count)));
            gathers.Clear();
        }

        return steps;
    }

    private static string Describe(Graph minibatch, Graph batched, int[] merged, GraphNode stack, int gathers)
    {
        string name = stack.Operator, with = "";
        foreach (int input in stack.Inputs)
        {
            if (batched.NodeAt(input) is { IsShared: true, Name: { } parameter })
                with = $" with <code>{parameter}</code>";
        }

        string what = $"<code>{name}</code>{with}";
        string order = gathers > 0 ? ", operands brought into order" : "";
        if (stack.Kind == NodeKind.Leaf)
        {
            what = $"<code>{stack.Name ?? name}</code>";
            return merged.Length == 1 ? $"{what}: one value" : $"{what}: {merged.Length} values lie side by side already; nothing is copied";
        }

        bool product = minibatch.NodeAt(merged[0]).Kind == NodeKind.Product;
        if (merged.Length == 1)
            return name == "total" ? $"{what}: the losses are added" : product ? $"{what}: one GEMV{order}" : $"{what}: one node{order}";

        return product ? $"{what}: {merged.Length} GEMV → <strong>1 GEMM</strong>{order}" : $"{what}: {merged.Length} nodes → 1{order}";
    }
}
