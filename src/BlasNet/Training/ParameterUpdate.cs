using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;
using BlasNet.Execution;
using BlasNet.Graphs;
using BlasNet.Kernels;
using BlasNet.Memory;

namespace BlasNet.Training;

/// <summary>Why an update was not made.</summary>
/// <param name="What">Which number would not be finite.</param>
/// <param name="IsGradient">Whether the gradient itself is not finite.</param>
internal sealed record UpdateRefusal(string What, bool IsGradient);

/// <summary>Applies an optimizer to a model's parameters: to all that a step touches or, if a number would not stay finite, to none.</summary>
/// <remarks>
/// A sweep updates in place, so it must not begin unless it will end well. It is enough to know how large gradient, parameters and state are at most:
/// the optimizer's formula, applied to these bounds, bounds what it can give. The gradient's is computed at every step. The others come out of
/// the sweep before, and are computed afresh only after somebody else has changed the values. Only where the bounds come near to overflow, or a
/// formula has none, is the sweep rehearsed on copies first. So a step costs one reading of the gradient more.
/// </remarks>
internal sealed class ParameterUpdate<T>(ParameterStore<T> parameters, GradientBuffer<T> gradient, IReadOnlyList<Parameter> targets)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    // Below this, an update takes less time than telling a second thread about it.
    private const int MinLengthPerPart = 16384;

    // Far below overflow, so that rounding does not matter, nor a sum of two terms that are largest at different corners.
    private static readonly double Limit = (typeof(T) == typeof(float) ? float.MaxValue : double.MaxValue) / (1 << 20);

    private readonly List<List<Segment>> _parts = [], _ofGroup = [];   // for each thread, what it updates, and what of that a group has
    private readonly ParallelParts _parallel = new();
    private int _count;                 // of the parts in use
    private double[] _gradients = [];   // of each part the largest magnitude
    private SweepResult[] _results = [];
    private Action<int>? _measurePart, _rehearsePart, _updatePart;
    private (Optimizer Optimizer, NativeBuffer<T> State, double Scale, long Step) _update;
    private Magnitudes _bounds;
    private (long Version, NativeBuffer<T>? State) _bounded;   // what they are the bounds of

    /// <summary>Rates and decays.</summary>
    public required UpdateGroups Groups { get; set; }

    /// <summary>Looks at the gradient that the next update takes.</summary>
    /// <param name="minParts">At least over how many threads to divide the work; 1 or more.</param>
    /// <param name="largest">max |g|.</param>
    /// <returns>Null if all of it is finite.</returns>
    public UpdateRefusal? Measure(int minParts, out double largest)
    {
        ReadOnlySpan<Segment> touched = gradient.Touched();
        Divide(touched, Math.Max(minParts, Math.Min(ComputeThreads.Count, Segment.LengthOf(touched) / MinLengthPerPart)));
        RunParts(_measurePart ??= MeasurePart);
        largest = 0;
        foreach (double ofPart in _gradients.AsSpan(0, _count))
            largest = Math.Max(largest, ofPart);

        return double.IsFinite(largest) ? null : new UpdateRefusal($"the gradient of the parameter {WithNonFiniteGradient()} is not finite", IsGradient: true);
    }

    /// <summary>Updates the parameters by the gradient last measured.</summary>
    /// <param name="optimizer">The formula.</param>
    /// <param name="state">The optimizer's.</param>
    /// <param name="scale">What to multiply the gradient with.</param>
    /// <param name="step">From 1.</param>
    /// <param name="largestGradient">As measured.</param>
    /// <returns>Null if it is done; otherwise nothing has changed.</returns>
    public UpdateRefusal? Run(Optimizer optimizer, NativeBuffer<T> state, double scale, long step, double largestGradient)
    {
        _update = (optimizer, state, scale, step);
        bool isCurrent = _bounded == (parameters.Version, state);
        (bool isBounded, bool isFinite) = Bound(largestGradient);
        if (isBounded && !(isCurrent && isFinite))
        {
            MeasureBounds();
            (_, isFinite) = Bound(largestGradient);
        }

        if (!isFinite && Rehearse() is >= 0 and var element)
            return Refusal(element, scale * largestGradient);

        RunParts(_updatePart ??= part => SweepPart(SweepMode.Apply, part));
        foreach (SweepResult result in _results.AsSpan(0, _count))
            _bounds = Magnitudes.Max(_bounds, result.Largest);

        parameters.Changed();
        _bounded = (parameters.Version, state);
        return null;
    }

    private UpdateRefusal Refusal(int element, double gradient)
    {
        Parameter parameter = targets.Last(target => target.Offset <= element);
        double rate = _update.Optimizer.LearningRateAt(_update.Step) * Groups.RateFactorOf(parameter);
        string size = string.Create(CultureInfo.InvariantCulture, $"learning rate {rate:G4}, gradient up to {gradient:G4}");
        return new UpdateRefusal($"the step would make the parameter {parameter}, or the optimizer's state of it, infinite or NaN ({size})", IsGradient: false);
    }

    // Whether there are bounds of the formula at all, and whether within them nothing overflows.
    private (bool IsBounded, bool IsFinite) Bound(double largestGradient)
    {
        (bool isBounded, bool isFinite) = (true, true);
        foreach (UpdateGroup group in Groups.Updates)
        {
            var result = new SweepResult { Largest = _bounds, LargestGradient = largestGradient };
            Sweep(SweepMode.Bound, group, [], ref result);
            isBounded &= result.IsBounded;
            isFinite &= result.IsBounded && result.Largest.AreWithin(Limit);
        }

        return (isBounded, isFinite);
    }

    private int Rehearse()
    {
        RunParts(_rehearsePart ??= part => SweepPart(SweepMode.Rehearse, part));
        foreach (SweepResult result in _results.AsSpan(0, _count))   // the parts are in ascending order
        {
            if (result.FirstNonFinite >= 0)
                return result.FirstNonFinite;
        }

        return -1;
    }

    private void MeasureBounds()
    {
        (Optimizer optimizer, NativeBuffer<T> state, _, _) = _update;
        bool averages = optimizer.AverageFrom is not null;
        int own = optimizer.StateBuffers - (averages ? 1 : 0);
        _bounds = new Magnitudes(Magnitude.Largest<T>(parameters.Span), LargestOf(0, own > 0), LargestOf(1, own > 1), LargestOf(own, averages));
        _bounded = (parameters.Version, state);

        double LargestOf(int buffer, bool exists) =>
            exists ? Magnitude.Largest<T>(state.Span.Slice(buffer * parameters.Length, parameters.Length)) : 0;
    }

    private void MeasurePart(int part) => _gradients[part] = Magnitude.Largest<T>(gradient.Span, CollectionsMarshal.AsSpan(_parts[part]));

    private void SweepPart(SweepMode mode, int part)
    {
        _results[part] = new SweepResult();
        Sweep(mode, CollectionsMarshal.AsSpan(_parts[part]), _ofGroup[part], ref _results[part]);
    }

    private void Sweep(SweepMode mode, ReadOnlySpan<Segment> parts, List<Segment> common, ref SweepResult result)
    {
        foreach (UpdateGroup group in Groups.Updates)
        {
            if (group.Ranges is null)
            {
                Sweep(mode, group, parts, ref result);
                continue;
            }

            common.Clear();
            Segment.AppendCommon(common, parts, group.Ranges);
            Sweep(mode, group, CollectionsMarshal.AsSpan(common), ref result);
        }
    }

    private void Sweep(SweepMode mode, UpdateGroup group, ReadOnlySpan<Segment> parts, ref SweepResult result)
    {
        (Optimizer optimizer, NativeBuffer<T> state, double scale, long step) = _update;
        optimizer.Sweep(mode, new OptimizerRange<T>(parameters.Span, gradient.Span[..parameters.Length], state.Span), parts, group, scale, step, ref result);
    }

    private void RunParts(Action<int> part) => _parallel.Run(_count, part, takeBack: true);

    private void Divide(ReadOnlySpan<Segment> touched, int parts)
    {
        _count = parts;
        while (_parts.Count < _count)
        {
            _parts.Add([]);
            _ofGroup.Add([]);
        }

        if (_gradients.Length < _count)
            (_gradients, _results) = (new double[_count], new SweepResult[_count]);

        Segment.Split(touched, CollectionsMarshal.AsSpan(_parts)[.._count]);
    }

    private Parameter WithNonFiniteGradient() => targets.First(target => !double.IsFinite(Magnitude.Largest<T>(gradient.SpanOf(target))));
}
