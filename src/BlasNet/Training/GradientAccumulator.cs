using System.Diagnostics;
using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using BlasNet.Execution;
using BlasNet.Graphs;
using BlasNet.Graphs.Printing;
using BlasNet.Graphs.Structure;
using BlasNet.Kernels;
using BlasNet.Memory;
using BlasNet.Operators;
using BlasNet.Passes;

namespace BlasNet.Training;

/// <summary>The objective (1/Σw)·Σ w·ℓ + J of any number of examples, over any number of passes, and its gradient; then one update.</summary>
/// <remarks>Every pass adds to the sums of losses, weights and gradients. The regulariser J, times Σw, comes once, after the last pass, and the
/// division by Σw once, at the end. So the result does not depend, but for rounding, on how the examples were split into passes.</remarks>
internal abstract class GradientAccumulator : IDisposable
{
    public static GradientAccumulator Create(Model model, EngineOptions options) =>
        model.Precision == Precision.Single ? new GradientAccumulator<float>(model, options) : new GradientAccumulator<double>(model, options);

    /// <summary>Sum of the losses, each times its weight, since <see cref="Begin"/>.</summary>
    public double LossSum { get; protected set; }

    /// <summary>Sum of the examples' weights since <see cref="Begin"/>.</summary>
    public double WeightSum { get; protected set; }

    /// <summary>The regulariser's value, once it has been added.</summary>
    public double Penalty { get; protected set; }

    /// <summary>Number of passes since <see cref="Begin"/>.</summary>
    public int Passes { get; protected set; }

    /// <summary>Examples of the largest pass since <see cref="Begin"/>.</summary>
    public int LargestPass { get; protected set; }

    /// <summary>Euclidean norm of the objective's gradient at the last update, before clipping; not a number where nothing asked for it.</summary>
    public double GradientNorm { get; protected set; }

    /// <summary>Number of examples since <see cref="Begin"/>.</summary>
    public int Examples { get; protected set; }

    public abstract PhaseTimes Times { get; }

    /// <summary>The plan of the last pass.</summary>
    public abstract Plan Plan { get; }

    /// <summary>Time by operator; null while nobody asks.</summary>
    public abstract Profile? Profile { get; set; }

    /// <summary>Sum of |w g|² over the examples since <see cref="Begin"/>, as far as it was asked for; of what is left of them where they are clipped.</summary>
    public double SquaredNormSum { get; protected set; }

    /// <summary>Starts a new optimizer step.</summary>
    public virtual void Begin() => (LossSum, WeightSum, Penalty, Examples, Passes, LargestPass, SquaredNormSum) = (0, 0, 0, 0, 0, 0, 0);

    /// <summary>Makes or finds the plan of a pass; nothing is computed yet, and another pass may be prepared instead.</summary>
    /// <param name="graph">The pass's minibatch graph.</param>
    /// <param name="losses">One scalar for each example of it, times its weight.</param>
    /// <param name="byExample">Asks for norms or clipping of the examples' gradients.</param>
    public abstract void Prepare(Graph graph, ReadOnlySpan<Expr> losses, ByExample? byExample = null);

    /// <summary>What the pass that was prepared takes.</summary>
    public abstract PassMemory Memory { get; }

    /// <summary>Bytes that passes hold now: values, packed weights, the kernels' scratch memory.</summary>
    public abstract long HeldBytes { get; }

    /// <summary>Computes the pass that was prepared.</summary>
    /// <param name="examples">How many it has.</param>
    /// <param name="weight">The sum of their weights.</param>
    public abstract void Add(int examples, double weight);

    /// <summary>Makes what another thread needs for a part of the steps.</summary>
    public abstract GradientShare NewShare();

    /// <summary>Adds the losses of another thread's part of the step; its gradient comes with <see cref="MergeShares"/>.</summary>
    /// <param name="share">The part.</param>
    /// <param name="examples">How many it has.</param>
    /// <param name="weight">The sum of their weights.</param>
    public abstract void Add(GradientShare share, int examples, double weight);

    /// <summary>Adds the gradients of all parts, in their order.</summary>
    public abstract void MergeShares(ParallelParts parallel);

    /// <summary>While several threads compute at once, which kernels they choose must not depend on which of them came first.</summary>
    public abstract void HoldForecasts(bool hold);

    /// <summary>|Σ w g|², of all examples since <see cref="Begin"/>.</summary>
    public abstract double SquaredNorm();

    /// <summary>Adds the regulariser, after the last pass and once.</summary>
    /// <param name="graph">A graph of its own.</param>
    /// <param name="penalty">J, a scalar in it.</param>
    /// <param name="memoryBudget">What this pass may take, as any other; 0 for no limit.</param>
    /// <exception cref="InvalidOperationException">It takes more.</exception>
    public abstract void AddPenalty(Graph graph, Expr penalty, long memoryBudget);

    /// <summary>Updates the parameters by the objective's gradient.</summary>
    /// <param name="optimizer">The rule.</param>
    /// <param name="step">The number of this step, from 1.</param>
    public abstract void Update(Optimizer optimizer, long step);

