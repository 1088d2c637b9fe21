using System.Numerics;
using BlasNet.Graphs;
using BlasNet.Kernels;
using BlasNet.Memory;

namespace BlasNet.Execution;

/// <summary>The values of a model's parameters: one flat buffer, and the packed forms that the kernels keep between updates.</summary>
internal sealed unsafe class ParameterStore<T> : IDisposable where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly NativeBuffer<T> _values = new();
    private readonly List<PackedWeights<T>> _packed = [];
    private int _holds;

    /// <summary>Changes with every change of values.</summary>
    public long Version { get; private set; }

    /// <summary>Elements in use.</summary>
    public int Length { get; private set; }

    public T* Values => _values.Pointer;

    public Span<T> Span => new(_values.Pointer, Length);

    public Span<T> SpanOf(Parameter parameter) => new(_values.Pointer + parameter.Offset, parameter.Shape.Size);

    /// <summary>Bytes of all packed forms.</summary>
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

    /// <summary>Makes room for one more parameter after the others, on a multiple of 16 elements; what is between them stays 0.</summary>
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

    /// <summary>A parameter's length with the zeros between it and the next one.</summary>
    public static int Padded(int length) => (length + 15) / 16 * 16;

    /// <summary>To be called after every change of values: packed forms are stale from here on.</summary>
    public void Changed()
    {
        Version++;
        foreach (PackedWeights<T> packed in _packed)
            packed.Version = Version;
    }

    /// <summary>While several threads compute at once, which kernels they choose must not depend on which of them came first.</summary>
    public void HoldForecasts(bool hold)
    {
        lock (_packed)
        {
            _holds += hold ? 1 : -1;
            if (_holds != (hold ? 1 : 0))
                return;   // others hold them, too

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
