using System.Runtime.InteropServices;

namespace BlasNet.Memory;

/// <summary>A block of native memory, aligned to a cache line (64 bytes), that the collector does not move.</summary>
/// <remarks>
/// The memory is freed by <see cref="Dispose"/>, or by the collector once nothing refers to the buffer. A pointer or span does not refer to it:
/// whoever computes with one ends with <see cref="GC.KeepAlive"/> of the buffer or of an owner of it.
/// </remarks>
internal sealed unsafe class NativeBuffer<T> : IDisposable
    where T : unmanaged
{
    /// <summary>Bytes of a cache line and of the widest vector.</summary>
    public const int Alignment = 64;

    private const long LargeBytes = 1 << 26;

    private NativeBlock? _block;
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
        (NativeBlock? old, long oldBytes) = (_block, Bytes);
        Allocate(length);
        if (old is null)
            return;

        NativeMemory.Copy(old.Pointer, _data, (nuint)oldBytes);
        old.Dispose();
    }

    private void Allocate(long length)
    {
        long bytes = checked(length * sizeof(T));
        if (bytes >= LargeBytes)
            AvailableMemory.Require(bytes, $"A block of memory would have");

        _block = new NativeBlock(bytes, Alignment);
        _data = (T*)_block.Pointer;
        Length = length;
    }

    public void Clear()
    {
        NativeMemory.Clear(_data, (nuint)Bytes);
        GC.KeepAlive(this);
    }

    public void Dispose()
    {
        _block?.Dispose();
        _block = null;
        _data = null;
        Length = 0;
    }
}
