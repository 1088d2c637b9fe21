using System.Diagnostics;
using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using BlasNet.Differentiation;
using BlasNet.Execution;
using BlasNet.Graphs;
using BlasNet.Graphs.Printing;
using BlasNet.Kernels;
using BlasNet.Memory;
using BlasNet.Operators;

namespace BlasNet.Training;

/// <inheritdoc/>
internal sealed unsafe partial class GradientAccumulator<T> : GradientAccumulator where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Model _model;
    private readonly ParameterStore<T> _parameters;
    private readonly Parameter[] _targets;
    private readonly ComputeOptions _options;
    private readonly WorkerGradient<T> _first;
    private readonly ParameterUpdate<T> _update;
    private NativeBuffer<T>? _state;
    private UpdateGroups _groups;

    // Of a step on several threads: the other threads' parts, and which parts of the flat buffers each thread adds up.
    private readonly List<WorkerGradient<T>> _shares = [];
    private readonly List<List<Segment>> _parts = [];
    private readonly ParallelParts _parallel = new();
    private Action<int>? _mergePart;

    public GradientAccumulator(Model model, ComputeOptions options)
    {
        (_model, _parameters) = (model, model.Store<T>());
        _targets = [.. model.Parameters];
        _options = options;
        _first = new WorkerGradient<T>(_parameters, _targets, options, model.NewGraph);
        _groups = new UpdateGroups(model, []);
        _update = new ParameterUpdate<T>(_parameters, _first.Gradient, _targets) { Groups = _groups };
    }

    public override WorkerGradient First => _first;

    public override long HeldBytes
    {
        get
        {
            long bytes = _parameters.PackedBytes + _first.HeldBytes;
            foreach (WorkerGradient<T> share in _shares)
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

    public override WorkerGradient NewWorker()
    {
        var worker = new WorkerGradient<T>(_parameters, _targets, _options, _model.NewGraph);
        worker.Train(_groups.Trained);
        return worker;
    }

    public override void Train(UpdateGroups groups, Optimizer optimizer, IEnumerable<WorkerGradient> workers)
    {
        _update.Groups = _groups = groups;
        foreach (WorkerGradient worker in workers.Prepend(_first))
            worker.Train(groups.Trained);

        for (int buffer = 0; buffer < StateBuffers; buffer++)
        {
            foreach (Parameter parameter in _targets)
            {
                if (!HasState(optimizer, buffer, parameter))
                    StateOf(_state!, buffer, parameter).Clear();
            }
        }
    }

    public override void Add(WorkerGradient share)
    {
        _first.Add(share);
        _shares.Add((WorkerGradient<T>)share);
    }

    public override void MergeWorkers()
    {
        long start = Stopwatch.GetTimestamp();
        foreach (WorkerGradient<T> share in _shares)
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
        foreach (WorkerGradient<T> share in _shares)
            Gradient.AddValues(share.Gradient, share.Gradient.LastTouched, range);
    }

    private Span<List<Segment>> PartsOf(int count)
    {
        while (_parts.Count < count)
            _parts.Add([]);

        return CollectionsMarshal.AsSpan(_parts)[..count];
    }

    public override void HoldForecasts(bool hold) => _parameters.HoldForecasts(hold);

    // Times Σw, so that the one division at the end is right for it, too.
    public override void AddPenalty(Graph graph, Expr penalty, long memoryBudget, int workers)
    {
        Expr scaled = Op.Multiply(penalty, graph.Input(Sums.Weight));
        Engine.Prepare(graph, [penalty], scaled, _groups.Trained);
        if (memoryBudget > 0 && _first.Memory(Engine.Plan, graph, workers).Bytes is var bytes && bytes > memoryBudget)
            throw new InvalidOperationException($"The regulariser needs {bytes:N0} bytes; the memory budget is {memoryBudget:N0} bytes. Raise the budget.");

        Engine.Execute(Gradient, accumulate: true);
        Penalty = double.CreateTruncating(Engine.ValueOf(0)[0]);
    }

    public override UpdateRefusal? Update(Optimizer optimizer, long step)
    {
        long start = Stopwatch.GetTimestamp();
        if (_state is null)
        {
            _state = new NativeBuffer<T>((long)optimizer.StateBuffers * _parameters.Length);
            _state.Clear();
        }

        UpdateRefusal? refusal = _update.Measure(minParts: _shares.Count + 1, out double largest)
            ?? ScaleFor(optimizer, out double scale)
            ?? _update.Run(optimizer, _state, scale, step, largest);
        _first.Times.Update += Stopwatch.GetTimestamp() - start;
        return refusal;
    }

    // What turns the sum of the gradients into their mean, clipped.
    private UpdateRefusal? ScaleFor(Optimizer optimizer, out double scale)
    {
        (scale, GradientNorm) = (1 / Sums.Weight, double.NaN);
        if (!double.IsFinite(optimizer.ClipNorm))
            return null;

        GradientNorm = scale * _first.Norm();
        if (!double.IsFinite(GradientNorm))
            return new UpdateRefusal("the norm of the gradient is not finite, though its elements are", IsGradient: false);

        if (GradientNorm > optimizer.ClipNorm)
            scale *= optimizer.ClipNorm / GradientNorm;

        return null;
    }

    public override IDisposable UseAverage(Optimizer optimizer, long step)
    {
        long averaged = optimizer.AveragedSteps(step);
        if (averaged == 0)
            throw new InvalidOperationException(
                "There is no average of the parameters yet: set the optimizer's AverageFrom before training, and train at least so many steps.");

        int length = _parameters.Length;
        var exchange = new ParameterExchange<T>(_model);
        TensorPrimitives.Divide(_state!.Span.Slice((optimizer.StateBuffers - 1) * length, length), T.CreateTruncating(-averaged), _parameters.Span);
        TensorPrimitives.Add(_parameters.Span, exchange.Saved, _parameters.Span);
        _parameters.Changed();
        GC.KeepAlive(this);
        return exchange;
    }

    public override Examination Examine(Graph graph, Expr loss)
    {
        var trail = new GradientTrail();
        using var engine = new Engine<T>(_parameters, ComputeOptions.AsWritten with { Trail = trail });
        engine.Prepare(graph, [loss], loss, _groups.Trained);
        engine.Execute(Gradient);
        double value = double.CreateTruncating(engine.ValueOf(0)[0]);
        bool isFinite = IsFinite(Gradient);
        var anomalies = new AnomalyDetector();
        engine.Executor.Anomalies = anomalies;
        engine.Execute(Gradient);
        int first = anomalies.First;
        if (first < 0 && !(isFinite && double.IsFinite(value)))
            first = AnomalyDetector.FirstLeaf(engine.Plan, engine.Executor);

        return new Examination(value, isFinite, first < 0 ? null : Describe(engine.Plan.Graph, first, trail));
    }

    private static string Describe(Graph graph, int node, GradientTrail trail) =>
        trail.OriginOf(node) is { } origin ? $"{TextPrinter.Print(graph, origin)}, in the gradient" : TextPrinter.Print(graph, node);

    private static bool IsFinite(GradientBuffer<T> gradient)
    {
        foreach (Segment part in gradient.Touched())
        {
            if (!TensorPrimitives.IsFiniteAll<T>(gradient.Span.Slice(part.Start, part.Length)))
                return false;
        }

        return true;
    }

    public override int StateBuffers => _state is null || _parameters.Length == 0 ? 0 : (int)(_state.Length / _parameters.Length);

    public override bool HasState(Optimizer optimizer, int buffer, Parameter parameter) =>
        !_groups.IsFrozen(parameter) || buffer == optimizer.StateNames.Count;

    public override void AppendState(SafetensorsWriter writer, int buffer, Parameter parameter) =>
        writer.Append<T>(StateOf(_state!, buffer, parameter), parameter.Shape);

    public override void ReadState(
        SafetensorsReader reader, int buffers, IEnumerable<(SafetensorsEntry Entry, int Buffer, Parameter Parameter)> tensors)
    {
        NativeBuffer<T>? state = null;
        if (buffers > 0 && _parameters.Length > 0)
        {
            state = new NativeBuffer<T>((long)buffers * _parameters.Length);
            try
            {
                state.Clear();
                foreach ((SafetensorsEntry entry, int buffer, Parameter parameter) in tensors)
                    reader.Read(entry, parameter.Shape, StateOf(state, buffer, parameter));
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

    public override ModelGradient MeanGradient() => ModelGradient.Of(_model, Sums.Loss / Sums.Weight + Penalty, Gradient, Sums.Weight);

    private Span<T> StateOf(NativeBuffer<T> state, int buffer, Parameter parameter) =>
        state.Span.Slice(buffer * _parameters.Length + parameter.Offset, parameter.Shape.Size);

    public override ReadOnlySpan<Segment> Touched() => Gradient.Touched();

    public override void Dispose()
    {
        _first.Dispose();
        _state?.Dispose();
        _rankGradient?.Dispose();
    }
}
