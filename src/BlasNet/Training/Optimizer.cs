using System.Numerics;
using BlasNet.Memory;

namespace BlasNet.Training;

/// <summary>A rule that turns parameters and their gradient into better parameters.</summary>
/// <remarks>A pure function of (parameters, gradient, state, step number) over flat buffers, element by element: it knows of no batch, no
/// shape and no model. It may be applied to any range of the buffers, in any order; the result is the same, bit for bit.
/// A trainer applies it to what the step's loss depends on: of a table that is only looked up, the columns looked up. Nothing else is updated, nor its
/// state too: means do not decay and momentum does not move a word while no example has it, whereas bias corrections count all steps
/// (as PyTorch's SparseAdam and DyNet's sparse updates do). So a step costs what the words seen cost, not what the vocabulary does.
/// <para>An optimizer of one's own names its state and gives its formula; learning rate and schedule, decay, clipping, averages, checkpoints, ranks and the
/// refusal of steps that would not stay finite come with it.</para></remarks>
/// <example>Momentum, as a formula of ranges; <see cref="IUpdateRule{T}"/> is one of vectors.
/// <code>
/// sealed class Momentum(double learningRate, double keep) : Optimizer(learningRate)
/// {
///     public override IReadOnlyList&lt;string&gt; StateNames { get; } = ["velocity"];
///
///     protected override IEnumerable&lt;(string Name, object? Value)&gt; Hyperparameters =&gt; [("keep", keep)];
///
///     protected override void Apply&lt;T&gt;(OptimizerSweep&lt;T&gt; sweep, double rate, long step) =&gt; sweep.Run(range =&gt;
///     {
///         Span&lt;T&gt; velocity = range.State(0);
///         TensorPrimitives.MultiplyAdd(velocity, T.CreateTruncating(keep), range.Gradient, velocity);
///         TensorPrimitives.MultiplyAdd(velocity, T.CreateTruncating(-rate), range.Parameters, range.Parameters);
///     });
/// }
/// </code></example>
public abstract class Optimizer
{
    private const string AverageName = "average";

    private double _learningRate, _weightDecay, _clipValue = double.PositiveInfinity, _clipNorm = double.PositiveInfinity;
    private long? _averageFrom;

    /// <param name="learningRate">η.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="learningRate"/> is negative or not finite.</exception>
    protected Optimizer(double learningRate) => LearningRate = learningRate;

    /// <summary>The size of a step: η, before the <see cref="Schedule"/> is applied.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative or not finite.</exception>
    public double LearningRate
    {
        get => _learningRate;
        set => _learningRate = RequireAtLeastZero(value, nameof(LearningRate));
    }

    /// <summary>How the learning rate changes from step to step; by default it does not.</summary>
    public Schedule Schedule
    {
        get;
        set => field = value ?? throw new ArgumentNullException(nameof(value));
    } = Schedule.Constant;

    /// <summary>Decoupled weight decay λ: a step also subtracts η·λ of each parameter it updates. Unlike a squared norm in the objective it is no
    /// part of the gradient, so that no mean, momentum or normalisation sees it; it counts once per step.</summary>
    /// <remarks>Source: Loshchilov, Hutter, "Decoupled weight decay regularization", ICLR 2019, arXiv:1711.05101, with η for their product of
    /// learning rate and schedule, as is usual now.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">It is negative or not finite.</exception>
    public double WeightDecay
    {
        get => _weightDecay;
        set => _weightDecay = RequireAtLeastZero(value, nameof(WeightDecay));
    }

    /// <summary>Clips each element of the mean gradient to ±this; infinite, the default, for no clipping.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is not above 0.</exception>
    public double ClipValue
    {
        get => _clipValue;
        set => _clipValue = value > 0 ? value : throw new ArgumentOutOfRangeException(nameof(ClipValue), value, "ClipValue must be above 0.");
    }

    /// <summary>Scales the mean gradient of all parameters together down to this Euclidean norm, where it is longer; infinite, the default, for no
    /// clipping. Done by the trainer, before <see cref="ClipValue"/>: a range of the buffers does not know the norm of the whole.</summary>
    /// <remarks>Source: Pascanu, Mikolov, Bengio, "On the difficulty of training recurrent neural networks", ICML 2013, Algorithm 1.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">It is not above 0.</exception>
    public double ClipNorm
    {
        get => _clipNorm;
        set => _clipNorm = value > 0 ? value : throw new ArgumentOutOfRangeException(nameof(ClipNorm), value, "ClipNorm must be above 0.");
    }

    /// <summary>The first step after which parameters count for their average over all later steps; null, the default, for no average.
    /// To be set before the first step.</summary>
    /// <remarks>The average counts iterations, whatever the batch size. The state keeps S = Σ (k − 1)·Δ for the change Δ that the k-th of the averaged
    /// steps makes; the average of n is p − S/n. So what a step does not touch needs no work. Source: Polyak, Juditsky, "Acceleration of stochastic
    /// approximation by averaging", SIAM J. Control Optim., 1992.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">It is below 1.</exception>
    public long? AverageFrom
    {
        get => _averageFrom;
        set =>
            _averageFrom = value is null or >= 1 ? value : throw new ArgumentOutOfRangeException(nameof(AverageFrom), value, "AverageFrom must be at least 1.");
    }

    /// <summary>How many numbers the rule remembers for each parameter: the number of buffers in <see cref="OptimizerRange{T}"/>'s state.</summary>
    public int StateBuffers => StateNames.Count + (AverageFrom is null ? 0 : 1);

    /// <summary>A name for each number that the formula remembers for a parameter, in the order of its state buffers: the names of the state in
    /// checkpoints. Does not change.</summary>
    public abstract IReadOnlyList<string> StateNames { get; }

