using System.Numerics;
using BlasNet.Execution;
using BlasNet.Graphs;

namespace BlasNet.Training;

/// <summary>Receives one example's result.</summary>
/// <param name="example">Its number, from 0, in the order of the examples given.</param>
/// <param name="value">The function's value, column by column; valid during the call.</param>
public delegate void ResultHandler<T>(int example, ReadOnlySpan<T> value);

/// <summary>Evaluates a function of a model that is written for one example, batched, over any number of examples; no gradients.</summary>
/// <typeparam name="TExample">One example, as the function takes it.</typeparam>
public sealed unsafe class Evaluator<TExample>
{
    private readonly Model _model;
    private readonly Func<Graph, TExample, Expr> _function;
    private readonly Graph _graph;
    private readonly IDisposable _engine;
    private readonly Exclusive _use = new("evaluator");
    private Expr[] _outputs = [];

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
        (_model, _function, _graph) = (model, function, model.NewGraph());
        _engine = model.Own<IDisposable>(model.Precision == Precision.Single
            ? new Engine<float>(model.Store<float>(), options)
            : new Engine<double>(model.Store<double>(), options));
    }

    /// <summary>How many examples are computed in one pass; changes no result but for rounding.</summary>
    public int ComputeBatch { get; set; } = 256;

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
        ArgumentNullException.ThrowIfNull(handler);
        ArgumentOutOfRangeException.ThrowIfLessThan(ComputeBatch, 1);
        for (int start = 0; start < examples.Length; start += ComputeBatch)
        {
            cancellation.ThrowIfCancellationRequested();
            RunPass(examples.Slice(start, Math.Min(ComputeBatch, examples.Length - start)), start, handler);
        }
    }

    private void RunStream<T>(IEnumerable<TExample> examples, ResultHandler<T> handler, CancellationToken cancellation)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(examples);
        ArgumentNullException.ThrowIfNull(handler);
        ArgumentOutOfRangeException.ThrowIfLessThan(ComputeBatch, 1);
        int start = 0;
        foreach (TExample[] pass in examples.Chunk(ComputeBatch))
        {
            cancellation.ThrowIfCancellationRequested();
            RunPass(pass, start, handler);
            start += pass.Length;
        }
    }

    private void RunPass<T>(ReadOnlySpan<TExample> examples, int first, ResultHandler<T> handler) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (_engine is not Engine<T> engine)
            throw new InvalidOperationException($"The model's precision is {_model.Precision}; the results cannot be handed over as {typeof(T).Name}.");

        _use.Enter();
        try
        {
            RunPass(engine, examples, first, handler);
        }
        finally
        {
            _use.Exit();
        }
    }

    private void RunPass<T>(Engine<T> engine, ReadOnlySpan<TExample> examples, int first, ResultHandler<T> handler)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (_outputs.Length < examples.Length)
            _outputs = new Expr[examples.Length];

        _graph.Clear();
        for (int i = 0; i < examples.Length; i++)
        {
            _graph.BeginExample(first + i);
            _outputs[i] = _graph.At(_function(_graph, examples[i]).IndexIn(_graph));
        }

        engine.Prepare(_graph, _outputs.AsSpan(0, examples.Length));
        engine.Execute();
        for (int i = 0; i < examples.Length; i++)
            handler(first + i, engine.ValueOf(i));
    }
}
