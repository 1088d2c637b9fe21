using System.Numerics.Tensors;

namespace BlasNet.Execution;

/// <summary>Where the time of a step goes, in ticks of the stopwatch, and what is counted beside it.</summary>
internal sealed class PhaseTimes
{
    private const int Phases = 8, Counts = 3;

    private readonly long[] _values = new long[Phases + Counts];

    public ref long Build => ref _values[0];

    public ref long Batch => ref _values[1];

    public ref long Differentiate => ref _values[2];

    public ref long Simplify => ref _values[3];

    public ref long Plan => ref _values[4];

    public ref long Execute => ref _values[5];

    public ref long Update => ref _values[6];

    /// <summary>Exchanging with other ranks, and waiting for them.</summary>
    public ref long Communicate => ref _values[7];

    /// <summary>How many minibatch graphs had a structure seen before, and found its plan.</summary>
    public ref long PlansFound => ref _values[Phases];

    /// <summary>Launches of kernels.</summary>
    public ref long Launches => ref _values[Phases + 1];

    /// <summary>Bytes that gathers have copied.</summary>
    public ref long CopiedBytes => ref _values[Phases + 2];

    public long Total => TensorPrimitives.Sum<long>(_values.AsSpan(0, Phases));

    /// <summary>What has been measured until now.</summary>
    public PhaseTimes Copy()
    {
        var copy = new PhaseTimes();
        copy.Take(this);
        return copy;
    }

    /// <summary>Becomes a copy of others.</summary>
    public void Take(PhaseTimes other) => other._values.CopyTo(_values, 0);

    /// <summary>Adds what was measured between two moments.</summary>
    public void Add(PhaseTimes later, PhaseTimes earlier)
    {
        for (int i = 0; i < _values.Length; i++)
            _values[i] += later._values[i] - earlier._values[i];
    }
}
