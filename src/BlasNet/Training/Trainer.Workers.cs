using BlasNet.Execution;
using BlasNet.Kernels;

namespace BlasNet.Training;

/// <content>A step on several threads.</content>
public sealed partial class Trainer<TExample>
{
    private readonly ParallelParts _parallel = new();
    private Action<int>? _runWorker;
    private Func<TExample, double>? _workOf;
    private int[] _bounds = [];   // the first example of each worker, and the number of all
    private int _workers = 1;

    /// <summary>How many threads compute a step, each a part of its examples, with one thread for each matrix product; 1, the default, for the calling thread
    /// alone.</summary>
    /// <remarks>The parts' gradients are summed in a fixed order, so that the same number gives the same result, bit for bit; another number only rounds
    /// differently. With more than one, the loss function and <see cref="Weight"/> are called on several threads at once, each with a graph of its own: what
    /// they share must not change. Each worker has a gradient buffer of its own.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">It is below 1 or above 256.</exception>
    public int Workers
    {
        get => _workers;
        set => _workers = ParallelParts.Checked(value);
    }

    /// <summary>How much work an example is, at least 0, in any unit: its words, or its nodes. Workers get parts of equal work; null, the default, for examples
    /// that are all alike.</summary>
    public Func<TExample, double>? Work { get; set; }

    // Those of a step, or of this rank's part of it.
    private void RunWorkers(int start, int end)
    {
        int workers = Math.Min(Workers, end - start);
        Divide(_examples, ref _bounds, start, end, workers);
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
        MicrobatchRunner runner = _runners[worker];
        PhaseTimes? before = worker == 0 || Profile is null ? null : runner.Share.Times.Copy();
        runner.Run(_examples, _bounds[worker], _bounds[worker + 1], ComputeBatch == 0 ? 0 : Math.Max(1, ComputeBatch / workers));
        if (before is not null)
            Profile?.AddWorker(runner.Share.Times, before);
    }

    private void Divide(StepExamples examples, ref int[] bounds, int start, int end, int parts)
    {
        if (bounds.Length != parts + 1)
            bounds = new int[parts + 1];

        WorkDivision.Divide(examples.Span[start..end], _workOf ??= WorkOf, bounds);
        foreach (ref int bound in bounds.AsSpan())
            bound += start;
    }

    private double WorkOf(TExample example)
    {
        double work = Work?.Invoke(example) ?? 1;
        return double.IsFinite(work) && work >= 0 ? work : throw new InvalidOperationException(
            $"The work of an example is {work}; it must be finite and at least 0.");
    }
}
