using BlasNet.Execution;
using BlasNet.Graphs;
using BlasNet.Operators;

namespace BlasNet.Training;

/// <content>How the examples of a step are spread over passes, within a budget of memory.</content>
public sealed partial class Trainer<TExample>
{
    private long _memoryBudget;

    /// <summary>How many bytes passes may take, those of all <see cref="Workers"/> together: values and gradients that are alive at once, the examples'
    /// numbers, packed weights and the kernels' scratch memory; 0, the default, for no limit. Passes are then filled by the size of their examples, up to the
    /// size that still gains speed; the plan tells what a pass takes before it runs. Parameters, their gradient and the optimizer's state come on
    /// top.</summary>
    /// <remarks>An example alone beyond it is a <see cref="MemoryBudgetException"/>, while its graph is built where the numbers that it brings are too many
    /// already, or its nodes where they, with their plan, take more than both the budget and 64 MiB.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">It is negative.</exception>
    public long MemoryBudget
    {
        get => _memoryBudget;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            _memoryBudget = value;
        }
    }

    /// <summary>Whether a second thread, where products are divided among threads, builds and plans the next pass, of this step or of the epoch's next one,
    /// while a pass is computed, and whether a rank that waits for others does so itself; the default. It changes no result, and an error comes at the step
    /// that it belongs to. One worker only.</summary>
    /// <remarks>The loss function, <see cref="Weight"/> and the list of examples are then called on another thread than the caller's, though never by two
    /// threads at once, nor beside the regulariser or a handler of progress; and for an epoch's next step before the progress of this one is reported. So
    /// switch it off where they
    /// depend on the thread, or on something that such a handler changes. <see cref="StepCount"/> is right for them; a function that asks for more of what a
    /// step changes, such as <see cref="LastStep"/>, values of parameters or an evaluation, is called again at its time, and its trainer prepares nothing
    /// ahead any more. After a cancellation or an error, what has been prepared is forgotten, so that the functions may see these examples once more.</remarks>
    public bool PrepareAhead { get; set; } = true;

    private long BudgetOfWorker => MemoryBudget / Workers;

    /// <summary>What the calling thread's last pass took, with so many threads that do the same.</summary>
    internal MicrobatchMemory LastPassMemory(int workers = 1) => _runners[0].LastPassMemory(workers);

    /// <summary>Sums losses and gradients over the examples, in passes of <see cref="ComputeBatch"/>.</summary>
    internal void AccumulateGradient(ReadOnlySpan<TExample> examples)
    {
        Load(examples);
        AccumulateGradient(nextStep: null);
    }

    /// <summary>Sums losses and gradients over the examples, in passes of the sizes given.</summary>
    internal void AccumulateGradient(ReadOnlySpan<TExample> examples, IEnumerable<int> passes)
    {
        Load(examples);
        Begin();
        int start = 0;
        foreach (int pass in passes)
        {
            _runners[0].Run(_examples, start, start + pass, computeBatch: 0);
            start += pass;
        }

        Finish();
    }

    private void AccumulateGradient(StepExamples? nextStep)
    {
        Begin();
        ArgumentOutOfRangeException.ThrowIfNegative(ComputeBatch);
        if (Ranks is { } ranks)
            RunRanks(ranks, nextStep);
        else if (Workers > 1 && _examples.Count > 1)
            RunWorkers(0, _examples.Count);
        else
            _runners[0].Run(_examples, 0, _examples.Count, ComputeBatch, nextStep);

        Finish();
    }

    private void Load(ReadOnlySpan<TExample> examples)
    {
        if (examples.IsEmpty)
            throw new ArgumentException("An optimizer step needs at least one example.", nameof(examples));

        _runners[0].Drop();
        _examples.Load(examples);
    }

    private void Load(StepSource<TExample> source)
    {
        _runners[0].Drop();
        _examples.Announce(source, _steps);
        _examples.Load();
    }

    private void Begin()
    {
        _accumulator.Begin();
        MicrobatchSizes sizes = _runners[0].Sizes;   // what the first has learned counts for all, and is in checkpoints
        foreach (MicrobatchRunner runner in _runners)
            runner.Begin(sizes);
    }

    private void Finish()
    {
        if (FindNonFinitePass() is { } error)
            throw error;

        MeasureNoise();
        AddPenalty();
    }

    private NonFiniteException? FindNonFinitePass()
    {
        foreach (MicrobatchRunner runner in _runners)
        {
            if (runner.NonFinite is { } pass)
                return FindNonFinite(runner, pass.First, pass.Count);
        }

        return null;
    }

    private Expr BuildLoss(Graph graph, StepExamples examples, int number)
    {
        Expr loss = graph.LossOf(_loss!, examples.Span[number], number);
        return Weighted(graph, loss, examples, number);
    }

    private Expr Weighted(Graph graph, Expr loss, StepExamples examples, int number) =>
        Weight is null ? loss : Op.Multiply(loss, graph.Input(examples.WeightOf(number)));
}
