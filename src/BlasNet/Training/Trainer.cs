using System.Diagnostics;
using System.Runtime.CompilerServices;
using BlasNet.Graphs;
using BlasNet.Kernels;

namespace BlasNet.Training;

/// <summary>What has been done of an epoch.</summary>
/// <param name="Epoch">From 1.</param>
/// <param name="Step">Optimizer steps in this epoch.</param>
/// <param name="Steps">Optimizer steps that the epoch has; 0 for a stream.</param>
/// <param name="Loss">Mean loss of the examples of this epoch so far.</param>
/// <param name="Examples">Number of these examples.</param>
public readonly record struct TrainingProgress(int Epoch, int Step, int Steps, double Loss, int Examples);

/// <summary>Trains a model whose loss is written for one example.</summary>
/// <typeparam name="TExample">One example, as the loss function takes it.</typeparam>
/// <remarks>Threads: one thread at a time uses a trainer. A step is computed from the parameters of one moment, beside evaluations on other threads, and its
/// update waits for those; steps of several trainers of one model come one after another (see <see cref="Model"/>).</remarks>
public sealed partial class Trainer<TExample> : ITrainerState
{
    private readonly Func<Graph, TExample, Expr>? _loss;
    private readonly Func<Graph, TExample, ExprTask<Expr>>? _asyncLoss;   // in its place
    private readonly GradientAccumulator _accumulator;
    private readonly List<MicrobatchRunner> _runners = [];   // one for each thread of a step, the calling one first
    private readonly Exclusive _use = new("trainer");
    private long _steps;
    private int _epochDone, _epochSize;   // examples
    private double _epochLossSum, _epochWeight;

#pragma warning disable RS0026 // Two constructors with an optional parameter: they differ in the loss, so no call is ambiguous.
    /// <param name="model">Its parameters are trained; all must have been added before.</param>
    /// <param name="loss">Builds one example's loss, a scalar, in the graph given.</param>
    /// <param name="optimizer">How parameters follow from gradients.</param>
    /// <param name="options">How steps are computed; null for the default options.</param>
    /// <exception cref="ArgumentException">Two of the optimizer's state names are equal, or one is empty, contains '/' or is 'average'.</exception>
    /// <exception cref="InsufficientMemoryException">The machine has less memory than the parameters, their gradients and the optimizer's state
    /// take.</exception>
    public Trainer(Model model, Func<Graph, TExample, Expr> loss, Optimizer optimizer, ComputeOptions? options = null)
        : this(model, optimizer, options ?? new ComputeOptions())
    {
        ArgumentNullException.ThrowIfNull(loss);
        _loss = loss;
    }

