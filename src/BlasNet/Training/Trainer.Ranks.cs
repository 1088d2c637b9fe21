using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using BlasNet.Ranks;

namespace BlasNet.Training;

/// <content>A step on several ranks.</content>
public sealed partial class Trainer<TExample>
{
    private Communicator? _communicator;
    private Action? _prepareMeanwhile;
    private StepExamples? _preparedMeanwhile;
    private CancellationToken _epochCancellation;
    private bool _isCancelled;        // on any rank
    private bool _haveAgreed;

    /// <summary>The processes that train this model together, each a part of every step; null, the default, for this one alone.</summary>
    /// <remarks>
    /// All ranks make the same model and trainer, and call the same methods with the same examples: N ranks give what N <see cref="Workers"/> of one process
    /// give, bit for bit. Each rank computes a part of a step's examples, of about equal <see cref="Work"/>; the parts' gradients are added in the order of
    /// ranks, and each rank updates its parameters by the sum. <see cref="ComputeBatch"/>, <see cref="MemoryBudget"/> and <see cref="Workers"/> are each rank's
    /// own. Without a budget, a rank that waits for others prepares its part of the next step (<see cref="PrepareAhead"/>). At the first step and at every
    /// epoch's beginning ranks compare what they are about to do. A cancellation on any rank stops all after the same step; an error on one is an error on
    /// all.
    /// </remarks>
    /// <exception cref="InvalidOperationException">The trainer is in use.</exception>
    public Communicator? Communicator
    {
        get => _communicator;
        set
        {
            _use.Enter();
            (_communicator, _haveAgreed) = (value, false);
            _use.Exit();
        }
    }

    private static string Version =>
        typeof(Communicator).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "of an unknown version";

    private Communicator? Ranks => _communicator is { Size: > 1 } ? _communicator : null;

    private long RankCount => Ranks?.Size ?? 1;

    private void RunRanks(Communicator ranks, StepExamples? nextStep)
    {
        if (!_haveAgreed)
            RequireAgreement(ranks, examples: _examples.Count);

        StepExamples? ownNext = nextStep is not null && ranks.Rank < nextStep.Count && MemoryBudget == 0 ? nextStep : null;
        (int start, int end) = _examples.OwnPart;
        _accumulator.BeginRanks();
        Exception? error = RunPart(start, end, isAlone: _examples.Count == 1, ownNext);
        PrepareMeanwhile(ranks, error is null ? ownNext : null);
        try
        {
            Exchange(ranks, start, end, error);
        }
        finally
        {
            ranks.Meanwhile = null;
        }
    }

    // While it waits for others, a rank without a second thread prepares the next step itself.
    private void PrepareMeanwhile(Communicator ranks, StepExamples? nextStep)
    {
        _preparedMeanwhile = nextStep;
        if (nextStep is not null)
            ranks.Meanwhile = _prepareMeanwhile ??= () => _runners[0].PrepareHere(_preparedMeanwhile!);
    }

    private void Exchange(Communicator ranks, int start, int end, Exception? error)
    {
        RankOutcome outcome = error switch { null => RankOutcome.Done, NonFiniteException => RankOutcome.NonFinite, _ => RankOutcome.Failed };
        ReadOnlySpan<RankStep> all = _accumulator.GatherRanks(ranks, new RankStep(
            _steps + 1, _examples.Count, start, end, outcome, _epochCancellation.IsCancellationRequested, _accumulator.Sums,
            _runners[0].Sizes, _firstPass, _firstPassExamples));
        RequireSameStep(ranks, all);
        if (RankStep.Failed(all) is >= 0 and var failed)
            throw RankErrors.Share(ranks, failed, error);

        (_firstPass, _firstPassExamples) = (all[0].FirstPass, all[0].FirstPassExamples);
        if (ranks.Rank > 0 && MemoryBudget > 0)
            _runners[0].Restart(all[0].Sizes);

        foreach (RankStep step in all)
            _isCancelled |= step.IsCancelled;

        _accumulator.MergeRanks(ranks);
    }

    // What goes wrong here is thrown after the others have been told.
    private Exception? RunPart(int start, int end, bool isAlone, StepExamples? nextStep)
    {
        if (!isAlone)
            _accumulator.HoldForecasts(true);

        try
        {
            if (Workers > 1 && end - start > 1)
                RunWorkers(start, end);
            else
                _runners[0].Run(_examples, start, end, ComputeBatch, nextStep);

            return FindNonFinitePass();
        }
        catch (Exception e)
        {
            return e;
        }
        finally
        {
            if (!isAlone)
                _accumulator.HoldForecasts(false);
        }
    }

    private static void RequireSameStep(Communicator ranks, ReadOnlySpan<RankStep> all)
    {
        int end = 0;
        for (int rank = 0; rank < all.Length; rank++)
        {
            RankStep step = all[rank];
            if (step.Step != all[0].Step || step.Examples != all[0].Examples || step.First != end)
            {
                throw new CommunicatorException(
                    rank, ranks.NameOf(rank),
                    $"is at step {step.Step} with {step.Examples} examples, of which it takes those from {step.First}; "
                    + $"{ranks.NameOf(0)} is at step {all[0].Step} with {all[0].Examples}, "
                    + $"and those before end at {end}. All ranks must have the same examples in the same order.");
            }

            end = step.End;
        }
    }

    private void BeginEpochOnRanks(int examples, CancellationToken cancellation)
    {
        _epochCancellation = cancellation;
        if (Ranks is not { } ranks)
            return;

        RequireAgreement(ranks, examples);
        _isCancelled = ranks.Any(cancellation.IsCancellationRequested);
    }

    private void ThrowIfCancelled(CancellationToken cancellation)
    {
        if (Ranks is null)
            cancellation.ThrowIfCancellationRequested();
        else if (_isCancelled)
            throw new OperationCanceledException("A rank was asked to stop.", cancellation);
    }

    // Rates first: ranks choose kernels by them, so that all round alike.
    private void RequireAgreement(Communicator ranks, int examples)
    {
        long start = Stopwatch.GetTimestamp();
        _accumulator.ShareRates(ranks);
        ITrainerState state = this;
        ranks.RequireAgreement(
        [
            ("BlasNet", Version),
            .. ModelFacts.Of(Model),
            ("the optimizer", Optimizer.GetType().Name),
            ("learning rate", Text(Optimizer.LearningRate)),
            .. state.Settings.Select(setting => (setting.Key, setting.Value)),
            ("noise scale", NoiseScale?.ToString() ?? "none"),
            ("what computes products", KernelsText()),
            ("the number of examples", Text(examples)),
            ("the position", $"epoch {Text(EpochCount)}, step {Text(_steps)}, example {Text(_epochDone)}"),
            ("the checksum of the parameters", _accumulator.ParametersDigest),
        ]);
        _haveAgreed = true;
        _accumulator.First.Times.Communicate += Stopwatch.GetTimestamp() - start;
    }

    private static string Text<T>(T value) where T : IFormattable => value.ToString(null, CultureInfo.InvariantCulture);
}
