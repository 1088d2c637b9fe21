using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using BlasNet.Differentiation;
using BlasNet.Execution;
using BlasNet.Graphs;
using BlasNet.Kernels;
using BlasNet.Operators.Intrinsics;
using BlasNet.Rounds;

namespace BlasNet.Training;

/// <summary>Receives the size of one example's gradient.</summary>
/// <param name="example">Its number, from 0, in the order of the examples given.</param>
/// <param name="squaredNorms">For each parameter of the model, in their order, the squared norm of the gradient of this example's loss; valid
/// during the call. Infinite if the square overflows, as that of a norm above 1e154; <see cref="GradientNorms{TExample}.Of"/> squares nothing.
/// A gradient that is not finite is no error: its norm is handed over as it is.</param>
public delegate void GradientNormHandler(int example, ReadOnlySpan<double> squaredNorms);

/// <summary>The norm of every single example's gradient, from one batched backward pass: what importance sampling, privacy and statistics of the batch
/// need.</summary>
/// <typeparam name="TExample">One example, as the loss function takes it.</typeparam>
/// <remarks>No example's gradient is ever made where a formula avoids it: of a weight used once, |dW|² = |dy|²|x|². Costs less than the gradient
/// of the sum, since the products that make it are left out. One thread at a time uses it; each run sees the parameters of one moment (see
/// <see cref="Model"/>).</remarks>
public sealed unsafe class GradientNorms<TExample>
{
    private readonly Model _model;
    private readonly Func<Graph, TExample, Expr>? _loss;
    private readonly Func<Graph, TExample, ExprTask<Expr>>? _asyncLoss;   // in its place
    private readonly Graph _graph;
    private readonly IDisposable _engine;
    private readonly ExampleFunctions? _rounds;
    private readonly ExampleOrder _order = new();
    private readonly List<Expr> _losses = [];
    private readonly Parameter[] _parameters;
    private readonly PerExample _byExample = new() { WantsSum = false };
    private readonly Exclusive _use = new("gradient norms");
    private readonly double[] _norms;   // of one example, by parameter

#pragma warning disable RS0026 // Two constructors with an optional parameter: they differ in the loss, so no call is ambiguous.
    /// <param name="model">All its parameters must have been added before.</param>
    /// <param name="loss">Builds one example's loss, a scalar, in the graph given; dropout does not drop.</param>
    /// <param name="options">How norms are computed; null for the default options.</param>
    public GradientNorms(Model model, Func<Graph, TExample, Expr> loss, ComputeOptions? options = null)
        : this(model, options)
    {
        ArgumentNullException.ThrowIfNull(loss);
        _loss = loss;
    }

    /// <param name="model">All its parameters must have been added before.</param>
    /// <param name="loss">Builds one example's loss, a scalar, in the graph given, and may await values on the way; dropout does not drop. What it has waited
    /// for is computed once more for the norms.</param>
    /// <param name="options">How norms are computed; null for the default options.</param>
    [OverloadResolutionPriority(-1)]   // a lambda that only throws is no async one
    public GradientNorms(Model model, Func<Graph, TExample, ExprTask<Expr>> loss, ComputeOptions? options = null)
        : this(model, options)
    {
        ArgumentNullException.ThrowIfNull(loss);
        _asyncLoss = loss;
        _rounds = ExampleFunctions.Over(_engine, model.NewGraph);
    }

#pragma warning restore RS0026
    private GradientNorms(Model model, ComputeOptions? options)
    {
        ArgumentNullException.ThrowIfNull(model);
        (_model, _graph, _parameters) = (model, model.NewGraph(), [.. model.Parameters]);
        _norms = new double[_parameters.Length];
        Options = options ?? new ComputeOptions();
        model.Complete();
        _engine = model.NewEngine(Options);
    }

    /// <summary>How norms are computed.</summary>
    public ComputeOptions Options { get; }

    /// <summary>How many examples are computed in one pass; changes no result but for rounding.</summary>
    public int ComputeBatch { get; set; } = 256;

    /// <summary>The most rounds of values that the examples of one pass may wait for; an example that waits longer is an error. Only for losses that await
    /// values.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is below 1.</exception>
    public int RoundLimit
    {
        get;
        set => field = ExampleFunctions.CheckedRoundLimit(value);
    } = ExampleFunctions.DefaultRoundLimit;

