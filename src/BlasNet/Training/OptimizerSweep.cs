using System.Numerics;
using System.Numerics.Tensors;
using BlasNet.Kernels;
using BlasNet.Memory;

namespace BlasNet.Training;

/// <summary>What is the same for all elements and for all formulas.</summary>
/// <param name="Scale">What to multiply the gradient with.</param>
/// <param name="Clip">The bound of an element of the scaled gradient; infinite for none.</param>
/// <param name="Keep">What to multiply the parameters with: 1, or less where weights decay.</param>
/// <param name="AverageWeight">What to multiply the parameters' change with before it is added to the last state buffer; null where no average is kept.</param>
internal readonly record struct SweepFactors(double Scale, double Clip, double Keep, double? AverageWeight);

/// <summary>What is done with a formula.</summary>
internal enum SweepMode
{
    /// <summary>Updates the buffers.</summary>
    Apply,

    /// <summary>Computes the same and looks for what is not finite, but changes nothing.</summary>
    Rehearse,

    /// <summary>Only bounds what the formula can give, whatever the buffers hold within their own bounds.</summary>
    Bound,
}

/// <summary>What a sweep has found out.</summary>
internal struct SweepResult()
{
    /// <summary>Bounds of the buffers: of those before the update for <see cref="SweepMode.Bound"/>, else of those after it.</summary>
    public Magnitudes Largest;

    /// <summary>For <see cref="SweepMode.Bound"/>: max |g|.</summary>
    public double LargestGradient;

    /// <summary>From <see cref="SweepMode.Bound"/>: false for a formula of which nothing is known.</summary>
    public bool IsBounded;

    /// <summary>From <see cref="SweepMode.Rehearse"/>: the first element whose parameter or state would not be finite; −1 if there is none.</summary>
    public int FirstNonFinite = -1;

    /// <summary>Whether the optimizer has given its formula.</summary>
    public bool HasRun;
}

/// <summary>A formula with what all formulas have in common.</summary>
internal interface ISweepUpdate<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>The magnitudes after an update of buffers with those before; null if nothing is known of the formula.</summary>
    Magnitudes? Bound(Magnitudes before, double gradient);

    /// <summary>Updates some parts of a range.</summary>
    /// <returns>Their magnitudes afterwards, if there are bounds.</returns>
    Magnitudes Run(OptimizerRange<T> range, ReadOnlySpan<Segment> parts);
}

