using System.Runtime.InteropServices;

namespace BlasNet.Memory;

/// <summary>A block of native memory, aligned to a cache line (64 bytes), that the collector neither moves nor counts.</summary>
/// <remarks>
/// It has no finalizer on purpose: pointers into it outlive the last managed reference that the just-in-time compiler can see, so
/// a finalizer could free memory that a kernel is still reading. The owner (a model, an arena) disposes it.
/// </remarks>
internal sealed unsafe class NativeBuffer<T> : IDisposable
    where T : unmanaged
{
    /// <summary>Bytes of a cache line and of the widest vector.</summary>
    public const int Alignment = 64;

    private const long LargeBytes = 1 << 26;

    private T* _data;

    /// <param name="length">Elements; the memory is not cleared.</param>
    public NativeBuffer(long length = 0) => EnsureCapacity(length);

    /// <summary>Number of elements allocated.</summary>
    public long Length { get; private set; }

    public long Bytes => Length * sizeof(T);

    /// <summary>The first element, on a multiple of <see cref="Alignment"/>; null while the buffer is empty.</summary>
    public T* Pointer => _data;

    public Span<T> Span => new(_data, checked((int)Length));

    /// <summary>Makes room for at least <paramref name="length"/> elements. A buffer that grows loses its content and moves.</summary>
    /// <returns>The first element.</returns>
    /// <exception cref="OutOfMemoryException">There is not so much.</exception>
    public T* EnsureCapacity(long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);

        if (length > Length)
        {
            Dispose();
            Allocate(length);
        }

        return _data;
    }

    /// <summary>Makes room for more elements and keeps those that there are; the others are not cleared.</summary>
    public void Grow(long length)
    {
        T* old = _data;
        long oldBytes = Bytes;
        Allocate(length);
        NativeMemory.Copy(old, _data, (nuint)oldBytes);
        NativeMemory.AlignedFree(old);
    }

    private void Allocate(long length)
    {
        long bytes = checked(length * sizeof(T));
        if (bytes >= LargeBytes)
            AvailableMemory.Require(bytes, $"A block of memory would have");

        _data = (T*)NativeMemory.AlignedAlloc((nuint)bytes, Alignment);
        Length = length;
    }

    public void Clear() => NativeMemory.Clear(_data, (nuint)Bytes);

    public void Dispose()
    {
        NativeMemory.AlignedFree(_data);
        _data = null;
        Length = 0;
    }
}
