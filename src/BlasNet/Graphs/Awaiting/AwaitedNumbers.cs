using System.Numerics;
using System.Numerics.Tensors;

namespace BlasNet.Graphs.Awaiting;

/// <summary>Reads the numbers for which examples have waited where they were computed, until the memory is used for others.</summary>
/// <param name="precision">In which they were computed.</param>
/// <param name="memory">Holds them. It lives as long as somebody may read them.</param>
internal sealed unsafe class AwaitedNumbers(Precision precision, object memory)
{
    public Precision Precision => precision;

    /// <summary>Tells the numbers before a <see cref="Forget"/> from those after it.</summary>
    public int Generation { get; private set; }

    /// <summary>Says that the memory is used for others.</summary>
    public void Forget() => Generation++;

    /// <summary>One number of a value.</summary>
    public double At(nint address, int element)
    {
        double number = precision == Precision.Single ? ((float*)address)[element] : ((double*)address)[element];
        GC.KeepAlive(memory);
        return number;
    }

    /// <summary>Numbers as they are.</summary>
    /// <exception cref="InvalidOperationException">They are of the other precision.</exception>
    public ReadOnlySpan<T> SpanOf<T>(nint address, int length) where T : unmanaged => sizeof(T) == precision.ElementBytes()
        ? new ReadOnlySpan<T>((void*)address, length)
        : throw new InvalidOperationException($"The value was computed in {precision} precision; it has no elements of type {typeof(T).Name}.");

    /// <summary>Copies numbers, converted.</summary>
    public void CopyTo<T>(nint address, Span<T> values) where T : INumberBase<T>
    {
        if (precision == Precision.Single)
            TensorPrimitives.ConvertTruncating<float, T>(SpanOf<float>(address, values.Length), values);
        else
            TensorPrimitives.ConvertTruncating<double, T>(SpanOf<double>(address, values.Length), values);

        GC.KeepAlive(memory);
    }
}
