using System.Numerics;
using System.Runtime.CompilerServices;
using BlasNet.Graphs;
using BlasNet.Kernels;
using BlasNet.Ranks;
using BlasNet.Rounds;

namespace BlasNet.Training;

/// <summary>Receives one example's result.</summary>
/// <param name="example">Its number, from 0, in the order of the examples given.</param>
/// <param name="value">The function's value, column by column; valid during the call. Infinities and NaN are handed over as they are.</param>
public delegate void ResultHandler<T>(int example, ReadOnlySpan<T> value);

/// <summary>Evaluates a function of a model that is written for one example, batched, over any number of examples; no gradients.</summary>
/// <typeparam name="TExample">One example, as the function takes it.</typeparam>
/// <remarks>
/// Threads: one evaluator serves any number of threads at once, and may be used by its own function or handler. Each run has a graph and memory of its own,
/// which it returns for the next one; as many are kept as the machine has processors, and runs beyond that make new ones, which go with them. So the
/// function is called by several threads at once: what it reads must not change meanwhile. A run computes all its results from the parameters of one moment:
/// what changes them waits until the run has ended (see <see cref="Model"/>).
/// </remarks>
public sealed partial class Evaluator<TExample>
{
    private readonly Model _model;
    private readonly Action<Graph, TExample, List<Expr>>? _function;   // adds an example's results
    private readonly Func<Graph, TExample, ExprTask<Expr>>? _asyncFunction;   // in its place
    private readonly bool _isSingle;
    private readonly TeamPool<Worker> _teams = new();
    private int _workers = 1;

#pragma warning disable RS0026 // Two constructors with an optional parameter: they differ in the function, so no call is ambiguous.
    /// <param name="model">All its parameters must have been added before.</param>
    /// <param name="function">Builds one example's value in the graph given; dropout does not drop.</param>
    /// <param name="options">How values are computed; null for the default options.</param>
    public Evaluator(Model model, Func<Graph, TExample, Expr> function, ComputeOptions? options = null)
        : this(model, options)
    {
        ArgumentNullException.ThrowIfNull(function);
        (_function, _isSingle) = ((graph, example, results) => Add(results, graph, function(graph, example)), true);
    }

    /// <param name="model">All its parameters must have been added before.</param>
    /// <param name="function">Builds one example's value in the graph given, and may await others on the way: all examples that are computed at once go on
    /// together, from round to round.</param>
    /// <param name="options">How values are computed; null for the default options.</param>
    [OverloadResolutionPriority(-1)]   // a lambda that only throws is no async one
    public Evaluator(Model model, Func<Graph, TExample, ExprTask<Expr>> function, ComputeOptions? options = null)
        : this(model, options)
    {
        ArgumentNullException.ThrowIfNull(function);
        (_asyncFunction, _isSingle) = (function, true);
    }

#pragma warning restore RS0026
    // For several results of each example.
    internal Evaluator(Model model, Func<Graph, TExample, IReadOnlyList<Expr>> function, ComputeOptions? options)
        : this(model, options)
    {
        ArgumentNullException.ThrowIfNull(function);
        _function = (graph, example, results) =>
        {
            IReadOnlyList<Expr>? own = function(graph, example);
            if (own is null or { Count: 0 })
                throw new InvalidOperationException("An example needs at least one result.");

            foreach (Expr result in own)
                Add(results, graph, result);
        };
    }

    private Evaluator(Model model, ComputeOptions? options)
    {
        ArgumentNullException.ThrowIfNull(model);
        (_model, Options) = (model, options ?? new ComputeOptions());
        model.Complete();
    }

    /// <summary>How values are computed.</summary>
    public ComputeOptions Options { get; }

    /// <summary>Takes in every run from now on; null, the default, to measure nothing.</summary>
    public Profile? Profile { get; set; }

    /// <summary>How many examples are computed in one pass; changes no result but for rounding.</summary>
    public int ComputeBatch { get; set; } = 256;