    /// <summary>The norm of each example's gradient with respect to all parameters together.</summary>
    /// <inheritdoc cref="Run" path="/exception"/>
    public double[] Of(ReadOnlySpan<TExample> examples, CancellationToken cancellation = default)
    {
        var norms = new double[examples.Length];
        RunPasses(examples, example =>
        {
            var norm = new EuclideanNorm();
            foreach (double ofParameter in _norms)
                norm.Add(ofParameter);

            norms[example] = norm.Value;
        }, cancellation);
        return norms;
    }

    /// <summary>Hands over each example's norms, parameter by parameter, in order.</summary>
    /// <exception cref="ShapeException">A loss is not a scalar.</exception>
    /// <exception cref="InvalidOperationException">A loss belongs to another graph than the one given, or uses values of another example; or the object is in
    /// use.</exception>
    /// <exception cref="ObjectDisposedException">The model has been disposed.</exception>
    /// <exception cref="OperationCanceledException">Between two passes.</exception>
    public void Run(ReadOnlySpan<TExample> examples, GradientNormHandler handler, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(handler);
        var squares = new double[_norms.Length];
        RunPasses(examples, example =>
        {
            TensorPrimitives.Multiply(_norms, _norms, squares);
            handler(example, squares);
        }, cancellation);
    }

    // Calls the handler when an example's norms are there.
    private void RunPasses(ReadOnlySpan<TExample> examples, Action<int> handler, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(ComputeBatch, 1);
        _use.Enter();
        try
        {
            using ComputeSettings.Scope settings = Options.Settings.Use();
            using ModelAccess.Scope reading = _model.Access.Read();
            for (int start = 0; start < examples.Length; start += ComputeBatch)
            {
                cancellation.ThrowIfCancellationRequested();
                ReadOnlySpan<TExample> pass = examples.Slice(start, Math.Min(ComputeBatch, examples.Length - start));
                Build(pass, start, cancellation);
                if (_engine is Engine<float> single)
                    RunPass(single, pass.Length, start, handler);
                else
                    RunPass((Engine<double>)_engine, pass.Length, start, handler);
            }
        }
        finally
        {
            _use.Exit();
        }
    }

    // The examples' graphs side by side.
    private void Build(ReadOnlySpan<TExample> examples, int first, CancellationToken cancellation)
    {
        _graph.Clear();
        _byExample.Clear();
        if (_asyncLoss is not null)
        {
            BuildInRounds(_asyncLoss, examples.ToArray(), first, cancellation);
            return;
        }

        for (int i = 0; i < examples.Length; i++)
        {
            _byExample.Starts.Add(_graph.Count);
            _byExample.Losses.Add(_graph.LossOf(_loss!, examples[i], first + i));
        }
    }

    private void BuildInRounds(Func<Graph, TExample, ExprTask<Expr>> loss, TExample[] examples, int first, CancellationToken cancellation)
    {
        Graph graph = _rounds!.Graph;
        _rounds.RoundLimit = RoundLimit;
        _rounds.Run(first, examples.Length, example => loss(graph, examples[example]), _losses, cancellation);
        for (int i = 0; i < examples.Length; i++)
        {
            using ExampleFunctions.Turn turn = _rounds.GoOn(i);
            _byExample.Losses.Add(graph.LossFrom(_losses[i]));
        }

        _order.Run(_rounds, _graph, _byExample);
    }

    private void RunPass<T>(Engine<T> engine, int examples, int first, Action<int> handler)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Expr total = Expr.Apply(TotalOperator.Instance, CollectionsMarshal.AsSpan(_byExample.Losses));
        _model.Access.ThrowIfClosed();
        engine.Prepare(_graph, [], total, _parameters, _byExample);
        engine.Execute();
        for (int i = 0; i < examples; i++)
        {
            _model.Access.ThrowIfClosed();
            for (int parameter = 0; parameter < _norms.Length; parameter++)
            {
                ReadOnlySpan<T> norms = engine.NormsOf(parameter);
                _norms[parameter] = norms.IsEmpty ? 0 : double.CreateTruncating(norms[i]);
            }

            handler(first + i);
        }
    }
}
