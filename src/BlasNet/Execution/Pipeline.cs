using System.Diagnostics;
using System.Runtime.InteropServices;
using BlasNet.Batching;
using BlasNet.Differentiation;
using BlasNet.Fusion;
using BlasNet.Graphs;
using BlasNet.Operators.Intrinsics;
using BlasNet.Planning;

namespace BlasNet.Execution;

/// <summary>From a minibatch graph to a plan: the passes in their order, and what they need to work.</summary>
/// <remarks>Keeps, if it is told to, a copy of the graph's structure, so that the plan can be used again for a graph that differs only in its numbers.</remarks>
internal sealed class Pipeline
{
    private readonly EngineOptions _options;
    private readonly Graph _seen;
    private readonly PassSet _passes;
    private readonly Simplify _simplify;
    private readonly FuseBias _fuseBias;
    private readonly Fuse _fuse;
    private readonly PerExample _seenByExample = new();
    private DifferentiatePerExample? _differentiateByExample;
    private readonly List<int> _outputs = [], _offsets = [], _lengths = [], _targets = [], _gradients = [];
    private readonly List<int> _seenOutputs = [];
    private readonly List<Parameter> _parameters = [], _differentiated = [];
    private readonly List<(long Place, double Value)> _constants = [];
    private readonly List<(long First, long Second)> _equalities = [];   // numbers whose being equal the plan relies on
    private readonly HashSet<int> _isWanted = [];
    private bool[] _isRead = [];
    private int _seenLoss;
    private bool _isByExample;
    private bool _isComplete;   // false after an error in a pass: there is no plan for what was seen

    /// <param name="precision">Of all values.</param>
    /// <param name="options">Which passes run.</param>
    /// <param name="passes">Shared with pipelines that are of the same options and do not run at the same time; only where the graph is simplified,
    /// and so becomes this one's own.</param>
    public Pipeline(Precision precision, EngineOptions options, PassSet passes)
    {
        (_options, _passes) = (options, passes);
        _seen = new Graph(precision);
        (_simplify, _fuseBias, _fuse) = (new Simplify(new Graph(precision)), new FuseBias(new Graph(precision)), new Fuse(new Graph(precision)));
    }

    /// <summary>Whether the last plan can be used again; another graph takes the place of one that cannot.</summary>
    public bool IsRemembered { get; private set; }

    /// <summary>What <see cref="Run"/> made last.</summary>
    public Plan Plan { get; } = new();

    /// <summary>How many passes hold the plan: while it is above 0, no other takes its place.</summary>
    public int Holders { get; set; }

    /// <summary>Parameters whose gradient is zero, since the loss does not depend on them.</summary>
    public List<Parameter> Untouched { get; } = [];

    /// <summary>For each parameter the output that holds the norms of the examples' gradients; −1 where all are 0. Empty if nobody asked.</summary>
    public List<int> NormOutputs { get; } = [];

    /// <summary>Where an output lies: a node of the plan's graph, the first element in its stack, and the number of elements.</summary>
    public (int Node, int Offset, int Length) OutputAt(int output) => (_outputs[output], _offsets[output], _lengths[output]);

    /// <summary>Whether the last plan fits: everything is equal but the numbers that the examples bring.</summary>
    public bool TryReuse(Graph graph, ReadOnlySpan<Expr> outputs, Expr? loss, ReadOnlySpan<Parameter> parameters, PerExample? byExample)
    {
        if (!IsRemembered || !_isComplete || (byExample is not null) != _isByExample || (byExample is not null && !byExample.AsksTheSameAs(_seenByExample))
            || !_options.Batching || _options.DifferentiateFirst || !graph.HasStructureOf(_seen) || outputs.Length != _seenOutputs.Count
            || (loss?.Index ?? -1) != _seenLoss || !parameters.SequenceEqual(CollectionsMarshal.AsSpan(_parameters)))
            return false;

        for (int i = 0; i < outputs.Length; i++)
        {
            if (outputs[i].IndexIn(graph) != _seenOutputs[i])
                return false;
        }

        foreach ((long first, long second) in _equalities)
        {
            if (!graph.Data.HasBitsOf(first, graph.Data.ElementAt(second, 0)))
                return false;
        }

        foreach ((long place, double value) in _constants)
        {
            if (!graph.Data.TryPlace(ConstantOperator.Instance, place, value))
                return false;
        }

        return true;
    }

