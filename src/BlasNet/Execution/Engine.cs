using System.Diagnostics;
using System.Numerics;
using BlasNet.Differentiation;
using BlasNet.Graphs;
using BlasNet.Graphs.Printing;
using BlasNet.Kernels;
using BlasNet.Passes;
using BlasNet.Planning;

namespace BlasNet.Execution;

/// <summary>From a minibatch graph to values and gradients: compiles the graph, or finds the plan of an earlier one of the same structure, and runs it.</summary>
internal sealed unsafe class Engine<T> : IDisposable where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Nodes of a minibatch graph whose plan is kept at once.</summary>
    private const int SmallGraph = 2000;

    private readonly EngineOptions _options;
    private readonly List<Pipeline> _pipelines = [];   // the one used last comes first
    private Pipeline _current = null!;
    private PassSet? _passes;
    private ulong[] _met = [];   // fingerprints of structures, each in a place that it tells; later ones take the places of earlier ones
    private bool _disposed;
    private readonly Precision _precision = typeof(T) == typeof(float) ? Precision.Single : Precision.Double;

    public Engine(ParameterStore<T> parameters, EngineOptions? options = null)
    {
        _options = options ?? new EngineOptions();
        Executor = new Executor<T>(parameters);
    }

    public Executor<T> Executor { get; }

    /// <summary>The plan of the last <see cref="Use"/>.</summary>
    public Plan Plan => _current.Plan;

    /// <summary>Whether values are examined after every kernel.</summary>
    public bool DetectAnomalies
    {
        get => Executor.Anomalies is not null;
        set
        {
            if (value != DetectAnomalies)
                Executor.Anomalies = value ? new AnomalyDetector() : null;
        }
    }

    /// <summary>The node of the last run that first gave a value that is not finite, as it is printed; null where none did.</summary>
    public string? Anomaly => Executor.Anomalies is { First: >= 0 } anomalies ? TextPrinter.Print(Plan.Graph, anomalies.First) : null;

    /// <summary>Time spent in each phase since the engine was made.</summary>
    public PhaseTimes Times { get; } = new();

    /// <summary>Makes or finds the plan that is executed next.</summary>
    /// <inheritdoc cref="Compile"/>
    public void Prepare(Graph graph, ReadOnlySpan<Expr> outputs, Expr? loss = null, ReadOnlySpan<Parameter> parameters = default, PerExample? byExample = null) =>
        Use(Compile(graph, outputs, loss, parameters, byExample), graph);

    /// <summary>Makes or finds a plan; its peak bytes are known after this, before anything is computed. May run while another plan is executed,
    /// if that one is held.</summary>
    /// <param name="graph">The minibatch graph. With batching off, gradients are appended to it.</param>
    /// <param name="outputs">Expressions whose values are wanted.</param>
    /// <param name="loss">The scalar to differentiate, if any.</param>
    /// <param name="parameters">The parameters whose gradients are wanted.</param>
    /// <param name="byExample">Asks for the examples' gradients by themselves; <paramref name="loss"/> is the sum of the losses then too.</param>
    /// <exception cref="InvalidOperationException">The pass is too large for the indices of a plan.</exception>
    public Pipeline Compile(Graph graph, ReadOnlySpan<Expr> outputs, Expr? loss, ReadOnlySpan<Parameter> parameters, PerExample? byExample)
    {
        long start = Stopwatch.GetTimestamp();
        Pipeline? found = _options.CachedPlans > 0 ? Find(graph, outputs, loss, parameters, byExample) : null;
        Times.PlansFound += found is null ? 0 : 1;
        bool remember = found is null && _options.CachedPlans > 0 && (graph.Count <= SmallGraph || IsKnown(graph.Fingerprint()));
        Pipeline used = found ?? Replaced();
        _pipelines.Remove(used);
        _pipelines.Insert(0, used);
        Times.Plan += Stopwatch.GetTimestamp() - start;
        try
        {
            if (found is null)
                used.Run(graph, outputs, loss, parameters, byExample, remember, Times);

            return used;
        }
        catch (OverflowException e)
        {
            throw GraphTransforms.TooManyElements(e);
        }
    }

    /// <summary>Chooses what is executed next, and what results are asked of from here on.</summary>
    /// <param name="pipeline">What <see cref="Compile"/> gave.</param>
    /// <param name="graph">For this graph; it has the numbers.</param>
    public void Use(Pipeline pipeline, Graph graph)
    {
        _current = pipeline;
        Plan.Graph.TakeData(graph);
    }

    /// <summary>Runs the plan.</summary>
    /// <param name="gradients">Receives the gradients; null if no loss was given.</param>
    /// <param name="accumulate">Add to <paramref name="gradients"/> instead of overwriting.</param>
    /// <exception cref="ObjectDisposedException">The model has been disposed, and its parameters with it.</exception>
    public void Execute(GradientBuffer<T>? gradients = null, bool accumulate = false)
    {
        ThrowIfDisposed();
        Prefetch.RequireNone();
        long start = Stopwatch.GetTimestamp();
        if (gradients is not null)
            Begin(gradients, accumulate);

        Executor.Run(Plan, gradients, accumulate);
        Times.Execute += Stopwatch.GetTimestamp() - start;
    }

    // Before the first pass of a step, what the last step has touched is zero again, except where it will be overwritten.
    private void Begin(GradientBuffer<T> gradients, bool accumulate)
    {
        if (!accumulate)
        {
            foreach (Parameter parameter in _current.Untouched)
                gradients.Clear(parameter);
        }

        foreach ((Parameter parameter, bool sparse) in Plan.Gradients)
        {
            if (!sparse)
                gradients.TouchAll(parameter);
            else if (!accumulate)
                gradients.Clear(parameter);
        }
    }

    /// <summary>The value of one of the outputs given to <see cref="Prepare"/>, valid until the next run.</summary>
    /// <exception cref="ObjectDisposedException">The model has been disposed since.</exception>
    public ReadOnlySpan<T> ValueOf(int output)
    {
        ThrowIfDisposed();
        (int node, int offset, int length) = _current.OutputAt(output);
        return Executor.ValueOf(node, offset, length);
    }

    /// <summary>The norms of the examples' gradients with respect to one of the parameters; empty where all are 0.</summary>
    public ReadOnlySpan<T> NormsOf(int parameter) => _current.NormOutputs[parameter] is >= 0 and var output ? ValueOf(output) : [];

    /// <summary>The norm of one example's gradient with respect to all parameters together.</summary>
    public double NormOf(int example)
    {
        var norm = new EuclideanNorm();
        for (int parameter = 0; parameter < _current.NormOutputs.Count; parameter++)
        {
            ReadOnlySpan<T> norms = NormsOf(parameter);
            norm.Add(norms.IsEmpty ? 0 : double.CreateTruncating(norms[example]));
        }

        return norm.Value;
    }

    public void Dispose()
    {
        _disposed = true;
        Executor.Dispose();
    }

    // Engines are disposed by the model they belong to; what they would read is gone then.
    private void ThrowIfDisposed()
    {
        if (_disposed)
            throw new ObjectDisposedException("Model", "The model has been disposed: it can be neither trained nor evaluated any more.");
    }

    // A plan is kept from the second time on that its structure is met: sentences in a new order never meet again, and the memory in which one minibatch
    // was compiled is there for the next.
    private bool IsKnown(ulong fingerprint)
    {
        if (_met.Length == 0)
            _met = new ulong[BitOperations.RoundUpToPowerOf2((uint)_options.CachedPlans) * 16];

        ref ulong known = ref _met[(int)fingerprint & (_met.Length - 1)];
        bool isKnown = known == fingerprint;
        known = fingerprint;
        return isKnown;
    }

    private Pipeline? Find(Graph graph, ReadOnlySpan<Expr> outputs, Expr? loss, ReadOnlySpan<Parameter> parameters, PerExample? byExample)
    {
        foreach (Pipeline known in _pipelines)
        {
            if (known.TryReuse(graph, outputs, loss, parameters, byExample))
                return known;
        }

        return null;
    }

    // One whose plan cannot be used again, or, when they are many, the oldest; what is held is to be executed yet.
    private Pipeline Replaced()
    {
        Pipeline? replaced = _pipelines.FindLast(static known => known is { Holders: 0, IsRemembered: false });
        if (replaced is null && _pipelines.Count >= Math.Max(1, _options.CachedPlans))
            replaced = _pipelines.FindLast(static known => known.Holders == 0);

        if (replaced is null)
            _pipelines.Add(replaced = new Pipeline(_precision, _options, _passes is not null && _options.Simplify ? _passes : _passes = new PassSet(_precision, _options)));

        return replaced;
    }
}