    /// <param name="model">Its parameters are trained; all must have been added before.</param>
    /// <param name="loss">Builds one example's loss, a scalar, in the graph given, and may await values on the way: all examples that are computed at once go
    /// on together, from round to round.</param>
    /// <param name="optimizer">How parameters follow from gradients.</param>
    /// <param name="options">How steps are computed; null for the default options.</param>
    /// <remarks>What a round has computed is computed for the gradient too, once. With <see cref="ClipExampleNorm"/>, a noise scale of single examples or
    /// <see cref="DetectAnomalies"/>, it is computed again. No pass is prepared ahead (<see cref="PrepareAhead"/>).</remarks>
    /// <inheritdoc cref="Trainer{TExample}(Model, Func{Graph, TExample, Expr}, Optimizer, ComputeOptions)" path="/exception"/>
    [OverloadResolutionPriority(-1)]   // a lambda that only throws is no async one
    public Trainer(Model model, Func<Graph, TExample, ExprTask<Expr>> loss, Optimizer optimizer, ComputeOptions? options = null)
        : this(model, optimizer, options ?? new ComputeOptions())
    {
        ArgumentNullException.ThrowIfNull(loss);
        _asyncLoss = loss;
    }

#pragma warning restore RS0026
    private Trainer(Model model, Optimizer optimizer, ComputeOptions options)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(optimizer);
        (Model, Optimizer, Options) = (model, optimizer, options);
        (_examples, _nextExamples) = (new StepExamples(this), new StepExamples(this));
        optimizer.RequireStateNames();
        model.RequireRoom(gradients: 1, optimizer.StateBuffers);
        model.Complete();
        _updateGroups = new UpdateGroups(model, _groups);
        _accumulator = model.Own(GradientAccumulator.Create(model, options));
        _runners.Add(new MicrobatchRunner(this, _accumulator.First));
    }

    /// <summary>What is trained.</summary>
    public Model Model { get; }

    /// <summary>How parameters follow from gradients.</summary>
    public Optimizer Optimizer { get; }

    /// <summary>How steps are computed.</summary>
    public ComputeOptions Options { get; }

    /// <summary>Takes in every step from now on; null, the default, to measure nothing.</summary>
    public Profile? Profile { get; set; }

    /// <summary>How many examples an optimizer step averages over: a matter of statistics.</summary>
    public int OptimizationBatch { get; set; } = 64;

    /// <summary>At most how many examples are computed in one pass, a matter of hardware and memory; 0, the default, for all of an optimizer step, or as
    /// many as <see cref="MemoryBudget"/> allows. Changes no result but for rounding.</summary>
    public int ComputeBatch { get; set; }

    /// <summary>Look at every value after it is computed, and stop at the first that is infinite or NaN; losses, gradients and parameters are looked at in
    /// any case. Costs one sweep over every value; element-wise operators that are computed in one sweep count as one.</summary>
    public bool DetectAnomalies { get; set; }

    /// <summary>What this process would exchange with other ranks after its last step.</summary>
    public RankTraffic Traffic => _accumulator.Traffic;

    /// <summary>Optimizer steps so far.</summary>
    public long StepCount => _runners[0].StepAhead ?? _steps;

    /// <summary>Epochs so far.</summary>
    public int EpochCount { get; private set; }

    internal GradientAccumulator Accumulator => _accumulator;

    /// <summary>Examples used in the epoch under way; 0 between epochs.</summary>
    public int EpochDone => _epochDone;

    /// <summary>One optimizer step over the examples given, all of them.</summary>
    /// <returns>The mean of their losses, before the step; <see cref="LastStep"/> tells the rest.</returns>
    /// <exception cref="ArgumentException">No examples.</exception>
    /// <exception cref="ShapeException">A loss is not a scalar, or an expression is malformed.</exception>
    /// <exception cref="InvalidOperationException">A loss belongs to another graph than the one given, the trainer is in use, or the
    /// calling thread is within an evaluation or a step of the same model.</exception>
    /// <exception cref="NonFiniteException">The loss, its gradient or what the step would make of a parameter is infinite or NaN. Nothing has
    /// changed.</exception>
    /// <exception cref="MemoryBudgetException">An example alone is too large for <see cref="MemoryBudget"/>. No parameter has changed.</exception>
    /// <exception cref="ObjectDisposedException">The model has been disposed.</exception>
    public double Step(ReadOnlySpan<TExample> examples)
    {
        _use.Enter();
        try
        {
            using ComputeSettings.Scope settings = Options.Settings.Use();
            using ModelAccess.Scope change = Model.Access.Change(nameof(Step));
            Load(examples);
            return Step(change, nextStep: null);
        }
        finally
        {
            _use.Exit();
        }
    }

    /// <summary>One optimizer step over the examples given, all of them, while which the next one may be prepared: for an order of one's
    /// own.</summary>
    /// <param name="examples">Of this step.</param>
    /// <param name="next">What will be given for the next step, in an equal list; null for nothing. Its elements must not change until
    /// then.</param>
    /// <remarks>Whether the next step is prepared is a matter of <see cref="PrepareAhead"/> and of a thread that is free; it changes no
    /// result.</remarks>
    /// <inheritdoc cref="Step(ReadOnlySpan{TExample})"/>
    public double Step(IReadOnlyList<TExample> examples, IReadOnlyList<TExample>? next)
    {
        ArgumentNullException.ThrowIfNull(examples);
        if (examples.Count == 0)
            throw new ArgumentException("An optimizer step needs at least one example.", nameof(examples));

        return Step(SourceOf(examples), SourceOf(next ?? []));

        static StepSource<TExample> SourceOf(IReadOnlyList<TExample> all) => new(all, Order: null, 0, all.Count);
    }

    /// <summary>One optimizer step, while which the next one may be prepared.</summary>
    internal double Step(StepSource<TExample> source, StepSource<TExample> next)
    {
        _use.Enter();
        try
        {
            using ComputeSettings.Scope settings = Options.Settings.Use();
            using ModelAccess.Scope change = Model.Access.Change(nameof(Step));
            if (_runners[0].IsAhead && _nextExamples.Are(source))
                (_examples, _nextExamples) = (_nextExamples, _examples);
            else
                Load(source);

            _nextExamples.Announce(next, _steps + 1);
            return Step(change, next.Count > 0 ? _nextExamples : null);
        }
        finally
        {
            _use.Exit();
        }
    }

    private double Step(ModelAccess.Scope change, StepExamples? nextStep)
    {
        using Activity? activity = Telemetry.BeginStep();
        long start = Stopwatch.GetTimestamp();
        Profile? profile = Profile;
        Profile.Moment? begin = profile?.Begin(_accumulator.First.Times);
        AccumulateGradient(nextStep);
        change.Exclude();
        if (_accumulator.Update(Optimizer, _steps + 1) is { } refusal)
            throw FindNonFinite(refusal);

        _steps++;
        AddNoise();
        MicrobatchSums sums = _accumulator.Sums;
        _lastStep = new TrainingStep(
            _steps, sums.Examples, sums.Weight, sums.Loss / sums.Weight, _accumulator.Penalty, _accumulator.GradientNorm,
            Optimizer.LearningRateAt(_steps), sums.Passes, sums.LargestPass, _accumulator.HeldBytes);
        if (begin is { } moment)
            profile!.End(moment);

        Telemetry.AddStep(activity, _steps, _lastStep.Examples, _lastStep.Loss, start);
        return _lastStep.Loss;
    }

    /// <summary>Every example once, in an order that follows from the model's seed and the number of the epoch; the last step may have fewer.</summary>
    /// <remarks>An epoch that was cancelled, or cut short by an error or a checkpoint, goes on where it stopped.</remarks>
    /// <returns>The mean of the losses, each before the step it was part of.</returns>
    /// <exception cref="ArgumentException">No examples, or another number of them than the epoch began with.</exception>
    /// <exception cref="OperationCanceledException">After the step during which it was asked for; the parameters are those after that step.</exception>
    /// <exception cref="NonFiniteException">As for <see cref="Step(ReadOnlySpan{TExample})"/>; the parameters are those before that step.</exception>
