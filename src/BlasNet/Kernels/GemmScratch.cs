using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using BlasNet.Memory;

namespace BlasNet.Kernels;

/// <summary>Memory that one thread's products reuse: panels packed for one product, and a tile for columns that do not fill a panel.</summary>
internal sealed unsafe class GemmScratch
{
    [ThreadStatic]
    private static GemmScratch? _current;

    private void* _memory;
    private long _bytes;

    // Reached only when its thread has ended: until then the thread's own slot keeps it, so no kernel can still be using it.
    ~GemmScratch() => NativeMemory.AlignedFree(_memory);

    /// <summary>At least <paramref name="length"/> elements for the calling thread, aligned, valid until it asks again.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static T* Rent<T>(long length)
        where T : unmanaged => (T*)(_current ??= new GemmScratch()).EnsureBytes(length * sizeof(T));

    /// <summary>What the calling thread has.</summary>
    public static long Bytes => _current?._bytes ?? 0;

    private void* EnsureBytes(long bytes)
    {
        if (bytes > _bytes)
        {
            NativeMemory.AlignedFree(_memory);
            _memory = null;
            _bytes = 0;
            _memory = NativeMemory.AlignedAlloc((nuint)bytes, NativeBuffer<byte>.Alignment);
            _bytes = bytes;
        }

        return _memory;
    }
}
