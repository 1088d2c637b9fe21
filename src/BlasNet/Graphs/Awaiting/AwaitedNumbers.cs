using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace BlasNet.Graphs.Awaiting;

/// <summary>The numbers for which examples have waited, one value after another, in the precision in which they were computed.</summary>
internal sealed class AwaitedNumbers(Precision precision)
{
    private int _count;

    /// <summary>All numbers of single precision; null for double.</summary>
    public float[]? Single { get; private set; } = precision == Precision.Single ? new float[256] : null;

    /// <summary>All numbers of double precision; null for single.</summary>
    public double[]? Double { get; private set; } = precision == Precision.Double ? new double[256] : null;

    /// <summary>Tells the numbers before a <see cref="Clear"/> from those after it.</summary>
    public int Generation { get; private set; }

    /// <summary>Forgets all numbers; keeps the memory.</summary>
    public void Clear() => (_count, Generation) = (0, Generation + 1);

    /// <summary>Adds a value.</summary>
    /// <returns>Where it begins.</returns>
    public int Add<T>(ReadOnlySpan<T> values) where T : unmanaged
    {
        int start = _count, end = checked(start + values.Length);
        if (precision == Precision.Single)
            values.CopyTo(MemoryMarshal.Cast<float, T>(RoomFor(Single = Grown(Single!, end), start, end)));
        else
            values.CopyTo(MemoryMarshal.Cast<double, T>(RoomFor(Double = Grown(Double!, end), start, end)));

        _count = end;
        return start;
    }

    /// <summary>One number.</summary>
    public double At(int place) => Single is { } single ? single[place] : Double![place];

    /// <summary>Numbers as they are.</summary>
    /// <exception cref="InvalidOperationException">They are of the other precision.</exception>
    public ReadOnlySpan<T> SpanOf<T>(int start, int length) where T : unmanaged => Single is T[] single ? single.AsSpan(start, length)
        : Double is T[] numbers ? numbers.AsSpan(start, length)
        : throw new InvalidOperationException($"The value was computed in {precision} precision; it has no elements of type {typeof(T).Name}.");

    /// <summary>Copies numbers, converted.</summary>
    public void CopyTo<T>(int start, Span<T> values) where T : INumberBase<T>
    {
        if (Single is { } single)
            TensorPrimitives.ConvertTruncating<float, T>(single.AsSpan(start, values.Length), values);
        else
            TensorPrimitives.ConvertTruncating<double, T>(Double.AsSpan(start, values.Length), values);
    }

    private static T[] Grown<T>(T[] values, int length)
    {
        if (values.Length < length)
            Array.Resize(ref values, Math.Max(length, 2 * values.Length));

        return values;
    }

    private static Span<T> RoomFor<T>(T[] values, int start, int end) => values.AsSpan(start..end);
}
