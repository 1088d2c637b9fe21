using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using BlasNet.Memory;

namespace BlasNet.Training;

/// <summary>An optimizer's formula for as many neighbouring parameters as a vector holds.</summary>
internal interface IUpdateRule<T>
    where T : unmanaged
{
    /// <summary>How many of the two state vectors the formula uses; the first ones.</summary>
    static abstract int StateBuffers { get; }

    /// <returns>The new parameters.</returns>
    Vector<T> Update(Vector<T> parameters, Vector<T> gradient, ref Vector<T> first, ref Vector<T> second);
}

/// <summary>Applies a formula to parts of a range, in one pass over its buffers.</summary>
internal static class OptimizerSweep
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<T, TRule>(OptimizerRange<T> range, ReadOnlySpan<Segment> parts, TRule rule)
        where T : unmanaged
        where TRule : struct, IUpdateRule<T>
    {
        foreach (Segment part in parts)
            Run(range.Slice(part.Start, part.Length), rule);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Run<T, TRule>(OptimizerRange<T> range, TRule rule)
        where T : unmanaged
        where TRule : struct, IUpdateRule<T>
    {
        nuint i = 0, length = (nuint)range.Parameters.Length, width = (nuint)Vector<T>.Count;
        ref T p = ref MemoryMarshal.GetReference(range.Parameters);
        ref T g = ref MemoryMarshal.GetReference(range.Gradient);
        ref T s = ref MemoryMarshal.GetReference(TRule.StateBuffers > 0 ? range.State(0) : default);
        ref T r = ref MemoryMarshal.GetReference(TRule.StateBuffers > 1 ? range.State(1) : default);

        for (; i + width <= length; i += width)
        {
            Vector<T> first = TRule.StateBuffers > 0 ? Vector.LoadUnsafe(ref s, i) : default;
            Vector<T> second = TRule.StateBuffers > 1 ? Vector.LoadUnsafe(ref r, i) : default;

            rule.Update(Vector.LoadUnsafe(ref p, i), Vector.LoadUnsafe(ref g, i), ref first, ref second).StoreUnsafe(ref p, i);

            if (TRule.StateBuffers > 0)
                first.StoreUnsafe(ref s, i);

            if (TRule.StateBuffers > 1)
                second.StoreUnsafe(ref r, i);
        }

        if (i < length)
            RunPadded(range.Slice((int)i, (int)(length - i)), rule);
    }

    /// <summary>The rest that does not fill a vector: the same formula over a copy that does.</summary>
    /// <remarks>Hence the same bits, wherever a range begins.</remarks>
    private static void RunPadded<T, TRule>(OptimizerRange<T> rest, TRule rule)
        where T : unmanaged
        where TRule : struct, IUpdateRule<T>
    {
        int width = Vector<T>.Count, length = rest.Parameters.Length;
        Span<T> copy = stackalloc T[(2 + TRule.StateBuffers) * width];
        copy.Clear();

        var padded = new OptimizerRange<T>(copy[..width], copy.Slice(width, width), copy[(2 * width)..]);
        rest.Parameters.CopyTo(padded.Parameters);
        rest.Gradient.CopyTo(copy[width..]);

        for (int buffer = 0; buffer < TRule.StateBuffers; buffer++)
            rest.State(buffer).CopyTo(padded.State(buffer));

        Run(padded, rule);

        padded.Parameters[..length].CopyTo(rest.Parameters);

        for (int buffer = 0; buffer < TRule.StateBuffers; buffer++)
            padded.State(buffer)[..length].CopyTo(rest.State(buffer));
    }

    /// <summary>Sets numbers below the smallest normal one to 0. A decaying average whose gradient stays 0 would end as a subnormal number,
    /// which never gets smaller (0.9 of the smallest one rounds to itself) and which a processor multiplies 60 times slower (measured).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<T> FlushSubnormal<T>(Vector<T> values)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        values & Vector.GreaterThanOrEqual(Vector.Abs(values), Vector.Create(SmallestNormal<T>.Value));

    private static class SmallestNormal<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public static readonly T Value = T.ScaleB(T.One, typeof(T) == typeof(float) ? -126 : -1022);
    }
}
