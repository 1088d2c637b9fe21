using System.Diagnostics;
using System.Runtime.InteropServices;
using BlasNet.Batching;
using BlasNet.Differentiation;
using BlasNet.Fusion;
using BlasNet.Graphs;
using BlasNet.Planning;
using BlasNet.Recurrences;

namespace BlasNet.Execution;

/// <summary>From a minibatch graph to a plan: the passes in their order, with the memory they work in. Plans that are made in turn share it.</summary>
internal sealed class Pipeline
{
    private readonly ComputeOptions _options;
    private readonly Batch _batch, _batchInlined;
    private readonly Inline _inline;
    private readonly Differentiate _differentiate;
    private readonly DifferentiatePerExample _differentiatePerExample = new();
    private readonly NodeRewrite _simplify, _fuse;
    private readonly Recall _recall;
    private readonly Totals _totals = new();
    private readonly BufferPlanner _planner;
    private CompiledPlan _plan = null!;
    private PhaseTimes _times = null!;

    public Pipeline(Precision precision, ComputeOptions options)
    {
        _options = options;
        Integers = new IntegerFacts(options.ComparesFrom);
        _batch = new Batch(new Graph(precision), Integers);
        _batchInlined = new Batch(new Graph(precision), Integers);
        _batch.NumbersApart = _batchInlined.NumbersApart = options.NumbersApart;
        _inline = new Inline(new Graph(precision)) { Fuse = options.Fuse ? FuseBody.Run : null };
        _differentiate = new Differentiate { MergeSums = options.Batching && !options.DifferentiateFirst, Trail = options.Trail };
        _recall = new Recall(new Graph(precision)) { ConsumesSource = true };
        _simplify = new Simplify(new Graph(precision)) { ConsumesSource = options.Batching };
        _fuse = new Fuse(new Graph(precision)) { ConsumesSource = true };
        _planner = new BufferPlanner { Reuse = options.ReuseMemory };
    }

    /// <summary>What the last plan relies on among the integers of its graph.</summary>
    public IntegerFacts Integers { get; }

    private Roots Roots => _plan.Roots;

    /// <summary>Runs the passes.</summary>
    /// <param name="plan">Receives the plan; its roots are those of the request.</param>
    /// <param name="request">What is wanted.</param>
    /// <param name="keep">Whether all is noted that the plan relies on.</param>
    /// <param name="scans">Whether the steps of recurrences are one node, where they can be.</param>
    /// <param name="times">Receives the time of each phase.</param>
    public void Run(CompiledPlan plan, in PlanRequest request, bool keep, bool scans, PhaseTimes times)
    {
        Integers.Begin(notesDifferences: keep);
        (_plan, _times) = (plan, times);
        PerExample? perExample = request.PerExample;
        bool early = _options.DifferentiateFirst && perExample is null && request.Round is null;
        Prepare(request, scans, early);
        Graph graph = early ? DifferentiateMinibatch(request.Graph) : request.Graph;
        graph = Merge(graph, request);
        if (request.Round is { Tape: { } tape } round)
            graph = Record(graph, round, tape);

        if (perExample is not null)
            Differentiate(graph, perExample);
        else if (!early)
            Differentiate(graph);

        if (ReferenceEquals(graph, request.Round?.Tape?.Target))
            graph = Rewrite(_recall, graph, "recall", ref times.Simplify);

        if (_options.Simplify)
            graph = Rewrite(_simplify, graph, "simplify", ref times.Simplify);

        if (_options.Fuse && _options.Simplify)
            graph = Rewrite(_fuse, graph, "fuse", ref times.Simplify);

        MakePlan(graph);
        TakeOver(graph);
    }

    private void Prepare(in PlanRequest request, bool scans, bool early)
    {
        bool tellsApart = request.PerExample is not null;
        _batch.ShareEqual = _batchInlined.ShareEqual = _options.ShareEqual && !tellsApart;   // what examples share has no gradient of one of them

        // One node adds up what its vertices give, and so tells no example from another.
        _batch.Scans = _batchInlined.Scans = scans && !tellsApart ? ScanCompiler.Run : null;
        _inline.KeepsRecurrences = _options.Batching && !early;
        if (request.PerExample is { } perExample)
            _differentiatePerExample.Begin(request.Graph, perExample);
    }

    private Graph DifferentiateMinibatch(Graph graph)
    {
        graph = Rewrite(_inline, graph, "inline", ref _times.Batch);
        Differentiate(graph);
        return graph;
    }

