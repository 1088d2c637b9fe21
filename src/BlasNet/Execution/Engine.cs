using System.Diagnostics;
using System.Numerics;
using System.Runtime.InteropServices;
using BlasNet.Graphs;
using BlasNet.Graphs.Structure;
using BlasNet.Passes;

namespace BlasNet.Execution;

/// <summary>Which passes run; all of them, except to compare.</summary>
internal sealed record EngineOptions
{
    /// <summary>Merge the examples' nodes into stacks; without, every example is computed by itself.</summary>
    public bool Batching { get; init; } = true;

    /// <summary>Differentiate the minibatch graph before batching it, instead of the batched graph.</summary>
    public bool DifferentiateFirst { get; init; }

    /// <summary>Compute common subexpressions once.</summary>
    public bool Simplify { get; init; } = true;

    /// <summary>Views, sums in place and memory that is used again.</summary>
    public bool ReuseMemory { get; init; } = true;

    /// <summary>Check every graph and plan; for tests.</summary>
    public bool Verify { get; init; }
}

/// <summary>From a minibatch graph to values and gradients: runs the passes, then the plan.</summary>
internal sealed unsafe class Engine<T> : IDisposable where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly EngineOptions _options;
    private readonly Graph _batched, _simplified;
    private readonly Batch _batch;
    private readonly Simplify _simplify;
    private readonly Differentiate _differentiate = new();
    private readonly PlanMemory _planMemory;
    private readonly List<int> _outputs = [], _offsets = [], _targets = [], _gradients = [], _gradientOffsets = [];
    private Expr[] _asked = [];

    public Engine(ParameterStore<T> parameters, EngineOptions? options = null)
    {
        Precision precision = typeof(T) == typeof(float) ? Precision.Single : Precision.Double;
        _options = options ?? new EngineOptions();
        (_batched, _simplified) = (new Graph(precision), new Graph(precision));
        (_batch, _simplify) = (new Batch(_batched), new Simplify(_simplified));
        _planMemory = new PlanMemory { Reuse = _options.ReuseMemory };
        Executor = new Executor<T>(parameters);
    }

    public Executor<T> Executor { get; }

    /// <summary>The plan that <see cref="Prepare"/> made last.</summary>
    public Plan Plan { get; private set; } = null!;

    /// <summary>Time spent in each phase since the engine was made.</summary>
    public PhaseTimes Times { get; } = new();

    /// <summary>Parameters whose gradient is zero in the last plan, since the loss does not depend on them.</summary>
    public List<Parameter> Untouched { get; } = [];

    /// <summary>Runs the passes; the plan's peak bytes are known after this, before anything is computed.</summary>
    /// <param name="graph">The minibatch graph. With batching off, gradients are appended to it.</param>
    /// <param name="outputs">Expressions whose values are wanted.</param>
    /// <param name="loss">The scalar to differentiate, if any.</param>
    /// <param name="parameters">The parameters whose gradients are wanted.</param>
    public void Prepare(Graph graph, ReadOnlySpan<Expr> outputs, Expr? loss = null, ReadOnlySpan<Parameter> parameters = default)
    {
        RememberOutputs(graph, outputs);
        Untouched.Clear();
        _gradientOffsets.Clear();
        SetNodes(graph, loss, parameters);

        if (_options.DifferentiateFirst)
            Differentiate(graph, loss);

        Graph current = graph;
        if (_options.Batching)
        {
            long start = Stopwatch.GetTimestamp();
            _batch.Run(graph);
            current = _batched;
            Relocate();
            Times.Batch += Stopwatch.GetTimestamp() - start;
            Check(current);
        }

        if (!_options.DifferentiateFirst)
            Differentiate(current, loss);

        if (_options.Simplify)
            current = RunSimplify(current);

        MakeTotals(current, parameters);
        Check(current);
        long planning = Stopwatch.GetTimestamp();
        Plan = _planMemory.Run(current, CollectionsMarshal.AsSpan(_outputs), CollectionsMarshal.AsSpan(_gradients), CollectionsMarshal.AsSpan(_gradientOffsets));
        Times.Plan += Stopwatch.GetTimestamp() - planning;
        if (_options.Verify)
            Passes.Verify.Run(Plan, CollectionsMarshal.AsSpan(_outputs));
    }

    /// <summary>Runs the plan.</summary>
    /// <param name="gradients">A buffer laid out as the parameters are; null if no loss was given.</param>
    /// <param name="accumulate">Add to <paramref name="gradients"/> instead of overwriting.</param>
    public void Execute(T* gradients = null, bool accumulate = false)
    {
        long start = Stopwatch.GetTimestamp();
        if (!accumulate)
        {
            foreach (Parameter parameter in Untouched)
                new Span<T>(gradients + parameter.Offset, parameter.Shape.Size).Clear();
        }

        Executor.Run(Plan, gradients, accumulate);
        Times.Execute += Stopwatch.GetTimestamp() - start;
    }

    /// <summary>The value of one of the outputs given to <see cref="Prepare"/>, valid until the next run.</summary>
    public ReadOnlySpan<T> ValueOf(int output) =>
        Executor.ValueOf(_outputs[output], _offsets[output], _asked[output].Shape.Size * _asked[output].Count);

    public void Dispose() => Executor.Dispose();

    private void RememberOutputs(Graph graph, ReadOnlySpan<Expr> outputs)
    {
        if (_asked.Length < outputs.Length)
            _asked = new Expr[Math.Max(outputs.Length, 2 * _asked.Length)];

        outputs.CopyTo(_asked);
        _outputs.Clear();
        _offsets.Clear();
        foreach (Expr output in outputs)
        {
            _outputs.Add(output.IndexIn(graph));
            _offsets.Add(0);
        }
    }

    private void SetNodes(Graph graph, Expr? loss, ReadOnlySpan<Parameter> parameters)
    {
        _targets.Clear();
        _gradients.Clear();
        if (loss is not { } scalar)
            return;

        foreach (Parameter parameter in parameters)
            _targets.Add(graph.Use(parameter).Index);

        _gradients.Add(scalar.IndexIn(graph));   // the loss for now; its gradients once it is differentiated
    }

    private void Differentiate(Graph graph, Expr? loss)
    {
        if (loss is null)
            return;

        long start = Stopwatch.GetTimestamp();
        int scalar = _gradients[0];
        CollectionsMarshal.SetCount(_gradients, _targets.Count);
        _differentiate.Run(graph, scalar, CollectionsMarshal.AsSpan(_targets), CollectionsMarshal.AsSpan(_gradients));
        Times.Differentiate += Stopwatch.GetTimestamp() - start;
    }

    private Graph RunSimplify(Graph graph)
    {
        long start = Stopwatch.GetTimestamp();
        int outputs = _outputs.Count;
        _outputs.AddRange(_gradients);
        _simplify.Run(graph, CollectionsMarshal.AsSpan(_outputs));
        CollectionsMarshal.SetCount(_outputs, outputs);
        foreach (ref int node in CollectionsMarshal.AsSpan(_outputs))
            node = _simplify.Locate(node);

        foreach (ref int node in CollectionsMarshal.AsSpan(_gradients))
            node = node < 0 ? -1 : _simplify.Locate(node);

        Times.Simplify += Stopwatch.GetTimestamp() - start;
        return _simplified;
    }

    // Batching moves nodes into stacks: outputs to a position, parameters and the loss to a node of their own.
    private void Relocate()
    {
        for (int i = 0; i < _outputs.Count; i++)
            (_outputs[i], _offsets[i]) = _batch.Locate(_outputs[i]);

        foreach (ref int target in CollectionsMarshal.AsSpan(_targets))
            target = _batch.Locate(target).Node;

        foreach (ref int gradient in CollectionsMarshal.AsSpan(_gradients))
            gradient = gradient < 0 ? -1 : _batch.Locate(gradient).Node;
    }

    // Every gradient that goes to the buffer is a total of its own, into which its terms can be computed directly.
    private void MakeTotals(Graph graph, ReadOnlySpan<Parameter> parameters)
    {
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
                && !CollectionsMarshal.AsSpan(_gradients)[..kept].Contains(gradient)
                && !CollectionsMarshal.AsSpan(_outputs).Contains(gradient);
            _gradients[kept++] = isFree ? gradient : graph.Append(TotalOperator.Instance, 0, [gradient]);
            _gradientOffsets.Add(parameters[i].Offset);
        }

        CollectionsMarshal.SetCount(_gradients, kept);
    }

    private void Check(Graph graph)
    {
        if (_options.Verify)
            Passes.Verify.Run(graph);
    }
}
