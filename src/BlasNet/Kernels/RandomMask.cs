using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace BlasNet.Kernels;

/// <summary>Random masks computed from a key and an element's number, so that nothing is stored and no order of computation matters.</summary>
internal static class RandomMask
{
    private const int ChunkLength = 256;

    /// <summary>y[i] ← 0 with probability <paramref name="rate"/>, else x[i] / (1 − rate); y may be x.</summary>
    /// <param name="x">n elements.</param>
    /// <param name="y">n elements.</param>
    /// <param name="low">First half of the key.</param>
    /// <param name="high">Second half of the key.</param>
    /// <param name="rate">0 ≤ rate &lt; 1, to a multiple of 2⁻³².</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Drop<T>(ReadOnlySpan<T> x, Span<T> y, uint low, uint high, double rate) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        uint threshold = (uint)Math.Min(uint.MaxValue, rate * 4294967296.0);
        T factor = T.CreateTruncating(1 / (1 - rate));
        Span<uint> bits = stackalloc uint[ChunkLength];
        Span<T> mask = stackalloc T[ChunkLength];
        for (int start = 0; start < x.Length; start += ChunkLength)
        {
            int length = Math.Min(ChunkLength, x.Length - start);
            Fill(bits, (uint)start, low, high);
            for (int i = 0; i < length; i++)
                mask[i] = bits[i] < threshold ? T.Zero : factor;

            TensorPrimitives.Multiply(x.Slice(start, length), mask[..length], y.Slice(start, length));
        }
    }

    /// <summary>bits[i] ← hash(hash(first + i, low), high), for a multiple of the vector length.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Fill(Span<uint> bits, uint first, uint low, uint high)
    {
        Span<Vector<uint>> vectors = MemoryMarshal.Cast<uint, Vector<uint>>(bits);
        Vector<uint> element = Vector<uint>.Indices + new Vector<uint>(first);
        foreach (ref Vector<uint> vector in vectors)
        {
            vector = Mix(Mix(element ^ new Vector<uint>(low)) + new Vector<uint>(high));
            element += new Vector<uint>((uint)Vector<uint>.Count);
        }
    }

    /// <summary>A bijection of 32 bits in which every input bit flips every output bit with probability near ½.</summary>
    /// <remarks>Source: "lowbias32" of Chris Wellons' search for hash functions, "Prospecting for Hash Functions", 2018.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<uint> Mix(Vector<uint> x)
    {
        x ^= x >>> 16;
        x *= 0x7FEB352D;
        x ^= x >>> 15;
        x *= 0x846CA68B;
        return x ^ (x >>> 16);
    }
}
