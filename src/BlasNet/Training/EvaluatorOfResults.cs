using System.Runtime.InteropServices;
using BlasNet.Graphs;
using BlasNet.Kernels;
using BlasNet.Rounds;

namespace BlasNet.Training;

/// <summary>Runs functions that look at values of a model, for any number of examples at once: decoding, parsing, search, play. What the examples wait for is
/// computed together; what they return may be of any type.</summary>
/// <typeparam name="TExample">One example, as the function takes it.</typeparam>
/// <typeparam name="TResult">What the function returns.</typeparam>
/// <remarks>Threads: as <see cref="Evaluator{TExample}"/>, it serves any number of threads at once, each run from the parameters of one moment.</remarks>
/// <example><code>
/// var parser = new Evaluator&lt;Sentence, int[]&gt;(model, async (g, sentence) =>
/// {
///     State state = Start(Encode(g, sentence));
///     while (!state.IsFinal)
///         state = state.Apply((await scorer.Call(state.Top3())).ArgMax());
///
///     return state.Heads;
/// });
/// int[][] heads = parser.Run(sentences);
/// </code></example>
public sealed class Evaluator<TExample, TResult>
{
    private readonly Model _model;
    private readonly Func<Graph, TExample, ExprTask<TResult>> _function;
    private readonly TeamPool<Worker> _teams = new();
    private int _workers = 1;

    /// <param name="model">All its parameters must have been added before.</param>
    /// <param name="function">Awaits values of one example, which it builds in the graph given; dropout does not drop.</param>
    /// <param name="options">How values are computed; null for the default options.</param>
    public Evaluator(Model model, Func<Graph, TExample, ExprTask<TResult>> function, ComputeOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(function);
        (_model, _function, Options) = (model, function, options ?? new ComputeOptions());
        model.Complete();
    }

    /// <summary>How values are computed.</summary>
    public ComputeOptions Options { get; }

    /// <summary>How many examples go on together; changes no result but for rounding.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is below 1.</exception>
    public int ComputeBatch
    {
        get;
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            field = value;
        }
    } = 256;

    /// <inheritdoc cref="Evaluator{TExample}.Workers"/>
    public int Workers
    {
        get => _workers;
        set => _workers = ParallelParts.Checked(value);
    }

    /// <summary>How many bytes the values of examples that go on together may take, those of all <see cref="Workers"/> together; 0, the default, for no limit.
    /// Where they take more they begin again, half as many at a time. Parameters come on top.</summary>
    /// <remarks>An example alone beyond it is a <see cref="MemoryBudgetException"/>. The function may see an example several times: what it changes outside of
    /// the graph, it changes again. Results are the same but for rounding.</remarks>
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

    /// <summary>The most rounds of values that examples which go on together may wait for; an example that waits longer is an error.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is below 1.</exception>
    public int RoundLimit
    {
        get;
        set => field = ExampleFunctions.CheckedRoundLimit(value);
    } = ExampleFunctions.DefaultRoundLimit;

    /// <summary>What the function returns for one example.</summary>
    /// <inheritdoc cref="Run(ReadOnlySpan{TExample}, CancellationToken)" path="/exception"/>
    public TResult Run(TExample example) => Run([example])[0];

    /// <summary>What the function returns for each example, in their order.</summary>
    /// <exception cref="ExampleException">The function of an example has thrown, waits for something else than a value, or for more than
    /// <see cref="RoundLimit"/> rounds.</exception>
    /// <exception cref="MemoryBudgetException">An example alone takes more than <see cref="MemoryBudget"/>.</exception>
    /// <exception cref="OperationCanceledException">Between two rounds.</exception>
    /// <exception cref="ObjectDisposedException">The model has been disposed.</exception>
    public TResult[] Run(ReadOnlySpan<TExample> examples, CancellationToken cancellation = default)
    {
        var results = new TResult[examples.Length];
        using ComputeSettings.Scope settings = Options.Settings.Use();
        using ModelAccess.Scope reading = _model.Access.Read();
        int workers = _workers, group = (int)Math.Min((long)ComputeBatch * workers, Array.MaxLength);
        WorkerTeam<Worker> team = _teams.Rent() ?? new WorkerTeam<Worker>(_model, () => new Worker(this));
        try
        {
            for (int first = 0; first < examples.Length; first += group)
            {
                TExample[] part = examples.Slice(first, Math.Min(group, examples.Length - first)).ToArray();
                Memory<TResult> ofPart = results.AsMemory(first, part.Length);
                int number = first;
                team.Run(part.Length, Math.Min(workers, part.Length), (worker, start, end) =>
                    worker.Run(part.AsMemory(start..end), number + start, ofPart[start..end], cancellation));
            }
        }
        finally
        {
            _teams.Return(team, workers);
        }

        return results;
    }

    /// <summary>One thread's rounds.</summary>
    private sealed class Worker : IDisposable
    {
        private readonly Evaluator<TExample, TResult> _evaluator;
        private readonly IDisposable _engine;
        private readonly ExampleFunctions _rounds;
        private readonly List<TResult> _results = [];
        private long _budget;   // of this thread

        public Worker(Evaluator<TExample, TResult> evaluator)
        {
            (_evaluator, _engine) = (evaluator, evaluator._model.NewEngine(evaluator.Options));
            _rounds = ExampleFunctions.Over(_engine, evaluator._model.NewGraph);
        }

        public void Run(ReadOnlyMemory<TExample> examples, int first, Memory<TResult> results, CancellationToken cancellation)
        {
            (_rounds.RoundLimit, _budget) = (_evaluator.RoundLimit, _evaluator.MemoryBudget / _evaluator.Workers);
            _rounds.Graph.MemoryLimit = _rounds.MemoryLimit = _budget == 0 ? long.MaxValue : _budget;
            Telemetry.AddEvaluations(examples.Length);
            int most = examples.Length;
            for (int start = 0, count; start < examples.Length; start += count)
            {
                for (count = Math.Min(most, examples.Length - start); !TryRun(examples.Slice(start, count), first + start, results[start..], cancellation);)
                    most = count /= 2;
            }
        }

        /// <returns>False where so many examples take more memory than there is for them.</returns>
        private bool TryRun(ReadOnlyMemory<TExample> examples, int first, Memory<TResult> results, CancellationToken cancellation)
        {
            try
            {
                _rounds.Run(first, examples.Length, example => _evaluator._function(_rounds.Graph, examples.Span[example]), _results, cancellation);
                CollectionsMarshal.AsSpan(_results).CopyTo(results.Span);
                return true;
            }
            catch (GraphMemoryException e) when (examples.Length == 1)
            {
                throw new MemoryBudgetException(first, e.Bytes, _budget, _evaluator.Workers, isAtLeast: true, isOfEvaluation: true);
            }
            catch (GraphMemoryException)
            {
                return false;
            }
            finally
            {
                _results.Clear();
            }
        }

        public void Dispose()
        {
            _rounds.Dispose();
            _engine.Dispose();
        }
    }
}