    /// <summary>Whether every value that is computed must be finite.</summary>
    public abstract bool DetectAnomalies { get; set; }

    /// <summary>The node of the last pass that broke this rule first, as it is printed; null where none did.</summary>
    public abstract string? Anomaly { get; }

    /// <summary>Computes one example node by node, as its user wrote it. The sums are worth nothing afterwards.</summary>
    /// <param name="graph">Of this example alone.</param>
    /// <param name="loss">A scalar.</param>
    /// <returns>The loss, and where the first value that is not finite comes from: a node, a parameter or an input, as it is printed.</returns>
    public abstract (double Loss, string? Origin) Examine(Graph graph, Expr loss);

    /// <summary>How many numbers the optimizer has kept so far for each parameter; 0 before its first step.</summary>
    public abstract int StateBuffers { get; }

    /// <summary>Appends the optimizer's state: for each of its buffers, the values of every parameter.</summary>
    public abstract void AppendState(SafetensorsWriter writer);

    /// <summary>Replaces the optimizer's state, once all of it has been read.</summary>
    /// <param name="reader">The file.</param>
    /// <param name="entries">Its tensors, in the order of <see cref="AppendState"/>; none for the state before the first step.</param>
    public abstract void ReadState(SafetensorsReader reader, IReadOnlyList<SafetensorsEntry> entries);

    /// <exception cref="ArithmeticException">A parameter, or the optimizer's state, is infinite or not a number.</exception>
    public abstract void RequireFinite();

    /// <summary>Exchanges the parameters for their average over the steps so far.</summary>
    /// <returns>What puts them back.</returns>
    public abstract IDisposable UseAverage(Optimizer optimizer, long step);

    /// <summary>The objective's gradient with respect to a parameter, column by column.</summary>
    public abstract double[] MeanGradientOf(Parameter parameter);

    /// <summary>The ranges of the flat buffers that the step's gradient touches, in ascending order; all else is zero. Valid until the next call.</summary>
    public abstract ReadOnlySpan<Segment> Touched();

    public abstract void Dispose();
}

