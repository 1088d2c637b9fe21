using System.Diagnostics;
using System.Numerics;
using BlasNet.Differentiation;
using BlasNet.Graphs;
using BlasNet.Graphs.Printing;
using BlasNet.Kernels;
using BlasNet.Passes;
using BlasNet.Planning;

namespace BlasNet.Execution;

/// <summary>From a minibatch graph to values and gradients: compiles the graph, or finds the plan of an earlier one of the same structure, and runs
/// it.</summary>
internal sealed unsafe class Engine<T> : IDisposable where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Most nodes of a minibatch graph whose plan is kept the first time its structure is seen.</summary>
    private const int SmallGraph = 2000;

    private readonly ComputeOptions _options;
    private readonly List<CompiledPlan> _plans = [];   // the one used last comes first
    private CompiledPlan _current = null!;
    private Pipeline? _pipeline;
    private ulong[] _met = [];   // fingerprints of structures, a direct-mapped cache
    private bool _disposed;
    private readonly Precision _precision = typeof(T) == typeof(float) ? Precision.Single : Precision.Double;

    public Engine(ParameterStore<T> parameters, ComputeOptions? options = null)
    {
        _options = options ?? new ComputeOptions();
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
    public void Prepare(
        Graph graph, ReadOnlySpan<Expr> outputs, Expr? loss = null, ReadOnlySpan<Parameter> parameters = default, PerExample? perExample = null) =>
        Use(Compile(new PlanRequest(graph, outputs, loss, parameters, perExample)), graph);

    /// <summary>Makes or finds a plan; its peak bytes are known after this, before anything is computed. May run while another plan is executed,
    /// if that one is held.</summary>
    /// <exception cref="InvalidOperationException">The microbatch is too large for the indices of a plan.</exception>
    public CompiledPlan Compile(in PlanRequest request)
    {
        long start = Stopwatch.GetTimestamp();
        // To find an anomaly, the steps of recurrences are nodes of their own; what is recorded is differentiated in the same run.
        bool keepsPlans = KeepsPlans && !DetectAnomalies && request.Round?.Tape is null;
        CompiledPlan? found = keepsPlans ? Find(request) : null;
        Times.PlansFound += found is null ? 0 : 1;
        Telemetry.AddPlan(isFound: found is not null);
        bool keep = found is null && keepsPlans && (request.Graph.Count <= SmallGraph || IsKnown(request.Graph.Fingerprint()));
        CompiledPlan used = found ?? Replaced();
        _plans.Remove(used);
        _plans.Insert(0, used);
        Times.Plan += Stopwatch.GetTimestamp() - start;
        try
        {
            if (found is null)
                used.Compile(request, keep, scans: !DetectAnomalies, Times);

            return used;
        }
        catch (OverflowException e)
        {
            throw GraphTransforms.TooManyElements(e);
        }
    }

    /// <summary>Chooses the plan that is executed next, and whose results are read from here on.</summary>
    /// <param name="plan">From <see cref="Compile"/>.</param>
    /// <param name="graph">The graph that it was compiled for, which has the data.</param>
    public void Use(CompiledPlan plan, Graph graph)
    {
        _current = plan;
        Plan.Graph.TakeData(graph);
    }

    /// <summary>Chooses the last plan once more, after the data of its graph has changed in place.</summary>
    /// <returns>False if it does not fit that data.</returns>
    public bool TryUseAgain()
    {
        if (DetectAnomalies || !_current.TryFitAgain())
            return false;

        Times.PlansFound++;
        Telemetry.AddPlan(isFound: true);
        return true;
    }

    /// <summary>Runs the plan.</summary>
    /// <param name="gradients">Receives the gradients; null if no loss was given.</param>
    /// <param name="accumulate">Add to <paramref name="gradients"/> instead of overwriting.</param>
    /// <exception cref="ObjectDisposedException">The model has been disposed, and its parameters with it.</exception>
    public void Execute(GradientBuffer<T>? gradients = null, bool accumulate = false) => Execute(gradients, accumulate, arena: null);

    /// <summary>Runs the plan of a graph without gradients, whose values outlive the next run.</summary>
    /// <param name="arena">Room for <see cref="Plan.ArenaLength"/> elements.</param>
    /// <exception cref="ObjectDisposedException">The model has been disposed, and its parameters with it.</exception>
    public void ExecuteInto(T* arena) => Execute(gradients: null, accumulate: false, arena);

    private void Execute(GradientBuffer<T>? gradients, bool accumulate, T* arena)
    {
        ThrowIfDisposed();
        Prefetch.RequireNone();
        long start = Stopwatch.GetTimestamp();
        if (gradients is not null)
            Begin(gradients, accumulate);

        Executor.Run(Plan, gradients, accumulate, arena);
        Times.Execute += Stopwatch.GetTimestamp() - start;
        Times.Launches += Plan.LaunchCount;
        Times.CopiedBytes += Plan.CopiedBytes;
    }

    // Before the first microbatch of a step, what the last step has touched is zero again, except where it will be overwritten.
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

    /// <summary>Where the value of an output begins.</summary>
    public T* AddressOf(int output)
    {
        (int node, int offset, _) = _current.OutputAt(output);
        return Executor.AddressOf(node) + offset;
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

    // The model disposes its engines, and with them the parameters that they read.
    private void ThrowIfDisposed()
    {
        if (_disposed)
            throw new ObjectDisposedException("Model", "The model has been disposed: it can be neither trained nor evaluated any more.");
    }

    // A large plan is kept the second time its structure is seen. Minibatches of a new order are seen once, and the next one is compiled in their memory.
    private bool IsKnown(ulong fingerprint)
    {
        if (_met.Length == 0)
            _met = new ulong[BitOperations.RoundUpToPowerOf2((uint)_options.CachedPlans) * 16];

        ref ulong known = ref _met[(int)fingerprint & (_met.Length - 1)];
        bool isKnown = known == fingerprint;
        known = fingerprint;
        return isKnown;
    }

    // Only for the usual order of the passes; the others are for comparison.
    private bool KeepsPlans => _options is { CachedPlans: > 0, Batching: true, DifferentiateFirst: false };

    private CompiledPlan? Find(in PlanRequest request)
    {
        foreach (CompiledPlan known in _plans)
        {
            if (known.TryFit(request))
                return known;
        }

        return null;
    }

    // Evicts a plan that cannot be found again or, if the cache is full, the least recently used one; never a plan that is still to be executed.
    private CompiledPlan Replaced()
    {
        CompiledPlan? replaced = _plans.FindLast(static known => known is { Holders: 0, IsKept: false });
        if (replaced is null && _plans.Count >= Math.Max(1, _options.CachedPlans))
            replaced = _plans.FindLast(static known => known.Holders == 0);

        if (replaced is null)
            _plans.Add(replaced = new CompiledPlan(_precision, SharedPipeline()));

        return replaced;
    }

    // A graph that is not simplified stays in the pipeline's memory, so each plan then has a pipeline of its own.
    private Pipeline SharedPipeline() =>
        _pipeline is not null && _options.Simplify ? _pipeline : _pipeline = new Pipeline(_precision, _options);
}