#pragma warning disable RS0026 // The other overload differs in its second parameter, so no call is ambiguous.
    public double Epoch(IReadOnlyList<TExample> examples, IProgress<TrainingProgress>? progress = null, CancellationToken cancellation = default)
#pragma warning restore RS0026
    {
        RunEpoch(examples, progress, cancellation);
        return FinishEpoch();
    }

    /// <summary>The steps of an epoch, or the rest of them; it counts as complete with <see cref="FinishEpoch"/>.</summary>
    internal void RunEpoch(IReadOnlyList<TExample> examples, IProgress<TrainingProgress>? progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(examples);
        ArgumentOutOfRangeException.ThrowIfLessThan(OptimizationBatch, 1);
        if (examples.Count == 0)
            throw new ArgumentException("An epoch needs at least one example.", nameof(examples));

        RequireSameEpoch(examples.Count, window: 0);
        BeginEpochOnRanks(examples.Count, cancellation);
        int[] order = Shuffled(examples.Count, EpochCount);
        (_epochSize, _epochWindow) = (order.Length, 0);
        while (_epochDone < order.Length)
        {
            ThrowIfCancelled(cancellation);
            StepSource<TExample> source = Source(_epochDone);
            StepOfEpoch(source, Source(_epochDone + source.Count));
            progress?.Report(Progress(StepsFor(order.Length)));
        }

        StepSource<TExample> Source(int start) => new(examples, order, start, Math.Min(OptimizationBatch, order.Length - start));
    }

    private TrainingProgress Progress(int steps) => new(EpochCount + 1, StepsFor(_epochDone), steps, _epochLossSum / _epochWeight, _epochDone);

    // An example has its number in the data, not in the step.
    private void StepOfEpoch(StepSource<TExample> source, StepSource<TExample> next)
    {
        _roundCancellation = Ranks is null ? _epochCancellation : default;   // ranks stop after the same step
        try
        {
            _epochLossSum += Step(source, next) * _lastStep.Weight;
            _epochWeight += _lastStep.Weight;
            _epochDone = checked(_epochDone + source.Count);
        }
        catch (NonFiniteException e) when (e.Example is { } example)
        {
            throw new NonFiniteException(e, source.NumberOf(example));
        }
        catch (ExampleException e)
        {
            throw new ExampleException(source.NumberOf(e.Example), e.InnerException!);
        }
        catch (MemoryBudgetException e)
        {
            throw new MemoryBudgetException(source.NumberOf(e.Example), e.Bytes, e.Budget, Workers, e.IsAtLeast);
        }
        finally
        {
            _roundCancellation = default;
        }
    }

    /// <returns>The mean of the epoch's losses.</returns>
    internal double FinishEpoch()
    {
        double loss = _epochLossSum / _epochWeight;
        EpochCount++;
        (_epochDone, _epochSize, _epochWindow, _epochLossSum, _epochWeight) = (0, 0, 0, 0, 0);
        return loss;
    }

    private int StepsFor(int examples) => (examples + OptimizationBatch - 1) / OptimizationBatch;

    // Source: Fisher, Yates; Durstenfeld, "Algorithm 235: Random permutation", CACM 1964.
    private int[] Shuffled(int count, int epoch)
    {
        var order = new int[count];
        for (int i = 0; i < count; i++)
            order[i] = i;

        var random = new RandomNumbers((ulong)Model.Seed, $"shuffle {epoch}");
        for (int i = count - 1; i > 0; i--)
        {
            int j = random.NextBelow(i + 1);
            (order[i], order[j]) = (order[j], order[i]);
        }

        return order;
    }
}