    /// <summary>Of all state buffers.</summary>
    internal IEnumerable<string> BufferNames => AverageFrom is null ? StateNames : StateNames.Append(AverageName);

    /// <summary>All that a step depends on besides the gradient, the state and <see cref="LearningRate"/>, by name; null for what is not done.</summary>
    internal IEnumerable<(string Name, object? Value)> Settings =>
    [
        .. Hyperparameters, ("schedule", Schedule), ("weight decay", WeightDecay),
        ("clip value", double.IsFinite(ClipValue) ? ClipValue : null), ("clip norm", double.IsFinite(ClipNorm) ? ClipNorm : null),
    ];

    /// <summary>The constants of the formula, by name, for checkpoints to note and ranks to compare: a training that is resumed with others says so.
    /// Names of one's own, not <c>schedule</c>, <c>weight decay</c>, <c>clip value</c> or <c>clip norm</c>; values with a text of their own.</summary>
    protected abstract IEnumerable<(string Name, object? Value)> Hyperparameters { get; }

    /// <summary>η in a step: <see cref="LearningRate"/> times the schedule's factor.</summary>
    /// <param name="step">From 1.</param>
    /// <exception cref="InvalidOperationException">The schedule gives a factor that is negative or not finite.</exception>
    public double LearningRateAt(long step) => LearningRate * Schedule.FactorAt(step);

    /// <summary>Updates parameters and state in place, in one sweep. Does not look for numbers that are not finite; a trainer does.</summary>
    /// <param name="range">The parameters to update, with their gradient and state; the state is all 0 before the first step.</param>
    /// <param name="gradientScale">What to multiply the gradient with: 1/Σw turns a weighted sum over examples into their mean.</param>
    /// <param name="step">The number of this step, from 1.</param>
    /// <exception cref="ArgumentException"><paramref name="range"/> has another number of state buffers.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="step"/> is below 1.</exception>
    public void Update<T>(OptimizerRange<T> range, double gradientScale, long step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        Update(range, [new Segment(0, range.Parameters.Length)], gradientScale, step);

    /// <summary>Updates some parts of the buffers; the parameters and the state of all others are not updated.</summary>
    internal void Update<T>(OptimizerRange<T> range, ReadOnlySpan<Segment> parts, double gradientScale, long step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var result = new SweepResult();
        Sweep(SweepMode.Apply, range, parts, UpdateGroup.All, gradientScale, step, ref result);
    }

    /// <summary>Updates some parts of the buffers, all of one group, or finds out what that would give.</summary>
    internal void Sweep<T>(
        SweepMode mode, OptimizerRange<T> range, ReadOnlySpan<Segment> parts, UpdateGroup group, double gradientScale, long step, ref SweepResult result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(step, 1);

        if (range.Parameters.IsEmpty)
            return; // a model without parameters; its buffers do not tell their number

        if (range.StateBuffers != StateBuffers)
        {
            throw new ArgumentException(
                $"{GetType().Name} keeps {StateBuffers} state buffers; the range has {range.StateBuffers}.", nameof(range));
        }

        double rate = LearningRateAt(step) * group.RateFactor;
        var factors = new SweepFactors(gradientScale, ClipValue, Keep: 1 - rate * (group.WeightDecay ?? WeightDecay), AverageWeightAt(step));
        result.HasRun = false;
        Apply(new OptimizerSweep<T>(mode, range, parts, factors, ref result), rate, step);
        if (!result.HasRun)
            throw new InvalidOperationException($"{GetType().Name}.Apply must apply a formula by OptimizerSweep.Run, also where it changes nothing.");
    }

    /// <exception cref="ArgumentException">The names of the state cannot be names in a checkpoint.</exception>
    internal void RequireStateNames()
    {
        var names = new HashSet<string>(StringComparer.Ordinal) { AverageName };
        foreach (string name in StateNames)
        {
            if (string.IsNullOrWhiteSpace(name) || name.Contains('/', StringComparison.Ordinal) || !names.Add(name))
            {
                throw new ArgumentException(
                    $"{GetType().Name} names its state {string.Join(", ", StateNames.Select(own => $"'{own}'"))}: "
                    + $"each buffer needs a name of its own, without '/', and not '{AverageName}'.");
            }
        }
    }

    /// <summary>How many steps' parameters are in the average; 0 before it has begun.</summary>
    internal long AveragedSteps(long step) => AverageFrom is { } first ? Math.Max(0, step - first + 1) : 0;

    // k − 1 in the k-th of the averaged steps; null without an average.
    private double? AverageWeightAt(long step) => AverageFrom is null ? null : Math.Max(0, AveragedSteps(step) - 1);

    /// <summary>Gives the formula: one call of <see cref="OptimizerSweep{T}"/>'s Run.</summary>
    /// <param name="sweep">Applies it to what the step touches. The formula's result for an element depends on that element's parameter, gradient and state,
    /// the rate and the step, and on nothing else. It is called more often than the parameters change: on copies, to try a step beforehand.</param>
    /// <param name="rate">The learning rate of this step.</param>
    /// <param name="step">From 1.</param>
    protected abstract void Apply<T>(OptimizerSweep<T> sweep, double rate, long step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>;

    internal static double RequireAtLeastZero(double value, string name) =>
        double.IsFinite(value) && value >= 0 ? value : throw new ArgumentOutOfRangeException(name, value, $"{name} must be finite and at least 0.");

    private protected static double RequireAboveZero(double value, string name) =>
        double.IsFinite(value) && value > 0 ? value : throw new ArgumentOutOfRangeException(name, value, $"{name} must be finite and above 0.");

    private protected static double RequireFraction(double value, string name) =>
        value is >= 0 and < 1 ? value : throw new ArgumentOutOfRangeException(name, value, $"{name} must be at least 0 and below 1.");
}
