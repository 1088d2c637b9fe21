using System.Numerics;
using BlasNet.Memory;

namespace BlasNet.Training;

/// <summary>A rule that turns parameters and their gradient into better parameters.</summary>
/// <remarks>A pure function of (parameters, gradient, state, step number) over flat buffers, element by element: it knows of no batch, no
/// shape and no model. It may be applied to any range of the buffers, in any order; the result is the same to the bit.
/// A trainer applies it to what the step's loss depends on: of a table that is only looked up, the columns looked up. All else stands still, its
/// state too: means do not decay and momentum does not move a word while no example has it, whereas bias corrections count all steps
/// (as PyTorch's SparseAdam and DyNet's sparse updates do). So a step costs what the words seen cost, not what the vocabulary does.</remarks>
public abstract class Optimizer
{
    private double _learningRate;

    /// <exception cref="ArgumentOutOfRangeException"><paramref name="learningRate"/> is negative or not finite.</exception>
    private protected Optimizer(double learningRate) => LearningRate = learningRate;

    /// <summary>The size of a step. May be set between steps, by a schedule.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative or not finite.</exception>
    public double LearningRate
    {
        get => _learningRate;
        set => _learningRate = RequireAtLeastZero(value, nameof(LearningRate));
    }

    /// <summary>How many numbers the rule remembers for each parameter: the number of buffers in <see cref="OptimizerRange{T}"/>'s state.</summary>
    public abstract int StateBuffers { get; }

    /// <summary>Updates parameters and state in place, in one sweep.</summary>
    /// <param name="range">The parameters to update, with their gradient and state; the state is all 0 before the first step.</param>
    /// <param name="gradientScale">What to multiply the gradient with: 1/Σw turns a weighted sum over examples into their mean.</param>
    /// <param name="step">The number of this step, from 1.</param>
    /// <exception cref="ArgumentException"><paramref name="range"/> has another number of state buffers.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="step"/> is below 1.</exception>
    public void Update<T>(OptimizerRange<T> range, double gradientScale, long step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        Update(range, [new Segment(0, range.Parameters.Length)], gradientScale, step);

    /// <summary>Updates some parts of the buffers; the parameters and the state of all others stand still.</summary>
    internal void Update<T>(OptimizerRange<T> range, ReadOnlySpan<Segment> parts, double gradientScale, long step)
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

        Apply(range, parts, gradientScale, step);
    }

    private protected abstract void Apply<T>(OptimizerRange<T> range, ReadOnlySpan<Segment> parts, double gradientScale, long step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>;

    private protected static double RequireAtLeastZero(double value, string name) =>
        double.IsFinite(value) && value >= 0 ? value : throw new ArgumentOutOfRangeException(name, value, $"{name} must be finite and at least 0.");

    private protected static double RequireFraction(double value, string name) =>
        value is >= 0 and < 1 ? value : throw new ArgumentOutOfRangeException(name, value, $"{name} must be at least 0 and below 1.");
}
