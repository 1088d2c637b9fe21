using BlasNet.Memory;

namespace BlasNet.Kernels;

/// <summary>A thread's own buffer for what a kernel computes on the way; valid until the thread's next kernel.</summary>
internal static unsafe class Scratch<T> where T : unmanaged
{
    [ThreadStatic]
    private static NativeBuffer<T>? _buffer;

    public static T* Get(int length) => (_buffer ??= new NativeBuffer<T>()).EnsureCapacity(length);
}
