using System.Numerics;
using BlasNet.Execution;
using BlasNet.Graphs;
using BlasNet.Kernels;

namespace BlasNet.Training;

/// <summary>Receives one example's result.</summary>
/// <param name="example">Its number, from 0, in the order of the examples given.</param>
/// <param name="value">The function's value, column by column; valid during the call. Infinities and NaN are handed over as they are.</param>
public delegate void ResultHandler<T>(int example, ReadOnlySpan<T> value);

/// <summary>Evaluates a function of a model that is written for one example, batched, over any number of examples; no gradients.</summary>
/// <typeparam name="TExample">One example, as the function takes it.</typeparam>
public sealed unsafe class Evaluator<TExample>
{
    private readonly Model _model;
    private readonly Func<Graph, TExample, Expr> _function;
    private readonly EngineOptions _options;
    private readonly Exclusive _use = new("evaluator");
    private readonly ParallelParts _parallel = new();
    private readonly List<Worker> _all = [];
    private int _workers = 1;

    /// <param name="model">All its parameters must have been added before.</param>
    /// <param name="function">Builds one example's value in the graph given; dropout does not drop.</param>
    public Evaluator(Model model, Func<Graph, TExample, Expr> function)
        : this(model, function, new EngineOptions())
    {
    }

    internal Evaluator(Model model, Func<Graph, TExample, Expr> function, EngineOptions options)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(function);
        (_model, _function, _options) = (model, function, options);
        _all.Add(NewWorker());
    }

    /// <summary>How many examples are computed in one pass; changes no result but for rounding.</summary>
    public int ComputeBatch { get; set; } = 256;

    /// <summary>How many threads compute passes at once, with one thread for each matrix product; 1, the default, for the calling thread alone. The same number gives
    /// the same bits.</summary>
    /// <remarks>With more than one, the function is called on several threads at once, each with a graph of its own: what they share must not change. Results are still
    /// handed over in order, on the calling thread.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">It is below 1 or above 256.</exception>
    public int Workers
    {
        get => _workers;
        set => _workers = ParallelParts.Checked(value);
    }

#pragma warning disable RS0026 // Several overloads with optional parameters: these differ in the first one, so no call is ambiguous.
    /// <summary>Evaluates each example and hands its result over, in order.</summary>
    /// <remarks>For models of single precision; <c>RunDouble</c> is for the others.</remarks>
    /// <exception cref="InvalidOperationException">The model's precision is not that of the handler, a result belongs to another graph than the
    /// one given, or the evaluator is in use.</exception>
    /// <exception cref="ObjectDisposedException">The model has been disposed.</exception>
    /// <exception cref="OperationCanceledException">Between two passes.</exception>
    public void Run(ReadOnlySpan<TExample> examples, ResultHandler<float> handler, CancellationToken cancellation = default) =>
        RunSpan(examples, handler, cancellation);

    /// <inheritdoc cref="Run(ReadOnlySpan{TExample}, ResultHandler{float}, CancellationToken)"/>
    public void RunDouble(ReadOnlySpan<TExample> examples, ResultHandler<double> handler, CancellationToken cancellation = default) =>
        RunSpan(examples, handler, cancellation);

    /// <summary>Evaluates a stream of examples, of which only one pass at a time is held.</summary>
    /// <inheritdoc cref="Run(ReadOnlySpan{TExample}, ResultHandler{float}, CancellationToken)" path="/exception"/>
    public void Run(IEnumerable<TExample> examples, ResultHandler<float> handler, CancellationToken cancellation = default) =>
        RunStream(examples, handler, cancellation);

    /// <inheritdoc cref="Run(IEnumerable{TExample}, ResultHandler{float}, CancellationToken)"/>
    public void RunDouble(IEnumerable<TExample> examples, ResultHandler<double> handler, CancellationToken cancellation = default) =>
        RunStream(examples, handler, cancellation);

