using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using BlasNet.Kernels;

namespace BlasNet.Diagnostics;

/// <summary>What this process may use of the processor.</summary>
public static class Processor
{
    /// <summary>Its name, as it says itself.</summary>
    public static string Name => GemmRateCache.ProcessorName();

    /// <summary>The widest vectors that the managed kernels use, in bits.</summary>
    public static int VectorBits =>
        Vector512.IsHardwareAccelerated ? 512 : Vector256.IsHardwareAccelerated ? 256 : Vector128.IsHardwareAccelerated ? 128 : 0;

    /// <summary>Instruction sets that matter for products, those in use.</summary>
    public static IReadOnlyList<string> Features =>
        [.. new (string Name, bool IsSupported)[]
        {
            ("Vector512", Vector512.IsHardwareAccelerated), ("Vector256", Vector256.IsHardwareAccelerated), ("Vector128", Vector128.IsHardwareAccelerated),
            ("AVX-512F", Avx512F.IsSupported), ("AVX-512BW", Avx512BW.IsSupported), ("AVX-512DQ", Avx512DQ.IsSupported),
            ("AVX2", Avx2.IsSupported), ("AVX", Avx.IsSupported), ("FMA", Fma.IsSupported), ("SSE4.2", Sse42.IsSupported), ("AdvSimd", AdvSimd.IsSupported),
        }.Where(feature => feature.IsSupported).Select(feature => feature.Name)];

    /// <summary>The width of the vectors that OpenBLAS's float32 kernels for a processor family use, in bits.</summary>
    /// <remarks>Source: kernel/x86_64/KERNEL.* of OpenBLAS 0.3; what is not named there runs SSE or NEON kernels.</remarks>
    public static int VectorBitsOf(string core) => core.ToUpperInvariant() switch
    {
        "SKYLAKEX" or "COOPERLAKE" or "SAPPHIRERAPIDS" => 512,
        "HASWELL" or "ZEN" or "EXCAVATOR" or "STEAMROLLER" or "PILEDRIVER" or "BULLDOZER" or "SANDYBRIDGE" => 256,
        _ => 128,
    };
}
