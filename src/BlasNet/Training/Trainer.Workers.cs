using BlasNet.Graphs;
using BlasNet.Kernels;

namespace BlasNet.Training;

/// <content>A step on several threads.</content>
public sealed partial class Trainer<TExample>
{
    private readonly ParallelParts _parallel = new();
    private readonly List<Worker> _otherWorkers = [];   // the first one is the trainer itself, on the calling thread
    private Action<int>? _runWorker;
    private TExample[] _stepExamples = [];
    private int[] _bounds = [];   // the first example of each worker, and the number of all
    private int _workers = 1;

    /// <summary>How many threads compute a step, each a part of its examples, with one thread for each matrix product; 1, the default, for the calling thread
    /// alone.</summary>
    /// <remarks>The parts' gradients are summed in a fixed order, so that the result is the same to the bit for the same number; another number only rounds
    /// differently. With more than one, the loss function and <see cref="Weight"/> are called on several threads at once, each with a graph of its own: what they
    /// share must not change. Each worker takes as much memory for values and gradients as a trainer does.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">It is below 1 or above 256.</exception>
    public int Workers
    {
        get => _workers;
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, 256);
            _workers = value;
        }
    }

    /// <summary>How much work an example is, at least 0, in any unit: its words, or its nodes. Workers get parts of equal work; null, the default, for examples
    /// that are all alike.</summary>
    public Func<TExample, double>? Work { get; set; }

    private void AccumulateByWorkers(ReadOnlySpan<TExample> examples)
    {
        if (MemoryBudget > 0)
            throw new InvalidOperationException("A memory budget is kept by one worker only: set ComputeBatch instead, or Workers to 1.");

        if (ByExample is not null || NoiseScale is not null)
            throw new InvalidOperationException("Gradients of single examples and their noise are measured by one worker only: set Workers to 1.");

        int workers = Math.Min(Workers, examples.Length);
        if (_stepExamples.Length < examples.Length)
            _stepExamples = new TExample[examples.Length];

        examples.CopyTo(_stepExamples);
        Divide(examples, workers);
        while (_otherWorkers.Count < workers - 1)
            _otherWorkers.Add(new Worker(this));

        _accumulator.HoldForecasts(true);
        try
        {
            _parallel.Run(workers, _runWorker ??= RunWorker);
        }
        finally
        {
            _accumulator.HoldForecasts(false);
        }

        for (int worker = 1; worker < workers; worker++)
        {
            GradientShare share = _otherWorkers[worker - 1].Share;
            (int first, int count) = (_bounds[worker], _bounds[worker + 1] - _bounds[worker]);
            _accumulator.Add(share, count, WeightOf(first, count));
            if (share.Anomaly is not null || !double.IsFinite(share.LossSum))
                throw FindNonFinite(examples.Slice(first, count), first);
        }

        _accumulator.MergeShares(_parallel);
    }

    private void RunWorker(int worker)
    {
        ReadOnlySpan<TExample> mine = _stepExamples.AsSpan(_bounds[worker].._bounds[worker + 1]);
        int pass = ComputeBatch == 0 ? mine.Length : Math.Max(1, ComputeBatch / (Math.Min(Workers, _bounds.Length - 1)));
        if (worker > 0)
            _otherWorkers[worker - 1].Begin();

        for (int start = 0; start < mine.Length; start += pass)
        {
            ReadOnlySpan<TExample> part = mine.Slice(start, Math.Min(pass, mine.Length - start));
            if (worker == 0)
            {
                Prepare(part, start);
                AddPass(part, start);
            }
            else
                _otherWorkers[worker - 1].Add(part, _bounds[worker] + start);
        }
    }

    // Neighbouring examples, as near to equal work as they come, and at least one for each.
    private void Divide(ReadOnlySpan<TExample> examples, int workers)
    {
        if (_bounds.Length != workers + 1)
            _bounds = new int[workers + 1];

        double all = 0;
        foreach (TExample example in examples)
            all += WorkOf(example);

        double done = 0;
        int worker = 1;
        for (int i = 0; i < examples.Length && worker < workers; i++)
        {
            double work = WorkOf(examples[i]);
            int left = examples.Length - i;
            bool isFull = done + work / 2 > all * worker / workers && i > _bounds[worker - 1];
            if (isFull || left == workers - worker)
                _bounds[worker++] = i;

            done += work;
        }

        _bounds[workers] = examples.Length;
    }

    private double WorkOf(TExample example)
    {
        double work = Work?.Invoke(example) ?? 1;
        return double.IsFinite(work) && work >= 0 ? work : throw new InvalidOperationException($"The work of an example is {work}; it must be finite and at least 0.");
    }

    /// <summary>What one thread needs for its part of a step.</summary>
    private sealed class Worker
    {
        private readonly Trainer<TExample> _trainer;
        private readonly Graph _graph;
        private Expr[] _losses = [];

        public Worker(Trainer<TExample> trainer)
        {
            _trainer = trainer;
            _graph = trainer.Model.NewGraph();
            _graph.IsTraining = true;
            Share = trainer.Model.Own(trainer._accumulator.NewShare());
        }

        public GradientShare Share { get; }

        public void Begin()
        {
            _graph.RandomSeed = _trainer._graph.RandomSeed;
            Share.DetectAnomalies = _trainer.DetectAnomalies;
            Share.Begin();
        }

        public void Add(ReadOnlySpan<TExample> examples, int first)
        {
            if (_losses.Length < examples.Length)
                _losses = new Expr[examples.Length];

            _graph.Clear();
            for (int i = 0; i < examples.Length; i++)
                _losses[i] = _trainer.BuildLoss(_graph, examples[i], first + i);

            Share.Add(_graph, _losses.AsSpan(0, examples.Length));
        }
    }
}