#pragma warning restore RS0026
    private void RunSpan<T>(ReadOnlySpan<TExample> examples, ResultHandler<T> handler, CancellationToken cancellation)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int count = RequireGroup(handler);
        for (int start = 0; start < examples.Length; start += count)
        {
            cancellation.ThrowIfCancellationRequested();
            ReadOnlySpan<TExample> group = examples.Slice(start, Math.Min(count, examples.Length - start));
            RunGroup(Workers == 1 ? [] : group.ToArray(), group, start, handler);
        }
    }

    private void RunStream<T>(IEnumerable<TExample> examples, ResultHandler<T> handler, CancellationToken cancellation)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(examples);
        int start = 0;
        foreach (TExample[] group in examples.Chunk(RequireGroup(handler)))
        {
            cancellation.ThrowIfCancellationRequested();
            RunGroup(group, group, start, handler);
            start += group.Length;
        }
    }

    /// <returns>How many examples all workers together compute at once.</returns>
    private int RequireGroup<T>(ResultHandler<T> handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        ArgumentOutOfRangeException.ThrowIfLessThan(ComputeBatch, 1);
        return (int)Math.Min((long)ComputeBatch * Workers, Array.MaxLength);
    }

    // As an array for other threads, too, which a span cannot reach.
    private void RunGroup<T>(TExample[] group, ReadOnlySpan<TExample> examples, int first, ResultHandler<T> handler) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (_all[0].Engine is not Engine<T>)
            throw new InvalidOperationException($"The model's precision is {_model.Precision}; the results cannot be handed over as {typeof(T).Name}.");

        _use.Enter();
        try
        {
            int workers = Math.Min(Workers, examples.Length);
            if (workers == 1)
                _all[0].Compute<T>(_function, examples, first);
            else
                RunWorkers<T>(group, workers, first);

            for (int worker = 0; worker < workers; worker++)
                _all[worker].HandOver(handler);
        }
        finally
        {
            _use.Exit();
        }
    }

    private void RunWorkers<T>(TExample[] group, int workers, int first) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        while (_all.Count < workers)
            _all.Add(NewWorker());

        ParameterStore<T> parameters = _model.Store<T>();
        parameters.HoldForecasts(true);
        try
        {
            _parallel.Run(workers, worker =>
            {
                (int start, int end) = (Start(worker), Start(worker + 1));
                _all[worker].Compute<T>(_function, group.AsSpan(start..end), first + start);
            });
        }
        finally
        {
            parameters.HoldForecasts(false);
        }

        int Start(int worker) => (int)((long)group.Length * worker / workers);
    }

    private Worker NewWorker() => new(_model.NewGraph(), _model.Own<IDisposable>(_model.Precision == Precision.Single
        ? new Engine<float>(_model.Store<float>(), _options)
        : new Engine<double>(_model.Store<double>(), _options)));

    /// <summary>One thread's pass.</summary>
    private sealed class Worker(Graph graph, IDisposable engine)
    {
        private Expr[] _outputs = [];
        private int _first, _count;

        public IDisposable Engine => engine;

        public void Compute<T>(Func<Graph, TExample, Expr> function, ReadOnlySpan<TExample> examples, int first) where T : unmanaged, IBinaryFloatingPointIeee754<T>
        {
            (_first, _count) = (first, examples.Length);
            if (_outputs.Length < _count)
                _outputs = new Expr[_count];

            graph.Clear();
            for (int i = 0; i < _count; i++)
            {
                graph.BeginExample(first + i);
                _outputs[i] = graph.At(function(graph, examples[i]).IndexIn(graph));
            }

            var typed = (Engine<T>)engine;
            typed.Prepare(graph, _outputs.AsSpan(0, _count));
            typed.Execute();
        }

        public void HandOver<T>(ResultHandler<T> handler) where T : unmanaged, IBinaryFloatingPointIeee754<T>
        {
            for (int i = 0; i < _count; i++)
                handler(_first + i, ((Engine<T>)engine).ValueOf(i));
        }
    }
}
