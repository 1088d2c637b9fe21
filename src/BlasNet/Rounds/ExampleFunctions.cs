using System.Runtime.InteropServices;
using BlasNet.Execution;
using BlasNet.Graphs;
using BlasNet.Graphs.Awaiting;

namespace BlasNet.Rounds;

/// <summary>Runs the async functions of the examples of a microbatch: each up to where it waits, then a round of values, then each goes on.</summary>
/// <remarks>Examples go on in their order, and so do several places of one example that wait at once. What a function throws ends the run; the others are
/// left where they wait.</remarks>
internal abstract class ExampleFunctions : IAwaitedValues, IDisposable
{
    /// <summary>Rounds that a run may take unless somebody says otherwise.</summary>
    public const int DefaultRoundLimit = 10_000;

    private readonly List<int> _draws = [];             // by example: random draws so far
    private readonly List<ExamplePart> _parts = [];
    private List<(int Example, int Node, Continuation Waiting)> _waiting = [], _goingOn = [];
    private readonly List<int> _wanted = [];
    private int _first, _current;   // the first example's number; the one at hand, from 0

    protected ExampleFunctions(Graph graph) => (Graph, graph.Awaited) = (graph, this);

    /// <summary>Rounds that an engine of either precision computes.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="newGraph">Makes a graph of its model.</param>
    public static ExampleFunctions Over(IDisposable engine, Func<Graph> newGraph) => engine is Engine<float> single
        ? new RoundRunner<float>(single, newGraph(), newGraph())
        : new RoundRunner<double>((Engine<double>)engine, newGraph(), newGraph());

    /// <exception cref="ArgumentOutOfRangeException">It is below 1.</exception>
    public static int CheckedRoundLimit(int rounds)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rounds, 1);
        return rounds;
    }

    /// <summary>The graph that all examples add to.</summary>
    public Graph Graph { get; }

    /// <summary>Rounds of the last run.</summary>
    public int RoundCount { get; private set; }

    /// <summary>How many of them were the round before once more, over other data.</summary>
    public int RepeatedCount { get; protected set; }

    /// <summary>The most rounds that a run may take.</summary>
    public int RoundLimit { get; set; } = DefaultRoundLimit;

    /// <summary>Whether a backward pass over the rounds follows.</summary>
    public bool Records { get; set; }

    /// <summary>How many bytes the values of all rounds may take.</summary>
    public long MemoryLimit { get; set; } = long.MaxValue;

    /// <summary>Bytes of the values that stay from round to round.</summary>
    public abstract long Bytes { get; }

    /// <summary>Bytes of native memory that is kept for them.</summary>
    public abstract long HeldBytes { get; }

    /// <summary>Whose nodes are whose: the parts of the examples' graphs in the order in which they were built.</summary>
    public IReadOnlyList<ExamplePart> Parts => _parts;

    /// <summary>Nodes that an example has added between two waits, from the first one to that of the next part.</summary>
    public readonly record struct ExamplePart(int Example, int Start);

    /// <summary>The node after the last of a part.</summary>
    public int EndOf(int part) => part + 1 < _parts.Count ? _parts[part + 1].Start : Graph.Count;

    /// <summary>Calls the functions and brings them to their end.</summary>
    /// <param name="first">The number of the first example, for random draws and errors.</param>
    /// <param name="count">How many.</param>
    /// <param name="function">Of the example with a number from 0.</param>
    /// <param name="results">Receives what they return.</param>
    /// <param name="cancellation">Asked before each round.</param>
    /// <exception cref="ExampleException">A function has thrown, or waits for what never comes.</exception>
    public void Run<TResult>(int first, int count, Func<int, ExprTask<TResult>> function, List<TResult> results, CancellationToken cancellation)
    {
        var tasks = new ExprTask<TResult>?[count];
        _first = first;
        Forget();
        results.Clear();
        CollectionsMarshal.SetCount(results, count);
        for (int i = 0; i < count; i++)
        {
            _draws.Add(0);
            Start(i);
            Collect(i);
        }

        while (_waiting.Count > 0)
        {
            cancellation.ThrowIfCancellationRequested();
            if (++RoundCount > RoundLimit)
                throw Endless();

            ComputeWaiting();
            (_waiting, _goingOn) = (_goingOn, _waiting);
            foreach (var (example, _, waiting) in _goingOn)
            {
                using (GoOn(example))
                    waiting.GoOnAll();

                Collect(example);
            }

            _goingOn.Clear();
        }

        for (int i = 0; i < count; i++)
        {
            if (tasks[i] is not null)
                throw new ExampleException(_first + i,
                    new InvalidOperationException("The function waits for a task that has ended, or that is another example's."));
        }

        void Start(int example)
        {
            using Turn turn = GoOn(example);
            try
            {
                tasks[example] = function(example);
            }
            catch (Exception e) when (IsOfExample(e))
            {
                throw new ExampleException(_first + example, e);
            }
        }

        void Collect(int example)
        {
            if (tasks[example] is not { IsCompleted: true } task)
                return;

            tasks[example] = null;
            try
            {
                results[example] = task.GetAwaiter().GetResult();
            }
            catch (Exception e) when (IsOfExample(e))
            {
                throw new ExampleException(_first + example, e);
            }
        }
    }

    /// <summary>Makes an example the one at hand, whose nodes and draws come next, until the result is disposed of.</summary>
    public Turn GoOn(int example)
    {
        _current = example;
        if (_parts.Count == 0 || _parts[^1].Example != example)
            _parts.Add(new ExamplePart(example, Graph.Count));

        Graph.BeginExample(_first + example);
        Graph.Draws = _draws[example];
        return new Turn(this, Graph.Build());
    }

    /// <summary>An example's turn.</summary>
    public readonly ref struct Turn(ExampleFunctions functions, Graph.Building building)
    {
        private readonly Graph.Building _building = building;

        public void Dispose()
        {
            functions._draws[functions._current] = functions.Graph.Draws;
            _building.Dispose();
        }
    }

    public abstract bool IsKnown(int node);

    public abstract ExprValue ValueOf(int node);

    public void Await(int node, Continuation continuation) => _waiting.Add((_current, node, continuation));

    /// <summary>What is still to be computed of nodes of the examples' graph, as a graph of its own.</summary>
    /// <param name="wanted">The nodes.</param>
    /// <param name="outputs">Receives what they are in that graph.</param>
    public abstract Graph Rest(ReadOnlySpan<int> wanted, List<Expr> outputs);

    public abstract void Dispose();

    /// <summary>Computes values.</summary>
    /// <param name="wanted">Their nodes.</param>
    protected abstract void Compute(ReadOnlySpan<int> wanted);

    /// <summary>Forgets the examples of the run before.</summary>
    protected virtual void Forget()
    {
        RoundCount = RepeatedCount = 0;
        _draws.Clear();
        _parts.Clear();
        _waiting.Clear();
        _goingOn.Clear();
    }

    private void ComputeWaiting()
    {
        _wanted.Clear();
        foreach (var (_, node, _) in _waiting)
            _wanted.Add(node);

        Compute(CollectionsMarshal.AsSpan(_wanted));
    }

    private static bool IsOfExample(Exception e) => e is not (OperationCanceledException or GraphMemoryException);

    private ExampleException Endless() => new(_first + _waiting[0].Example, new InvalidOperationException(
        $"The function still waits for a value after {RoundLimit} rounds. Raise RoundLimit if it is to."));
}