internal sealed unsafe class GradientAccumulator<T> : GradientAccumulator where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly ParameterStore<T> _parameters;
    private readonly Parameter[] _targets;
    private readonly Engine<T> _engine;
    private readonly EngineOptions _options;
    private readonly bool[] _seen;
    private Plan _plan = null!;   // of the last pass of examples
    private ByExample? _byExample;   // what is asked of it
    private readonly GradientBuffer<T> _gradient;
    private NativeBuffer<T>? _state;

    // Of a step on several threads: the other threads' parts, and which parts of the flat buffers each thread adds up and updates.
    private readonly List<GradientShare<T>> _shares = [];
    private readonly List<List<Segment>> _parts = [];
    private ParallelParts? _parallel;
    private Action<int>? _mergePart, _updatePart;
    private (Optimizer Optimizer, double Scale, long Step) _update;

    public GradientAccumulator(Model model, EngineOptions options)
    {
        _parameters = model.Store<T>();
        _targets = [.. model.Parameters];
        (_engine, _options) = (new Engine<T>(_parameters, options), options);
        _seen = new bool[_targets.Length];
        _gradient = new GradientBuffer<T>(_parameters.Length, _targets);
    }

    public override PhaseTimes Times => _engine.Times;

    public override Plan Plan => _plan;

    public override Profile? Profile
    {
        get => _engine.Executor.Profile;
        set => _engine.Executor.Profile = value;
    }

    public override PassMemory Memory => PassMemory.Of<T>(_plan, _seen);

    public override long HeldBytes => _engine.Executor.ArenaBytes + _parameters.PackedBytes + GemmScratch.Bytes;

    public override void Prepare(Graph graph, ReadOnlySpan<Expr> losses, ByExample? byExample)
    {
        Expr total = Expr.Apply(TotalOperator.Instance, losses);
        _engine.Prepare(graph, [total], total, _targets, byExample);
        (_plan, _byExample) = (_engine.Plan, byExample);
    }

    public override void Add(int examples, double weight)
    {
        _engine.Execute(_gradient, accumulate: Passes > 0);
        LossSum += double.CreateTruncating(_engine.ValueOf(0)[0]);
        WeightSum += weight;
        Examples += examples;
        LargestPass = Math.Max(LargestPass, examples);
        Passes++;
        for (int example = 0; _byExample is not null && example < examples; example++)
            SquaredNormSum += Math.Min(_engine.SquaredNormOf(example), _byExample.ClipNorm * _byExample.ClipNorm);
    }

    public override void Begin()
    {
        base.Begin();
        _shares.Clear();
    }

    public override GradientShare NewShare() => new GradientShare<T>(_parameters, _targets, _options);

    public override void Add(GradientShare share, int examples, double weight)
    {
        LossSum += share.LossSum;
        WeightSum += weight;
        Examples += examples;
        Passes += share.Passes;
        LargestPass = Math.Max(LargestPass, share.LargestPass);
        _shares.Add((GradientShare<T>)share);
    }

    public override void MergeShares(ParallelParts parallel)
    {
        long start = Stopwatch.GetTimestamp();
        foreach (GradientShare<T> share in _shares)
        {
            share.Gradient.Touched();   // listed once, for all threads
            _gradient.AddTouched(share.Gradient);
        }

        _parallel = parallel;
        Segment.Split(_gradient.Touched(), PartsOf(_shares.Count + 1));
        parallel.Run(_shares.Count + 1, _mergePart ??= MergePart);
        Times.Update += Stopwatch.GetTimestamp() - start;
    }

    // Each thread adds all buffers within its range, in their order.
    private void MergePart(int part)
    {
        List<Segment> mine = _parts[part];
        if (mine.Count == 0)
            return;

        var range = new Segment(mine[0].Start, mine[^1].End - mine[0].Start);
        foreach (GradientShare<T> share in _shares)
            _gradient.AddValues(share.Gradient, share.Gradient.LastTouched, range);
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

    private OptimizerRange<T> AllOf(NativeBuffer<T> state) => new(_parameters.Span, _gradient.Span[.._parameters.Length], state.Span);

    public override void HoldForecasts(bool hold) => _parameters.HoldForecasts(hold);

    public override double SquaredNorm() => SquaredNorm(_gradient.Touched());

    // Times Σw, so that the one division at the end is right for it, too.
    public override void AddPenalty(Graph graph, Expr penalty, long memoryBudget)
    {
        Expr scaled = Op.Multiply(penalty, graph.Input(WeightSum));
        _engine.Prepare(graph, [penalty], scaled, _targets);
        if (memoryBudget > 0 && PassMemory.Of<T>(_engine.Plan, _seen).Bytes is var bytes && bytes > memoryBudget)
            throw new InvalidOperationException($"The regulariser needs {bytes:N0} bytes; the memory budget is {memoryBudget:N0} bytes. Raise the budget.");

        _engine.Execute(_gradient, accumulate: true);
        Penalty = double.CreateTruncating(_engine.ValueOf(0)[0]);
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

        ReadOnlySpan<Segment> touched = _gradient.Touched();
        double scale = 1 / WeightSum;
        GradientNorm = double.IsFinite(optimizer.ClipNorm) ? scale * Math.Sqrt(SquaredNorm(touched)) : double.NaN;
        if (GradientNorm > optimizer.ClipNorm)
            scale *= optimizer.ClipNorm / GradientNorm;

        if (_shares.Count == 0)
        {
            optimizer.Update(AllOf(_state), touched, scale, step);
        }
        else
        {
            _update = (optimizer, scale, step);
            Segment.Split(touched, PartsOf(_shares.Count + 1));
            _parallel!.Run(_shares.Count + 1, _updatePart ??= UpdatePart);
        }

        _parameters.Changed();
        Times.Update += Stopwatch.GetTimestamp() - start;
    }

    private double SquaredNorm(ReadOnlySpan<Segment> parts)
    {
        const int ChunkLength = 4096;   // squares are added up in T within a chunk, in double beyond it
        double sum = 0;
        foreach (Segment part in parts)
        {
            for (int start = part.Start; start < part.End; start += ChunkLength)
                sum += double.CreateTruncating(TensorPrimitives.SumOfSquares<T>(_gradient.Span[start..Math.Min(part.End, start + ChunkLength)]));
        }

        return sum;
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

    public override bool DetectAnomalies
    {
        get => _engine.Executor.Anomalies is not null;
        set
        {
            if (value != DetectAnomalies)
                _engine.Executor.Anomalies = value ? new AnomalyDetector() : null;
        }
    }

    public override string? Anomaly => _engine.Executor.Anomalies is { First: >= 0 } anomalies ? TextPrinter.Print(_engine.Plan.Graph, anomalies.First) : null;

    public override (double Loss, string? Origin) Examine(Graph graph, Expr loss)
    {
        int nodes = graph.Count;
        using var engine = new Engine<T>(_parameters, EngineOptions.AsWritten);
        engine.Prepare(graph, [loss], loss, _targets);
        engine.Execute(_gradient);
        double value = double.CreateTruncating(engine.ValueOf(0)[0]);
        var anomalies = new AnomalyDetector();
        engine.Executor.Anomalies = anomalies;
        engine.Execute(_gradient);
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
            mean[i] = double.CreateTruncating(_gradient.Pointer[parameter.Offset + i]) / WeightSum;

        return mean;
    }

    private Span<T> StateOf(NativeBuffer<T> state, int buffer, Parameter parameter) =>
        state.Span.Slice(buffer * _parameters.Length + parameter.Offset, parameter.Shape.Size);

    public override ReadOnlySpan<Segment> Touched() => _gradient.Touched();

    public override void Dispose()
    {
        _engine.Dispose();
        _gradient.Dispose();
        _state?.Dispose();
    }
}