    /// <summary>Runs the passes.</summary>
    public void Run(
        Graph graph, ReadOnlySpan<Expr> outputs, Expr? loss, ReadOnlySpan<Parameter> parameters, PerExample? byExample, bool remember, PhaseTimes times)
    {
        (_isComplete, IsRemembered) = (false, remember);
        Begin(graph, outputs, loss, parameters);
        Begin(graph, byExample);
        int constants = graph.Data.CountOf(ConstantOperator.Instance, Shape.Scalar);
        Graph current = graph;
        _passes.Batch.ShareEqual = _passes.BatchInlined.ShareEqual = _options.ShareEqual && byExample is null;   // what examples share has no gradient of one of them
        if (_options.DifferentiateFirst && byExample is null)
        {
            current = Inline(current, times);
            Differentiate(current, loss, times);
        }

        if (_options.Batching)
            current = Batch(_passes.Batch, current, times, "batch");

        if (current.HasCalls)
        {
            current = Inline(current, times);
            if (_options.Batching)
                current = Batch(_passes.BatchInlined, current, times, "batch again");
        }

        if (byExample is not null)
            Differentiate(current, byExample, times);
        else if (!_options.DifferentiateFirst)
            Differentiate(current, loss, times);

        if (_options.Simplify)
            current = Rewrite(_simplify, current, times, "simplify");

        if (_options.Fuse && _options.Simplify)
        {
            current = Rewrite(_fuseBias, current, times, "fuse bias");
            current = Rewrite(_fuse, current, times, "fuse");
        }

        MakeTotals(current, parameters);
        Show("totals", current);
        Check(current);
        long planning = Stopwatch.GetTimestamp();
        _passes.BufferPlanner.Run(Plan, current, CollectionsMarshal.AsSpan(_outputs), CollectionsMarshal.AsSpan(_gradients), CollectionsMarshal.AsSpan(_differentiated));
        times.Plan += Stopwatch.GetTimestamp() - planning;
        if (_options.Verify)
            Verify.Run(Plan, CollectionsMarshal.AsSpan(_outputs));

        RememberConstants(current, constants);
        _equalities.Clear();
        _equalities.AddRange(_passes.Batch.Equalities);
        _isComplete = true;
    }

    // The numbers that the passes have added after the user's own; a graph that finds this plan again does not bring them.
    private void RememberConstants(Graph graph, int first)
    {
        _constants.Clear();
        for (int node = 0; node < graph.Count; node++)
        {
            long place = graph.AttributeOf(node);
            if (graph.OperatorOf(node) == ConstantOperator.Instance && graph.ShapeOf(node).IsScalar && (int)place >= first)
                _constants.Add((place, graph.Data.ElementAt(place, 0)));
        }

        _constants.Sort();
    }

    private void Begin(Graph graph, ReadOnlySpan<Expr> outputs, Expr? loss, ReadOnlySpan<Parameter> parameters)
    {
        _targets.Clear();
        _gradients.Clear();
        _differentiated.Clear();
        Untouched.Clear();
        _outputs.Clear();
        _offsets.Clear();
        _lengths.Clear();
        foreach (Expr output in outputs)
            AddOutput(output.IndexIn(graph), output.Count * output.Shape.Size);

        Remember(graph, loss, parameters);
        if (loss is not { } scalar)
            return;

        foreach (Parameter parameter in parameters)
            _targets.Add(graph.Use(parameter).Index);

        _gradients.Add(scalar.IndexIn(graph));   // the loss for now; its gradients once it is differentiated
    }

    private void Remember(Graph graph, Expr? loss, ReadOnlySpan<Parameter> parameters)
    {
        if (!IsRemembered)
            return;

        _seen.TakeStructure(graph);
        _seenOutputs.Clear();
        _seenOutputs.AddRange(_outputs);
        _seenLoss = loss?.Index ?? -1;
        _parameters.Clear();
        _parameters.AddRange(parameters);
    }

    private void Differentiate(Graph graph, Expr? loss, PhaseTimes times)
    {
        if (loss is null)
            return;

        long start = Stopwatch.GetTimestamp();
        int scalar = _gradients[0];
        CollectionsMarshal.SetCount(_gradients, _targets.Count);
        _passes.Differentiate.Run(graph, scalar, CollectionsMarshal.AsSpan(_targets), CollectionsMarshal.AsSpan(_gradients));
        times.Differentiate += Stopwatch.GetTimestamp() - start;
        Show("differentiate", graph);
    }

    // The losses are the last outputs, so that they have been moved with them; the norms take their place.
    private void Differentiate(Graph graph, PerExample byExample, PhaseTimes times)
    {
        long start = Stopwatch.GetTimestamp();
        int examples = byExample.Losses.Count, outputs = _outputs.Count - examples;
        (int, int)[] losses = [.. Enumerable.Range(outputs, examples).Select(i => (_outputs[i], _offsets[i]))];
        _outputs.RemoveRange(outputs, examples);
        _offsets.RemoveRange(outputs, examples);
        _lengths.RemoveRange(outputs, examples);
        int[] norms = new int[_targets.Count];
        CollectionsMarshal.SetCount(_gradients, byExample.WantsSum ? _targets.Count : 0);
        _differentiateByExample!.Run(graph, losses, byExample, CollectionsMarshal.AsSpan(_targets), norms, CollectionsMarshal.AsSpan(_gradients));
        foreach (int node in norms)
        {
            NormOutputs.Add(node < 0 ? -1 : _outputs.Count);
            if (node >= 0)
                AddOutput(node, examples);
        }

        times.Differentiate += Stopwatch.GetTimestamp() - start;
        Show("differentiate", graph);
    }

    private void AddOutput(int node, int length)
    {
        _outputs.Add(node);
        _offsets.Add(0);
        _lengths.Add(length);
    }

