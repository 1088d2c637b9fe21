using System.Runtime.InteropServices;

namespace BlasNet.Tests.Kernels;

/// <summary>Memory that ends where a page begins that nobody may touch: reading or writing one element too many ends the process.</summary>
/// <remarks>On other systems than Linux there are numbers behind it instead, which must stay as they are.</remarks>
internal sealed unsafe class GuardedMemory<T> : IDisposable
    where T : unmanaged
{
    private const byte Canary = 0xA5;

    private readonly nint _bytes, _guard = Environment.SystemPageSize;
    private readonly byte* _memory;
    private readonly int _length;

    public GuardedMemory(int length)
    {
        _length = length;
        nint used = (nint)length * sizeof(T);
        _bytes = (used + _guard - 1) / _guard * _guard + _guard;
        _memory = OperatingSystem.IsLinux()
            ? (byte*)Pages.mmap(0, _bytes, Pages.ReadWrite, Pages.PrivateAnonymous, -1, 0)
            : (byte*)NativeMemory.Alloc((nuint)_bytes);
        new Span<byte>(_memory, (int)_bytes).Fill(Canary);
        Pointer = (T*)(_memory + _bytes - _guard - used);
        if (OperatingSystem.IsLinux())
            Assert.Equal(0, Pages.mprotect((nint)(_memory + _bytes - _guard), _guard, Pages.None));
    }

    public T* Pointer { get; }

    public Span<T> Span => new(Pointer, _length);

    /// <summary>Fails where something before the memory, or behind it, has been written.</summary>
    public void AssertUntouchedAround()
    {
        Assert.Equal(-1, new Span<byte>(_memory, (int)((byte*)Pointer - _memory)).IndexOfAnyExcept(Canary));
        if (!OperatingSystem.IsLinux())
            Assert.Equal(-1, new Span<byte>(_memory + _bytes - _guard, (int)_guard).IndexOfAnyExcept(Canary));
    }

    public void Dispose()
    {
        if (OperatingSystem.IsLinux())
            Assert.Equal(0, Pages.munmap((nint)_memory, _bytes));
        else
            NativeMemory.Free(_memory);
    }
}

/// <summary>Pages of the system and who may touch them.</summary>
internal static partial class Pages
{
    public const int ReadWrite = 3, None = 0, PrivateAnonymous = 0x22;

    [LibraryImport("libc")]
    public static partial nint mmap(nint address, nint length, int protection, int flags, int descriptor, nint offset);

    [LibraryImport("libc")]
    public static partial int mprotect(nint address, nint length, int protection);

    [LibraryImport("libc")]
    public static partial int munmap(nint address, nint length);
}