    /// <summary>How many threads compute passes at once, with one thread for each matrix product; 1, the default, for the calling thread alone. The same
    /// number gives the same bits.</summary>
    /// <remarks>With more than one, a run calls the function on several threads at once. Results are still handed over in order, on the calling
    /// thread.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">It is below 1 or above 256.</exception>
    public int Workers
    {
        get => _workers;
        set => _workers = ParallelParts.Checked(value);
    }

    /// <summary>How many bytes passes may take, those of all <see cref="Workers"/> together: values that are alive at once, the examples' numbers, packed
    /// weights and the kernels' scratch memory; 0, the default, for no limit. The examples of a <see cref="ComputeBatch"/> are then divided among passes by
    /// their size. Parameters, and results that wait for their turn, come on top.</summary>
    /// <remarks>An example alone beyond it is a <see cref="MemoryBudgetException"/>. Where examples need more than was predicted, they are built once more in
    /// smaller passes, so the function may see them again. Results are the same but for rounding.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">It is negative.</exception>
    public long MemoryBudget
    {
        get;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            field = value;
        }
    }

    /// <summary>The most rounds of values that the examples of one pass may wait for; an example that waits longer is an error. Only for functions that await
    /// values.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is below 1.</exception>
    public int RoundLimit
    {
        get;
        set => field = ExampleFunctions.CheckedRoundLimit(value);
    } = ExampleFunctions.DefaultRoundLimit;

    /// <summary>The processes that evaluate together, each a part of every pass; null, the default, for this one alone. N ranks give the bits
    /// of N workers.</summary>
    /// <remarks>All ranks make the same runs, over the same examples, one at a time; each is handed all results, in order.
    /// A cancellation on any rank ends the run on all, between two passes.</remarks>
    public Communicator? Communicator { get; set; }

#pragma warning disable RS0026 // Several overloads with optional parameters: these differ in the first one, so no call is ambiguous.
    /// <summary>Evaluates each example and hands its result over, in order.</summary>
    /// <remarks>For models of single precision; <c>RunDouble</c> is for the others.</remarks>
    /// <exception cref="InvalidOperationException">The model's precision is not that of the handler, or a result belongs to another graph than the
    /// one given.</exception>
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
        RunSingle(examples, handler, cancellation);

    /// <inheritdoc cref="Run(IEnumerable{TExample}, ResultHandler{float}, CancellationToken)"/>
    public void RunDouble(IEnumerable<TExample> examples, ResultHandler<double> handler, CancellationToken cancellation = default) =>
        RunSingle(examples, handler, cancellation);

#pragma warning restore RS0026
    private void RunSpan<T>(ReadOnlySpan<TExample> examples, ResultHandler<T> handler, CancellationToken cancellation)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        RequireSingle(nameof(Run));
        RequireValid(handler);
        using var run = new Session<T>(this, handler);
        for (int start = 0; start < examples.Length; start += run.GroupSize)
        {
            ReadOnlySpan<TExample> group = examples.Slice(start, Math.Min(run.GroupSize, examples.Length - start));
            run.Compute(group, start, cancellation);
        }
    }

    private void RunSingle<T>(IEnumerable<TExample> examples, ResultHandler<T> handler, CancellationToken cancellation)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        RequireSingle(nameof(Run));
        RunStream(examples, handler, cancellation);
    }

    private void RunStream<T>(IEnumerable<TExample> examples, ResultHandler<T> handler, CancellationToken cancellation)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(examples);
        RequireValid(handler);
        using var run = new Session<T>(this, handler);
        int start = 0;
        foreach (TExample[] group in examples.Chunk(run.GroupSize))
        {
            run.Compute(group, start, cancellation);
            start += group.Length;
        }
    }

    private void RequireValid<T>(ResultHandler<T> handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        ArgumentOutOfRangeException.ThrowIfLessThan(ComputeBatch, 1);
        if (typeof(T) != (_model.Precision == Precision.Single ? typeof(float) : typeof(double)))
            throw new InvalidOperationException($"The model's precision is {_model.Precision}; the results cannot be handed over as {typeof(T).Name}.");
    }

    private static void Add(List<Expr> results, Graph graph, Expr result) => results.Add(result.In(graph));
}
