using System.Numerics;
using BlasNet.Kernels;

namespace BlasNet.Tests.Kernels;

/// <summary>The kernels by the width of their vectors in bits.</summary>
internal static unsafe class Widths
{
    /// <summary>Those that this processor has.</summary>
    public static IEnumerable<int> Supported => new[] { 128, 256, 512 }.Where(bits => bits switch
    {
        512 => Simd512<float>.IsSupported,
        256 => Simd256<float>.IsSupported,
        _ => true,
    });

    public static GemmPacked<T> Packed<T>(int bits) where T : unmanaged => bits switch
    {
        512 => new GemmPacked<Simd512<T>, Simd256<T>, T>(),
        256 => new GemmPacked<Simd256<T>, Simd128<T>, T>(),
        _ => new GemmPacked<Simd128<T>, Simd128<T>, T>(),
    };

    public static Columns<T> Columns<T>(int bits) where T : unmanaged, IBinaryFloatingPointIeee754<T> => bits switch
    {
        512 => new Columns<Simd512<T>, T>(),
        256 => new Columns<Simd256<T>, T>(),
        _ => new Columns<Simd128<T>, T>(),
    };

    /// <summary>y ← f(x) over rows that follow each other.</summary>
    public static void Map<T, F>(int bits, T* x, T* y, int length, int rows) where T : unmanaged where F : struct, IMap
    {
        if (bits == 512)
            Elementwise.MapRows<Simd512<T>, T, F>(x, length, y, length, length, rows);
        else if (bits == 256)
            Elementwise.MapRows<Simd256<T>, T, F>(x, length, y, length, length, rows);
        else
            Elementwise.MapRows<Simd128<T>, T, F>(x, length, y, length, length, rows);
    }

    /// <summary>y ← f(a, b) over rows that follow each other.</summary>
    public static void Zip<T, F>(int bits, T* a, T* b, T* y, int length, int rows) where T : unmanaged where F : struct, IZip
    {
        if (bits == 512)
            Elementwise.ZipRows<Simd512<T>, T, F, Elements, Elements>(a, length, b, length, y, length, length, rows);
        else if (bits == 256)
            Elementwise.ZipRows<Simd256<T>, T, F, Elements, Elements>(a, length, b, length, y, length, length, rows);
        else
            Elementwise.ZipRows<Simd128<T>, T, F, Elements, Elements>(a, length, b, length, y, length, length, rows);
    }

    /// <summary>y ← condition ≠ 0 ? a : b over one row.</summary>
    public static void Select<T>(int bits, T* condition, T* a, T* b, T* y, int length) where T : unmanaged
    {
        SelectionRow<T> c = new(condition, false, 0), yes = new(a, false, 0), no = new(b, false, 0);
        if (bits == 512)
            Selection.RunRows<Simd512<T>, T>(c, yes, no, y, length, length, 1);
        else if (bits == 256)
            Selection.RunRows<Simd256<T>, T>(c, yes, no, y, length, length, 1);
        else
            Selection.RunRows<Simd128<T>, T>(c, yes, no, y, length, length, 1);
    }
}
