using BlasNet.Graphs;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Cli.Benchmarks;

/// <summary>A model with examples, whose optimizer steps can be timed.</summary>
internal abstract class Workload(Model model, int batch, int threads) : IDisposable
{
    public Model Model { get; } = model;

    /// <summary>Examples of one step; the last of a pass may have fewer.</summary>
    public int Batch { get; } = batch;

    /// <summary>Of a product.</summary>
    public int Threads { get; } = threads;

    /// <summary>Examples of one pass over the data.</summary>
    public abstract int Examples { get; }

    /// <summary>Words of these examples; 0 where examples have none.</summary>
    public abstract long Words { get; }

    /// <summary>Floating-point operations of the products that these examples need, computed one by one: see <see cref="ModelFlops"/>.</summary>
    public abstract long Flops { get; }

    /// <summary>Steps of one pass over the data.</summary>
    public int Steps => (Examples + Batch - 1) / Batch;

    /// <summary>What the last step would exchange with other ranks.</summary>
    public abstract RankTraffic Traffic { get; }

    /// <summary>Of each example, in the unit by which steps are divided among ranks.</summary>
    public abstract IReadOnlyList<double> Work { get; }

    /// <summary>Of the last step's examples.</summary>
    public abstract double LastWork { get; }

    /// <summary>Takes in each step; null while nobody asks.</summary>
    public abstract Profile? Profile { set; }

    /// <summary>One optimizer step over the next examples. The first pass takes them as they come; later ones, as in training, each in an order of its own,
    /// unless all plans are kept for minibatches that come again.</summary>
    /// <returns>The sum of their losses before it.</returns>
    public abstract double Step();

    /// <summary>One optimizer step over so many of the next examples. If fewer are left of a pass, a new one begins.</summary>
    /// <param name="count">At most <see cref="Examples"/>.</param>
    public abstract void StepOver(int count);

    /// <summary>Goes on to the next examples as <see cref="Step"/> does, and computes nothing.</summary>
    public abstract void Skip();

    /// <summary>Between two passes: the next ones have the same orders whenever this is called.</summary>
    public abstract void Restart();

    /// <summary>The sum of the losses of the last step's examples, or of those skipped last, in a graph of its own.</summary>
    public abstract Expr NewMinibatch();

    public void Dispose() => Model.Dispose();
}

/// <param name="model">With all its parameters.</param>
/// <param name="loss">One example's loss.</param>
/// <param name="lossByLoops">The same loss with a node for each vertex, where the loss has recurrences: what launches are bounded by.</param>
/// <param name="optimizer">How parameters follow from gradients.</param>
/// <param name="examples">At least one.</param>
/// <param name="options">How to run.</param>
/// <param name="flops">Of an example's products.</param>
/// <param name="words">How many words an example has, if they are counted.</param>
/// <param name="awaiting">The loss with values that are awaited; null where there are none.</param>
internal sealed class Workload<TExample>(
    Model model, Func<Graph, TExample, Expr> loss, Func<Graph, TExample, Expr>? lossByLoops, Optimizer optimizer, TExample[] examples,
    WorkloadOptions options, Func<TExample, long> flops, Func<TExample, int>? words = null, Func<Graph, TExample, ExprTask<Expr>>? awaiting = null)
    : Workload(model, options.Batch, options.Compute.Threads)
{
    private readonly Trainer<TExample> _trainer = NewTrainer(model, loss, lossByLoops, awaiting, optimizer, examples.Length, options, words);
    private readonly int[] _order = [.. Enumerable.Range(0, examples.Length)];
    private readonly TExample[] _ordered = [.. examples];   // in this order
    private RandomNumbers _random = NewRandom(options, "order of examples");
    private int _next;
    private readonly IReadOnlyList<TExample>?[] _steps = new IReadOnlyList<TExample>?[examples.Length];   // by their first example
    private int _lastStart;
    private IReadOnlyList<TExample> _last = [];

    public override int Examples => examples.Length;

    public override long Words { get; } = words is null ? 0 : examples.Sum(example => (long)words(example));

    public override long Flops { get; } = examples.Sum(flops);

    public override RankTraffic Traffic => _trainer.Traffic;

    public override IReadOnlyList<double> Work { get; } = [.. examples.Select(example => (double)(words?.Invoke(example) ?? 1))];

    public override double LastWork
    {
        get
        {
            double sum = 0;
            foreach (int example in _order.AsSpan(_lastStart, _last.Count))
                sum += Work[example];

            return sum;
        }
    }

    public override Profile? Profile { set => _trainer.Profile = value; }

    public override double Step()
    {
        Skip();
        return _trainer.Step(_last, StepFrom(_next)) * _last.Count;
    }

    public override void StepOver(int count)
    {
        if (_next + count > examples.Length)
            NextPass();

        (_lastStart, _last) = (_next, new ArraySegment<TExample>(_ordered, _next, count));
        _next += count;
        _trainer.Step(_last, next: null);
    }

    public override void Skip()
    {
        if (_next == examples.Length)
            NextPass();

        (_lastStart, _last) = (_next, StepFrom(_next)!);
        _next += _last.Count;
    }

    public override void Restart()
    {
        for (int i = 0; i < _order.Length; i++)
            _order[i] = i;

        examples.CopyTo(_ordered, 0);
        (_next, _random) = (examples.Length, NewRandom(options, "order of timed passes"));
    }

    public override Expr NewMinibatch()
    {
        Graph graph = Model.NewGraph(isTraining: true);
        return Total([.. _last.Select(example => (lossByLoops ?? loss)(graph, example))]);
    }

    // Timed minibatches are not those of the warm-up: a structure that is met for the second time is compiled to be kept.
    private static RandomNumbers NewRandom(WorkloadOptions options, string name) => new((ulong)options.Seed, name);

    private static Trainer<TExample> NewTrainer(
        Model model, Func<Graph, TExample, Expr> loss, Func<Graph, TExample, Expr>? lossByLoops, Func<Graph, TExample, ExprTask<Expr>>? awaiting,
        Optimizer optimizer, int examples, WorkloadOptions options, Func<TExample, int>? words)
    {
        ComputeOptions compute = options.ComputeFor((examples + options.Batch - 1) / options.Batch);
        Trainer<TExample> trainer = options.Written == Writing.Await && awaiting is not null
            ? new Trainer<TExample>(model, awaiting, optimizer, compute)
            : new Trainer<TExample>(model, options.Written == Writing.Loops ? lossByLoops ?? loss : loss, optimizer, compute);
        trainer.Communicator = options.Ranks;
        trainer.Work = words is null ? null : example => words(example);
        return trainer;
    }

    // None at the end of a pass.
    private IReadOnlyList<TExample>? StepFrom(int start) => start == examples.Length
        ? null
        : _steps[start] ??= new ArraySegment<TExample>(_ordered, start, Math.Min(Batch, examples.Length - start));

    // Source of the shuffle: Fisher, Yates; Durstenfeld, "Algorithm 235: Random permutation", CACM 1964.
    private void NextPass()
    {
        _next = 0;
        for (int i = options.PlanCache == PlanCache.All ? 0 : _order.Length - 1; i > 0; i--)
        {
            int j = _random.NextBelow(i + 1);
            (_order[i], _order[j]) = (_order[j], _order[i]);
            (_ordered[i], _ordered[j]) = (_ordered[j], _ordered[i]);
        }
    }
}