/// <summary>Applies an optimizer's formula to what a step touches: decays weights, scales and clips the gradient, keeps the average of the parameters, and
/// refuses what would not stay finite. The formula is all that an optimizer adds.</summary>
public readonly ref struct OptimizerSweep<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int ChunkLength = 512;

    private readonly SweepMode _mode;
    private readonly OptimizerRange<T> _range;
    private readonly ReadOnlySpan<Segment> _parts;
    private readonly SweepFactors _factors;
    private readonly ref SweepResult _result;

    internal OptimizerSweep(SweepMode mode, OptimizerRange<T> range, ReadOnlySpan<Segment> parts, SweepFactors factors, ref SweepResult result)
    {
        (_mode, _factors) = (mode, factors);
        _range = range;
        _parts = parts;
        _result = ref result;
    }

    private int RuleBuffers => _range.StateBuffers - (_factors.AverageWeight is null ? 0 : 1);

    /// <summary>Applies a formula of vectors, in one sweep.</summary>
    /// <exception cref="InvalidOperationException">It has another number of state buffers than the optimizer has names for, or a formula has been applied
    /// already.</exception>
    public void Run<TRule>(TRule rule) where TRule : struct, IUpdateRule<T>
    {
        if (TRule.StateBuffers != RuleBuffers || TRule.StateBuffers > 2)
        {
            throw new InvalidOperationException(
                $"{typeof(TRule).Name} keeps {TRule.StateBuffers} state buffers, of at most 2; the optimizer names {RuleBuffers}.");
        }

        if (double.IsFinite(_factors.Clip))
            RunUpdate(new VectorUpdate<T, Clipped<T, TRule>>(new Clipped<T, TRule>(rule, _factors)));
        else
            RunUpdate(new VectorUpdate<T, Scaled<T, TRule>>(new Scaled<T, TRule>(rule, _factors)));
    }

    /// <summary>Applies a formula of ranges, a chunk at a time.</summary>
    /// <param name="formula">Each call has another range, from a single element to some hundreds, in any order and on any thread; an element's result must
    /// depend on nothing but itself.</param>
    /// <exception cref="InvalidOperationException">A formula has been applied already.</exception>
    public void Run(UpdateHandler<T> formula)
    {
        ArgumentNullException.ThrowIfNull(formula);
        RunUpdate(new RangeUpdate<T>(formula, _factors));
    }

    private void RunUpdate<TUpdate>(TUpdate update) where TUpdate : struct, ISweepUpdate<T>
    {
        if (_result.HasRun)
            throw new InvalidOperationException("An optimizer applies one formula in a step.");

        _result.HasRun = true;
        if (_mode == SweepMode.Bound)
            Bound(update);
        else if (_mode == SweepMode.Rehearse)
            Rehearse(update);
        else
            _result.Largest = Magnitudes.Max(_result.Largest, Apply(_range, _parts, update));
    }

    private Magnitudes Apply<TUpdate>(OptimizerRange<T> range, ReadOnlySpan<Segment> parts, in TUpdate update) where TUpdate : struct, ISweepUpdate<T>
    {
        if (_factors.AverageWeight is not { } weight)
            return update.Run(range, parts);

        Magnitudes largest = default;
        foreach (Segment part in parts)
            largest = Magnitudes.Max(largest, RunAveraged(range.Slice(part.Start, part.Length), update, T.CreateTruncating(weight)));

        return largest;
    }

    private void Bound<TUpdate>(TUpdate update) where TUpdate : struct, ISweepUpdate<T>
    {
        Magnitudes before = _result.Largest;
        if (update.Bound(before, _result.LargestGradient) is not { } largest)
            return;

        _result.IsBounded = true;
        _result.Largest = _factors.AverageWeight is { } weight
            ? largest with { Average = before.Average + weight * (before.Parameters + largest.Parameters) } : largest;
    }

    // On a copy of each chunk. Ends at the first chunk that would not stay finite.
    private void Rehearse<TUpdate>(TUpdate update) where TUpdate : struct, ISweepUpdate<T>
    {
        int buffers = _range.StateBuffers;
        Span<T> copy = buffers <= 4 ? stackalloc T[ChunkLength * (1 + buffers)] : new T[ChunkLength * (1 + buffers)];
        foreach (Segment part in _parts)
        {
            for (int start = part.Start; start < part.End; start += ChunkLength)
            {
                OptimizerRange<T> chunk = _range.Slice(start, Math.Min(ChunkLength, part.End - start));
                int length = chunk.Parameters.Length;
                Span<T> numbers = copy[..(length * (1 + buffers))];
                chunk.Parameters.CopyTo(numbers);
                for (int buffer = 0; buffer < buffers; buffer++)
                    chunk.State(buffer).CopyTo(numbers[(length * (1 + buffer))..]);

                Apply(new OptimizerRange<T>(numbers[..length], chunk.Gradient, numbers[length..]), [new Segment(0, length)], update);
                if (TensorPrimitives.IsFiniteAll<T>(numbers))
                    continue;

                int first = 0;
                while (T.IsFinite(numbers[first]))
                    first++;

                _result.FirstNonFinite = start + first % length;
                return;
            }
        }
    }

    // A chunk at a time, so that the parameters before the step need not be kept but for the chunk.
    private static Magnitudes RunAveraged<TUpdate>(OptimizerRange<T> range, in TUpdate update, T weight) where TUpdate : struct, ISweepUpdate<T>
    {
        Span<T> before = stackalloc T[ChunkLength];
        Magnitudes largest = default;
        for (int start = 0; start < range.Parameters.Length; start += ChunkLength)
        {
            OptimizerRange<T> chunk = range.Slice(start, Math.Min(ChunkLength, range.Parameters.Length - start));
            before = before[..chunk.Parameters.Length];
            chunk.Parameters.CopyTo(before);
            Magnitudes ofChunk = update.Run(chunk.WithoutLastState(), [new Segment(0, before.Length)]);
            TensorPrimitives.Subtract(chunk.Parameters, before, before);
            Span<T> sum = chunk.State(range.StateBuffers - 1);
            TensorPrimitives.MultiplyAdd(before, weight, sum, sum);
            largest = Magnitudes.Max(largest, ofChunk with { Average = Magnitude.Largest<T>(sum) });
        }

        return largest;
    }
}
