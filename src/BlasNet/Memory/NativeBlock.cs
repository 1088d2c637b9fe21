using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace BlasNet.Memory;

/// <summary>Owns a block of native memory: frees it when it is disposed, or when the collector finds that nothing refers to it any more.</summary>
/// <remarks>Once all blocks together are large, reports its size to the collector, which would otherwise see a few bytes and let gigabytes
/// wait. Before that little can wait, and the collector answers every few megabytes that it is told of with a full collection.</remarks>
internal sealed unsafe class NativeBlock : SafeHandleZeroOrMinusOneIsInvalid
{
    private const long LargeBytes = 64 << 20;

    private static long _allocatedBytes;
    private readonly long _bytes, _reportedBytes;

    /// <param name="bytes">Above 0.</param>
    /// <param name="alignment">A power of 2.</param>
    /// <exception cref="OutOfMemoryException">There is not so much.</exception>
    public NativeBlock(long bytes, int alignment)
        : base(ownsHandle: true)
    {
        SetHandle((nint)NativeMemory.AlignedAlloc((nuint)bytes, (nuint)alignment));
        _bytes = bytes;
        if (Interlocked.Add(ref _allocatedBytes, bytes) > LargeBytes)
            GC.AddMemoryPressure(_reportedBytes = bytes);
    }

    /// <summary>Bytes of all blocks of the process.</summary>
    public static long AllocatedBytes => Interlocked.Read(ref _allocatedBytes);

    /// <summary>The first byte; valid as long as this object is referred to.</summary>
    public void* Pointer => (void*)handle;

    protected override bool ReleaseHandle()
    {
        NativeMemory.AlignedFree((void*)handle);
        Interlocked.Add(ref _allocatedBytes, -_bytes);
        if (_reportedBytes > 0)
            GC.RemoveMemoryPressure(_reportedBytes);

        return true;
    }
}
