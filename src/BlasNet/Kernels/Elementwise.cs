using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace BlasNet.Kernels;

/// <summary>Element-wise loops that TensorPrimitives does not have.</summary>
internal static class Elementwise
{
    /// <summary>result ← gate &gt; 0 ? value : 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void WherePositive<T>(ReadOnlySpan<T> gate, ReadOnlySpan<T> value, Span<T> result) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int i = 0;
        if (Vector512.IsHardwareAccelerated)
        {
            for (; i <= gate.Length - Vector512<T>.Count; i += Vector512<T>.Count)
            {
                Vector512<T> mask = Vector512.GreaterThan(Vector512.Create(gate[i..]), Vector512<T>.Zero);
                (Vector512.Create(value[i..]) & mask).CopyTo(result[i..]);
            }
        }
        else
        {
            for (; i <= gate.Length - Vector<T>.Count; i += Vector<T>.Count)
            {
                Vector<T> mask = Vector.GreaterThan(new Vector<T>(gate[i..]), Vector<T>.Zero);
                (new Vector<T>(value[i..]) & mask).CopyTo(result[i..]);
            }
        }

        for (; i < gate.Length; i++)
            result[i] = gate[i] > T.Zero ? value[i] : T.Zero;
    }
}