    private void Begin(Graph graph, PerExample? byExample)
    {
        NormOutputs.Clear();
        _isByExample = byExample is not null;
        if (byExample is null)
            return;

        _seenByExample.Take(byExample);
        _differentiateByExample ??= new DifferentiatePerExample();
        _differentiateByExample.Begin(graph, byExample);
        foreach (Expr loss in byExample.Losses)
            AddOutput(loss.IndexIn(graph), 1);
    }

    private Graph Rewrite(IRewrite pass, Graph graph, PhaseTimes times, string name)
    {
        long start = Stopwatch.GetTimestamp();
        int outputs = _outputs.Count;
        _outputs.AddRange(_gradients);
        pass.Run(graph, CollectionsMarshal.AsSpan(_outputs));
        CollectionsMarshal.SetCount(_outputs, outputs);
        foreach (ref int node in CollectionsMarshal.AsSpan(_outputs))
            node = pass.Locate(node);

        foreach (ref int node in CollectionsMarshal.AsSpan(_gradients))
            node = node < 0 ? -1 : pass.Locate(node);

        times.Simplify += Stopwatch.GetTimestamp() - start;
        Show(name, pass.Target);
        return pass.Target;
    }

    // Batching moves nodes into stacks: outputs to a position; the loss and the gradients, where they are part of a stack, are taken out.
    private Graph Batch(Batch batch, Graph graph, PhaseTimes times, string name)
    {
        long start = Stopwatch.GetTimestamp();
        batch.Run(graph);
        for (int i = 0; i < _outputs.Count; i++)
        {
            (_outputs[i], int offset) = batch.Locate(_outputs[i]);
            _offsets[i] += offset;
        }

        foreach (ref int target in CollectionsMarshal.AsSpan(_targets))
            target = batch.Locate(target).Node;

        foreach (ref int gradient in CollectionsMarshal.AsSpan(_gradients))
            gradient = gradient < 0 ? -1 : Single(batch, gradient, graph.ShapeOf(gradient));

        times.Batch += Stopwatch.GetTimestamp() - start;
        Check(batch.Target);
        Show(name, batch.Target);
        return batch.Target;
    }

    // A stack of columns has another shape than the value whose columns they are.
    private static int Single(Batch batch, int source, Shape shape)
    {
        var (node, offset) = batch.Locate(source);
        Graph batched = batch.Target;
        if (batched.CountOf(node) == 1 && batched.ShapeOf(node) == shape)
            return node;

        long runs = batched.AddMoves([new Move(0, offset, 0, shape.Size)]);
        return batched.AppendStack(GatherOperator.Instance, runs, [node], shape, 1, shared: false);
    }

    private Graph Inline(Graph graph, PhaseTimes times)
    {
        long start = Stopwatch.GetTimestamp();
        _passes.Inline.Run(graph, []);
        foreach (ref int output in CollectionsMarshal.AsSpan(_outputs))
            output = _passes.Inline.Locate(output);

        foreach (ref int target in CollectionsMarshal.AsSpan(_targets))
            target = _passes.Inline.Locate(target);

        foreach (ref int gradient in CollectionsMarshal.AsSpan(_gradients))
            gradient = gradient < 0 ? -1 : _passes.Inline.Locate(gradient);

        times.Batch += Stopwatch.GetTimestamp() - start;
        Check(_passes.Inline.Target);
        Show("inline", _passes.Inline.Target);
        return _passes.Inline.Target;
    }

    // Every gradient that goes to the buffer is a sum of its own, into which its terms can be computed directly. The buffer holds the sum over all
    // passes, so it is never read as a value: what a node, an output or another parameter reads is computed elsewhere and then added.
    private void MakeTotals(Graph graph, ReadOnlySpan<Parameter> parameters)
    {
        FindRead(graph);
        int kept = 0;
        for (int i = 0; i < _gradients.Count; i++)
        {
            int gradient = _gradients[i];
            if (gradient < 0)
            {
                Untouched.Add(parameters[i]);
                continue;
            }

            bool isFree = graph.OperatorOf(gradient).Storage == Storage.Accumulator
                && !_isRead[gradient]
                && !CollectionsMarshal.AsSpan(_outputs).Contains(gradient);
            _gradients[kept++] = isFree ? gradient : graph.Append(TotalOperator.Instance, 0, [gradient]);
            _differentiated.Add(parameters[i]);
        }

        CollectionsMarshal.SetCount(_gradients, kept);
    }

    private void FindRead(Graph graph)
    {
        if (_isRead.Length < graph.Count)
            _isRead = new bool[graph.Capacity];

        Array.Clear(_isRead, 0, graph.Count);
        for (int node = 0; node < graph.Count; node++)
        {
            foreach (int input in graph.InputsOf(node))
                _isRead[input] = true;
        }

        // One value may be the gradient with respect to several parameters.
        _isWanted.Clear();
        foreach (int gradient in _gradients)
        {
            if (gradient >= 0 && !_isWanted.Add(gradient))
                _isRead[gradient] = true;
        }
    }

    private void Show(string pass, Graph graph) => _options.AfterPass?.Invoke(pass, graph);

    private void Check(Graph graph)
    {
        if (_options.Verify)
            Verify.Run(graph);
    }
}
