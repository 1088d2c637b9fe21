using System.Numerics;
using BlasNet.Batching;
using BlasNet.Execution;
using BlasNet.Graphs;
using BlasNet.Planning;

namespace BlasNet.Training;

/// <summary>How a graph would be computed: what passes make of it, and the launches in their order. Nothing is computed.</summary>
/// <remarks>The graph stays as it is, and may be added to afterwards. What <c>blasnet explain</c> shows is made of these.</remarks>
/// <example><code>
/// Graph g = model.NewGraph();
/// Expr loss = Op.Total([.. examples.Select(example => Loss(g, example))]);
/// Console.WriteLine(ComputePlan.OfGradient(loss));   // matmul ×16  W=shared %3=view …
/// </code></example>
public sealed class ComputePlan
{
    private readonly string _text;

    private ComputePlan(Plan plan, IReadOnlyList<PassResult> passes)
    {
        (Nodes, Launches, Products) = (plan.Graph.Count, plan.LaunchCount, plan.Graph.CountProducts());
        (PeakBytes, CopiedBytes, Passes, _text) = (plan.PeakBytes, plan.CopiedBytes, passes, PlanPrinter.Print(plan));
    }

    /// <summary>Nodes of the graph that is computed, parameters and data included.</summary>
    public int Nodes { get; }

    /// <summary>Kernels started; views and data need none, a scan needs those of all its levels.</summary>
    public int Launches { get; }

    /// <summary>Matrix products by kind.</summary>
    public ProductCount Products { get; }

    /// <summary>Bytes of the values and gradients that are needed at once.</summary>
    public long PeakBytes { get; }

    /// <summary>Bytes that gathers copy, because what they bring together does not lie in order.</summary>
    public long CopiedBytes { get; }

    /// <summary>The graph after each pass, in their order.</summary>
    public IReadOnlyList<PassResult> Passes { get; }

    /// <summary>The plan of the values of some expressions.</summary>
    /// <param name="graph">A graph of a model.</param>
    /// <param name="outputs">Any expressions of it.</param>
    /// <param name="options">How they would be computed; null for the default options.</param>
    /// <exception cref="InvalidOperationException">An expression belongs to another graph, or the graph to no model.</exception>
    public static ComputePlan Of(Graph graph, ReadOnlySpan<Expr> outputs, ComputeOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(graph);
        var nodes = new int[outputs.Length];
        for (int i = 0; i < nodes.Length; i++)
            nodes[i] = outputs[i].In(graph).Index;

        return Make(graph, nodes, hasLoss: false, [], options);
    }

    /// <summary>The plan of a scalar and its gradient by every parameter of its model, as in a training step.</summary>
    /// <param name="loss">A sum of examples' losses.</param>
    /// <param name="options">How they would be computed; null for the default options.</param>
    /// <exception cref="ShapeException">It is no scalar.</exception>
    /// <exception cref="InvalidOperationException">Its graph belongs to no model.</exception>
    public static ComputePlan OfGradient(Expr loss, ComputeOptions? options = null) =>
        Make(loss.Graph, [Scalar(loss)], hasLoss: true, [.. ModelOf(loss.Graph).Parameters], options);

    /// <summary>The number of launches below which no order of batching can go, for a scalar and its gradient by every parameter of its
    /// model.</summary>
    /// <param name="loss">A sum of examples' losses.</param>
    /// <remarks>Nodes of one signature that depend on each other cannot run together, so it takes as many launches as the longest path has
    /// nodes of it. Source: Chen, Xie, Zhou, "ED-Batch: Efficient Automatic Batching of Dynamic Neural Networks via Learned Finite State
    /// Machines", ICML 2023.</remarks>
    /// <inheritdoc cref="OfGradient" path="/exception"/>
    public static int LowerBoundOf(Expr loss)
    {
        Parameter[] parameters = [.. ModelOf(loss.Graph).Parameters];
        var options = new ComputeOptions { Batching = false, CachedPlans = 0 };
        return Prepare(loss.Graph, [Scalar(loss)], hasLoss: true, parameters, options, static plan => LaunchLowerBound.Of(plan.Graph));
    }

    /// <summary>One launch a line: <c>matmul ×16  W=shared x=view</c>.</summary>
    /// <remarks>An operand is <c>shared</c> (one value for all), a <c>view</c> (read where it lies), <c>indexed</c> (vector by vector,
    /// wherever they lie), or a <c>copy</c> that a gather made. An arrow leads to the sum or gather into whose buffer a value is computed,
    /// <c>→ %9[6]</c> to its part from element 6 on. Kernels overwrite; <c>+</c> adds, and <c>later +</c> adds in all passes of a step but
    /// the first.</remarks>
    public override string ToString() => _text;

    private static ComputePlan Make(Graph graph, int[] outputs, bool hasLoss, Parameter[] parameters, ComputeOptions? options)
    {
        List<PassResult> passes = [];
        ComputeOptions recording = (options ?? new ComputeOptions()) with
        {
            AfterPass = (pass, result) => passes.Add(new PassResult(pass, result.Snapshot())),
        };
        return Prepare(graph, outputs, hasLoss, parameters, recording, plan => new ComputePlan(plan, passes));
    }

    private static TResult Prepare<TResult>(
        Graph graph, int[] outputs, bool hasLoss, Parameter[] parameters, ComputeOptions options, Func<Plan, TResult> read)
    {
        Model model = ModelOf(graph);
        using ModelAccess.Scope reading = model.Access.Read();
        return model.Precision == Precision.Single ? Prepare<float>() : Prepare<double>();

        TResult Prepare<T>() where T : unmanaged, IBinaryFloatingPointIeee754<T>
        {
            using var engine = new Engine<T>(model.Store<T>(), options);
            var copy = new Rewriter(new Graph(graph.Precision, model));   // without batching, gradients are appended to it
            copy.Begin(graph);
            for (int node = 0; node < graph.Count; node++)
                copy.Copy(node);

            Expr[] wanted = [.. outputs.Select(output => copy.Target.At(copy[output]))];
            engine.Prepare(copy.Target, wanted, hasLoss ? wanted[0] : null, parameters);
            return read(engine.Plan);
        }
    }

    private static Model ModelOf(Graph graph) =>
        graph.Model as Model ?? throw new InvalidOperationException("The graph belongs to no model; make it with Model.NewGraph.");

    private static int Scalar(Expr loss) => loss.Graph.Scalar(loss, "What a gradient is taken of").Index;
}

/// <summary>What a pass has made of a graph.</summary>
/// <param name="Name">Of the pass: batch, inline, batch again, differentiate, simplify, fuse, totals; in the order in which they
/// ran.</param>
/// <param name="Graph">What it gave.</param>
public sealed record PassResult(string Name, Graph Graph);
