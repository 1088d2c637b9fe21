using BlasNet.Kernels;

namespace BlasNet.Training;

/// <content>A step on several threads.</content>
public sealed partial class Trainer<TExample>
{
    private readonly ParallelParts _parallel = new();
    private Action<int>? _runWorker;
    private int[] _bounds = [];   // the first example of each worker, and the number of all
    private int _workers = 1;

    /// <summary>How many threads compute a step, each a part of its examples, with one thread for each matrix product; 1, the default, for the calling thread
    /// alone.</summary>
    /// <remarks>The parts' gradients are summed in a fixed order, so that the result is the same to the bit for the same number; another number only rounds
    /// differently. With more than one, the loss function and <see cref="Weight"/> are called on several threads at once, each with a graph of its own: what they
    /// share must not change. Each worker has a gradient buffer of its own.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">It is below 1 or above 256.</exception>
    public int Workers
    {
        get => _workers;
        set => _workers = ParallelParts.Checked(value);
    }

    /// <summary>How much work an example is, at least 0, in any unit: its words, or its nodes. Workers get parts of equal work; null, the default, for examples
    /// that are all alike.</summary>
    public Func<TExample, double>? Work { get; set; }

    private void RunWorkers()
    {
        int workers = Math.Min(Workers, _examples.Count);
        Divide(_examples.Span, workers);
        while (_runners.Count < workers)
        {
            _runners.Add(new MicrobatchRunner(this, Model.Own(_accumulator.NewWorker())));
            _runners[^1].Begin(_runners[0].Sizes);
        }

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
            _accumulator.Add(_runners[worker].Share);

        _accumulator.MergeWorkers();
    }

    private void RunWorker(int worker)
    {
        using ModelAccess.Scope part = Model.Access.Join(ModelAccess.Kind.Changer);
        int workers = _bounds.Length - 1;
        _runners[worker].Run(_examples, _bounds[worker], _bounds[worker + 1], ComputeBatch == 0 ? 0 : Math.Max(1, ComputeBatch / workers));
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
}
