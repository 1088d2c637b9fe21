using System.Numerics;
using BlasNet.Graphs;
using BlasNet.Kernels;
using BlasNet.Memory;

namespace BlasNet.Execution;

/// <summary>The values of a model's parameters in one flat buffer, and the packed weights that the kernels keep between updates.</summary>
/// <remarks>Parameters that were read from a file may stay there as long as plans are the only ones to read them. Whoever asks for the buffer, to change or
/// to save it, has them copied into it.</remarks>
internal sealed unsafe class ParameterStore<T> : IDisposable where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly NativeBuffer<T> _values = new();
    private readonly List<PackedWeights<T>> _packed = [];
    private int _holds;
    private MappedFile? _file;
    private Dictionary<int, InFile>? _inFile;   // by offset; null when all are in the buffer

    /// <summary>Counts the changes of values.</summary>
    public long Version { get; private set; }

    /// <summary>Elements in use.</summary>
    public int Length { get; private set; }

    public Span<T> Span => new(Gathered(), Length);

    public Span<T> SpanOf(Parameter parameter) => new(Gathered() + parameter.Offset, parameter.Shape.Size);

    /// <summary>To be read, wherever they lie.</summary>
    public ReadOnlySpan<T> ValuesOf(Parameter parameter) => new(AddressOf(parameter.Offset), parameter.Shape.Size);

    /// <summary>Where a parameter's values lie, to be read: in the buffer or in a file.</summary>
    public T* AddressOf(int offset) =>
        Volatile.Read(ref _inFile) is { } inFile && inFile.TryGetValue(offset, out InFile place) ? place.Values : _values.Pointer + offset;

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
    /// <param name="length">Number of its elements.</param>
    /// <param name="clear">Makes them 0; else nothing touches their memory before it is written.</param>
    /// <returns>Its first element.</returns>
    public int Append(int length, bool clear = true)
    {
        int offset = Length;
        int end = checked(offset + Padded(length));
        if (end > _values.Length)
            _values.Grow(Math.Max(end, offset + offset / 4L));

        Length = end;
        new Span<T>(_values.Pointer, end)[(clear ? offset : offset + length)..].Clear();
        _packed.Add(new PackedWeights<T>());
        Changed();
        return offset;
    }

    /// <summary>Leaves parameters where a file has them, while nothing is computed.</summary>
    /// <param name="file">Is disposed with the store.</param>
    /// <param name="places">Of parameters, by their offset.</param>
    public void LeaveIn(MappedFile file, Dictionary<int, InFile> places)
    {
        Gathered();
        _file?.Dispose();
        (_file, _inFile) = (file, places);
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
        _file?.Dispose();
        Length = 0;
    }

    // Runs under way read on in the file, which has the same values until an update, and that waits for them.
    private T* Gathered()
    {
        if (Volatile.Read(ref _inFile) is null)
            return _values.Pointer;

        lock (_packed)
        {
            foreach ((int offset, InFile place) in _inFile ?? [])
                new Span<T>(place.Values, place.Length).CopyTo(new Span<T>(_values.Pointer + offset, place.Length));

            Volatile.Write(ref _inFile, null);
        }

        return _values.Pointer;
    }

    /// <summary>A parameter's values in a mapped file.</summary>
    /// <param name="values">The first one; aligned to bytes only.</param>
    /// <param name="length">How many.</param>
    internal readonly struct InFile(T* values, int length)
    {
        public T* Values => values;

        public int Length => length;
    }
}
