using System.Numerics;
using BlasNet.Graphs;
using BlasNet.Kernels;
using BlasNet.Memory;

namespace BlasNet.Execution;

/// <summary>The values of a model's parameters in one flat buffer, and the packed weights that the kernels keep between updates.</summary>
internal sealed unsafe class ParameterStore<T> : IDisposable where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly NativeBuffer<T> _values = new();
    private readonly List<PackedWeights<T>> _packed = [];
    private int _holds;

    /// <summary>Counts the changes of values.</summary>
    public long Version { get; private set; }

    /// <summary>Elements in use.</summary>
    public int Length { get; private set; }

    public T* Values => _values.Pointer;

    public Span<T> Span => new(_values.Pointer, Length);

    public Span<T> SpanOf(Parameter parameter) => new(_values.Pointer + parameter.Offset, parameter.Shape.Size);

    /// <summary>Bytes of all packed weights.</summary>
    public long PackedBytes
    {
        get
        {
            long bytes = 0;
            foreach (PackedWeights<T> packed in _packed)
                bytes += packed.Bytes;

            return bytes;
        }
    }

    public PackedWeights<T> PackedOf(int parameter) => _packed[parameter];

    /// <summary>Makes room for so many elements at once: a buffer that grows with its parameters is copied several times.</summary>
    public void Reserve(long length)
    {
        if (length > _values.Length)
            _values.Grow(length);
    }

    /// <summary>Makes room for another parameter. Each begins at a multiple of 16 elements; the padding between them is 0.</summary>
    /// <returns>Its first element.</returns>
    public int Append(int length)
    {
        int offset = Length;
        int end = checked(offset + Padded(length));
        if (end > _values.Length)
            _values.Grow(Math.Max(end, offset + offset / 4L));

        Length = end;
        Span[offset..].Clear();
        _packed.Add(new PackedWeights<T>());
        Changed();
        return offset;
    }

    /// <summary>Takes back the last <see cref="Append"/>, which gave this offset.</summary>
    public void TakeBack(int offset)
    {
        Length = offset;
        _packed[^1].Dispose();
        _packed.RemoveAt(_packed.Count - 1);
    }

    /// <summary>A parameter's length with the padding after it.</summary>
    public static int Padded(int length) => (length + 15) / 16 * 16;

    /// <summary>Call this after every change of values: it makes the packed weights stale.</summary>
    public void Changed()
    {
        Version++;
        foreach (PackedWeights<T> packed in _packed)
            packed.Version = Version;
    }

    /// <summary>Holds the choice of kernels while several threads compute, so that it does not depend on which of them is first.</summary>
    public void HoldForecasts(bool hold)
    {
        lock (_packed)
        {
            _holds += hold ? 1 : -1;
            if (_holds != (hold ? 1 : 0))
                return;   // others still hold them

            foreach (PackedWeights<T> packed in _packed)
                packed.HoldForecast(hold);
        }
    }

    public void Dispose()
    {
        foreach (PackedWeights<T> packed in _packed)
            packed.Dispose();

        _values.Dispose();
        Length = 0;
    }
}
