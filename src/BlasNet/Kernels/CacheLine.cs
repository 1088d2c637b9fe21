using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace BlasNet.Kernels;

internal static unsafe class CacheLine
{
    public const int Bytes = 64;

    /// <summary>Asks for the line at an address, which need not be valid memory; does nothing on processors whose hint .NET cannot express.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prefetch(void* address)
    {
        if (Sse.IsSupported)
            Sse.Prefetch0(address);
    }
}