    // From examples to stacks, calls of functions included.
    private Graph Merge(Graph graph, in PlanRequest request)
    {
        if (_options.Batching)
            graph = Rewrite(_batch, graph, "batch", ref _times.Batch);

        request.Round?.TakeBatched(request.Graph, _options.Batching ? _batch : null, graph, Roots);
        return InlineCalls(graph);
    }

    // Recurrences that bodies hold merge in their turn, and become calls of the bodies of their steps.
    private Graph InlineCalls(Graph graph)
    {
        while (graph.HasCalls)
        {
            graph = Rewrite(_inline, graph, "inline", ref _times.Batch);
            if (_options.Batching)
                graph = Rewrite(_batchInlined, graph, "batch again", ref _times.Batch);
        }

        return graph;
    }

    // The plan keeps its graph, and the pass that made that graph writes its next one over the graph of the plan before.
    private void TakeOver(Graph graph)
    {
        if (_simplify.TryExchange(graph, _plan.Spare) || _fuse.TryExchange(graph, _plan.Spare))
            _plan.Spare = graph;
    }

    private Graph Rewrite(IRewrite pass, Graph source, string name, ref long time)
    {
        long start = Stopwatch.GetTimestamp();
        pass.Run(source, Roots.Kept());
        Roots.Follow(pass, source);
        time += Stopwatch.GetTimestamp() - start;
        Show(name, pass.Target);
        return pass.Target;
    }

    // The last round is differentiated together with those before it.
    private Graph Record(Graph graph, RoundValues round, Tape tape)
    {
        if (Roots.Losses.Count == 0)
        {
            tape.Run(graph, []);
            round.TakeRecorded(graph, Roots);
            return graph;
        }

        _recall.Tape = tape;
        return Rewrite(tape, graph, "record", ref _times.Batch);
    }

    private void Differentiate(Graph graph)
    {
        if (Roots.Losses is not [var place])
            return;

        long start = Stopwatch.GetTimestamp();
        int loss = Roots.Single(graph, place, Shape.Scalar);
        CollectionsMarshal.SetCount(Roots.Gradients, Roots.Targets.Count);
        _differentiate.Run(graph, loss, CollectionsMarshal.AsSpan(Roots.Targets), CollectionsMarshal.AsSpan(Roots.Gradients));
        Roots.EndDifferentiation();
        _times.Differentiate += Stopwatch.GetTimestamp() - start;
        Show("differentiate", graph);
    }

    // The norms of the examples' gradients become outputs.
    private void Differentiate(Graph graph, PerExample perExample)
    {
        long start = Stopwatch.GetTimestamp();
        int[] norms = new int[Roots.Targets.Count];
        CollectionsMarshal.SetCount(Roots.Gradients, perExample.WantsSum ? Roots.Targets.Count : 0);
        ReadOnlySpan<Location> losses = CollectionsMarshal.AsSpan(Roots.Losses);
        ReadOnlySpan<int> targets = CollectionsMarshal.AsSpan(Roots.Targets);
        _differentiatePerExample.Run(graph, losses, perExample, targets, norms, CollectionsMarshal.AsSpan(Roots.Gradients));

        foreach (int node in norms)
        {
            _plan.NormOutputs.Add(node < 0 ? -1 : Roots.Outputs.Count);
            if (node >= 0)
                Roots.Outputs.Add((new Location(node), Roots.Losses.Count));
        }

        Roots.EndDifferentiation();
        _times.Differentiate += Stopwatch.GetTimestamp() - start;
        Show("differentiate", graph);
    }

    private void MakePlan(Graph graph)
    {
        long start = Stopwatch.GetTimestamp();
        Roots.DropZeroGradients(_plan.Untouched);
        ReadOnlySpan<int> outputs = Roots.OutputNodes();
        Span<int> gradients = CollectionsMarshal.AsSpan(Roots.Gradients);
        _totals.Run(graph, outputs, gradients);
        Show("totals", graph);
        _planner.Run(_plan.Plan, graph, outputs, gradients, CollectionsMarshal.AsSpan(Roots.Parameters));
        _times.Plan += Stopwatch.GetTimestamp() - start;
        if (_options.Verify)
            Verify.Run(_plan.Plan, outputs);
    }

    private void Show(string pass, Graph graph)
    {
        if (_options.Verify)
            Verify.Run(graph);

        _options.AfterPass?.Invoke(pass, graph);
    }
}
