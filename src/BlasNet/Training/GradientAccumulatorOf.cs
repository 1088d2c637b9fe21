using System.Diagnostics;
using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using BlasNet.Execution;
using BlasNet.Graphs;
using BlasNet.Graphs.Printing;
using BlasNet.Kernels;
using BlasNet.Memory;
using BlasNet.Operators;

namespace BlasNet.Training;

/// <inheritdoc/>
internal sealed unsafe class GradientAccumulator<T> : GradientAccumulator where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly ParameterStore<T> _parameters;
    private readonly Parameter[] _targets;
    private readonly EngineOptions _options;
    private readonly GradientShare<T> _first;
    private NativeBuffer<T>? _state;

    // Below this an update is done sooner than a second thread is told about it.
    private const int MinLengthPerUpdate = 16384;

    // Of a step on several threads: the other threads' parts, and which parts of the flat buffers each thread adds up and updates.
    private readonly List<GradientShare<T>> _shares = [];
    private readonly List<List<Segment>> _parts = [];
    private readonly ParallelParts _parallel = new();
    private Action<int>? _mergePart, _updatePart;
    private (Optimizer Optimizer, double Scale, long Step) _update;

    public GradientAccumulator(Model model, EngineOptions options)
    {
        _parameters = model.Store<T>();
        _targets = [.. model.Parameters];
        _options = options;
        _first = new GradientShare<T>(_parameters, _targets, options);
    }

    public override GradientShare First => _first;

    public override long HeldBytes
    {
        get
        {
            long bytes = _parameters.PackedBytes + _first.HeldBytes;
            foreach (GradientShare<T> share in _shares)
                bytes += share.HeldBytes;

            return bytes;
        }
    }

    private Engine<T> Engine => _first.Engine;

    private GradientBuffer<T> Gradient => _first.Gradient;

    public override void Begin()
    {
        _first.Begin();
        _shares.Clear();
        Penalty = 0;
    }

    public override GradientShare NewShare() => new GradientShare<T>(_parameters, _targets, _options);

    public override void Add(GradientShare share)
    {
        _first.Add(share);
        _shares.Add((GradientShare<T>)share);
    }

    public override void MergeShares()
    {
        long start = Stopwatch.GetTimestamp();
        foreach (GradientShare<T> share in _shares)
        {
            share.Gradient.Touched();   // listed once, for all threads
            Gradient.AddTouched(share.Gradient);
        }

        Segment.Split(Gradient.Touched(), PartsOf(_shares.Count + 1));
        _parallel.Run(_shares.Count + 1, _mergePart ??= MergePart);
        _first.Times.Update += Stopwatch.GetTimestamp() - start;
    }

    // Each thread adds all buffers within its range, in their order.
    private void MergePart(int part)
    {
        List<Segment> mine = _parts[part];
        if (mine.Count == 0)
            return;

        var range = new Segment(mine[0].Start, mine[^1].End - mine[0].Start);
        foreach (GradientShare<T> share in _shares)
            Gradient.AddValues(share.Gradient, share.Gradient.LastTouched, range);
    }

    private Span<List<Segment>> PartsOf(int count)
    {
        while (_parts.Count < count)
            _parts.Add([]);

        return CollectionsMarshal.AsSpan(_parts)[..count];
    }

    private void UpdatePart(int part)
    {
        (Optimizer optimizer, double scale, long step) = _update;
        optimizer.Update(AllOf(_state!), CollectionsMarshal.AsSpan(_parts[part]), scale, step);
    }

    private OptimizerRange<T> AllOf(NativeBuffer<T> state) => new(_parameters.Span, Gradient.Span[.._parameters.Length], state.Span);

    public override void HoldForecasts(bool hold) => _parameters.HoldForecasts(hold);

    // Times Σw, so that the one division at the end is right for it, too.
    public override void AddPenalty(Graph graph, Expr penalty, long memoryBudget, int workers)
    {
        Expr scaled = Op.Multiply(penalty, graph.Input(Sums.Weight));
        Engine.Prepare(graph, [penalty], scaled, _targets);
        if (memoryBudget > 0 && _first.Memory(Engine.Plan, graph, workers).Bytes is var bytes && bytes > memoryBudget)
            throw new InvalidOperationException($"The regulariser needs {bytes:N0} bytes; the memory budget is {memoryBudget:N0} bytes. Raise the budget.");

        Engine.Execute(Gradient, accumulate: true);
        Penalty = double.CreateTruncating(Engine.ValueOf(0)[0]);
    }

    public override void Update(Optimizer optimizer, long step)
    {
        long start = Stopwatch.GetTimestamp();
        int length = _parameters.Length;
        if (_state is null)
        {
            _state = new NativeBuffer<T>((long)optimizer.StateBuffers * length);
            _state.Clear();
        }

        double scale = 1 / Sums.Weight;
        GradientNorm = double.IsFinite(optimizer.ClipNorm) ? scale * Math.Sqrt(_first.SquaredNorm()) : double.NaN;
        if (GradientNorm > optimizer.ClipNorm)
            scale *= optimizer.ClipNorm / GradientNorm;

        ReadOnlySpan<Segment> touched = Gradient.Touched();
        int parts = Math.Max(_shares.Count + 1, Math.Min(ComputeThreads.Count, Segment.LengthOf(touched) / MinLengthPerUpdate));
        if (parts == 1)
        {
            optimizer.Update(AllOf(_state), touched, scale, step);
        }
        else
        {
            _update = (optimizer, scale, step);
            Segment.Split(touched, PartsOf(parts));
            _parallel.Run(parts, _updatePart ??= UpdatePart, takeBack: true);
        }

        _parameters.Changed();
        _first.Times.Update += Stopwatch.GetTimestamp() - start;
    }

    public override IDisposable UseAverage(Optimizer optimizer, long step)
    {
        long averaged = optimizer.AveragedSteps(step);
        if (averaged == 0)
            throw new InvalidOperationException("There is no average of the parameters yet: set the optimizer's AverageFrom before training, and train at least so many steps.");

        int length = _parameters.Length;
        var exchange = new ParameterExchange<T>(_parameters);
        TensorPrimitives.Divide(_state!.Span.Slice((optimizer.StateBuffers - 1) * length, length), T.CreateTruncating(-averaged), _parameters.Span);
        TensorPrimitives.Add(_parameters.Span, exchange.Saved, _parameters.Span);
        _parameters.Changed();
        return exchange;
    }

    public override (double Loss, string? Origin) Examine(Graph graph, Expr loss)
    {
        int nodes = graph.Count;
        using var engine = new Engine<T>(_parameters, EngineOptions.AsWritten);
        engine.Prepare(graph, [loss], loss, _targets);
        engine.Execute(Gradient);
        double value = double.CreateTruncating(engine.ValueOf(0)[0]);
        var anomalies = new AnomalyDetector();
        engine.Executor.Anomalies = anomalies;
        engine.Execute(Gradient);
        int first = anomalies.First;
        if (first < 0 && !double.IsFinite(value))
            first = AnomalyDetector.FirstLeaf(engine.Plan, engine.Executor);

        return (value, first < 0 ? null : TextPrinter.Print(engine.Plan.Graph, first) + (first < nodes ? "" : ", in the gradient"));
    }

    public override int StateBuffers => _state is null || _parameters.Length == 0 ? 0 : (int)(_state.Length / _parameters.Length);

    public override void AppendState(SafetensorsWriter writer)
    {
        for (int buffer = 0; buffer < StateBuffers; buffer++)
        {
            foreach (Parameter parameter in _targets)
                writer.Append<T>(StateOf(_state!, buffer, parameter), parameter.Shape);
        }
    }

    public override void ReadState(SafetensorsReader reader, IReadOnlyList<SafetensorsEntry> entries)
    {
        NativeBuffer<T>? state = null;
        if (entries.Count > 0)
        {
            state = new NativeBuffer<T>((long)entries.Count / _targets.Length * _parameters.Length);
            try
            {
                state.Clear();
                for (int i = 0; i < entries.Count; i++)
                {
                    Parameter parameter = _targets[i % _targets.Length];
                    reader.Read(entries[i], parameter.Shape, StateOf(state, i / _targets.Length, parameter));
                }
            }
            catch
            {
                state.Dispose();
                throw;
            }
        }

        _state?.Dispose();
        _state = state;
    }

    public override void RequireFinite()
    {
        foreach (Parameter parameter in _targets)
        {
            if (!TensorPrimitives.IsFiniteAll<T>(_parameters.SpanOf(parameter)))
                throw new ArithmeticException($"Parameter {parameter} is infinite or not a number.");

            for (int buffer = 0; buffer < StateBuffers; buffer++)
            {
                if (!TensorPrimitives.IsFiniteAll<T>(StateOf(_state!, buffer, parameter)))
                    throw new ArithmeticException($"The optimizer's state of parameter {parameter} is infinite or not a number.");
            }
        }
    }

    public override double[] MeanGradientOf(Parameter parameter)
    {
        var mean = new double[parameter.Shape.Size];
        for (int i = 0; i < mean.Length; i++)
            mean[i] = double.CreateTruncating(Gradient.Pointer[parameter.Offset + i]) / Sums.Weight;

        return mean;
    }

    private Span<T> StateOf(NativeBuffer<T> state, int buffer, Parameter parameter) =>
        state.Span.Slice(buffer * _parameters.Length + parameter.Offset, parameter.Shape.Size);

    public override ReadOnlySpan<Segment> Touched() => Gradient.Touched();

    public override void Dispose()
    {
        _first.Dispose();
        _state?.Dispose();
    }
}
