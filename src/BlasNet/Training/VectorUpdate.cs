using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using BlasNet.Kernels;
using BlasNet.Memory;

namespace BlasNet.Training;

/// <summary>A formula of vectors, in one sweep over a range.</summary>
internal readonly struct VectorUpdate<T, TRule>(TRule rule) : ISweepUpdate<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TRule : struct, IUpdateRule<T>
{
    private const int MostPrefetched = 1024;   // bytes of each buffer; in longer parts the processor goes ahead by itself

    // The denominators of a rule only shrink towards 0, which is a corner, too.
    public Magnitudes? Bound(Magnitudes before, double gradient)
    {
        if (!TRule.IsBoundedByCorners)
            return null;

        Magnitudes largest = default;
        for (int corner = 0; corner < 16; corner++)
        {
            Vector<T> first = At(corner, 1, before.First), second = At(corner, 2, before.Second);
            Vector<T> p = UpdateRule.Broadcast<T>((corner & 8) == 0 ? before.Parameters : -before.Parameters);
            p = rule.Update(p, At(corner, 4, gradient), ref first, ref second);
            largest = Magnitudes.Max(largest, new(LargestOf(p), LargestOf(first), LargestOf(second)));
        }

        return largest;

        static double LargestOf(Vector<T> values) => Magnitude.Largest(Vector.Abs(values));
        static Vector<T> At(int corner, int bit, double value) => (corner & bit) == 0 ? Vector<T>.Zero : UpdateRule.Broadcast<T>(value);
    }

    public Magnitudes Run(OptimizerRange<T> range, ReadOnlySpan<Segment> parts)
    {
        nuint width = (nuint)Vector<T>.Count;
        ref T p = ref MemoryMarshal.GetReference(range.Parameters);
        ref T g = ref MemoryMarshal.GetReference(range.Gradient);
        ref T s = ref MemoryMarshal.GetReference(TRule.StateBuffers > 0 ? range.State(0) : default);
        ref T r = ref MemoryMarshal.GetReference(TRule.StateBuffers > 1 ? range.State(1) : default);
        Maxima maxima = default;
        Magnitudes ofRests = default;
        for (int part = 0; part < parts.Length; part++)
        {
            if (part + 1 < parts.Length)
                Prefetch(ref p, ref g, ref s, ref r, parts[part + 1]);

            nuint start = (nuint)parts[part].Start, end = (nuint)parts[part].End, full = (end - start) / width * width;
            RunFull(ref p, ref g, ref s, ref r, start, start + full, rule, ref maxima);
            if (start + full < end)
                ofRests = Magnitudes.Max(ofRests, RunPadded(range.Slice((int)(start + full), (int)(end - start - full))));
        }

        return Magnitudes.Max(ofRests, maxima.ToMagnitudes());
    }

    // Whole vectors. A method of its own, so that the maxima stay in registers: calls would have them stored in each turn.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void RunFull(ref T p, ref T g, ref T s, ref T r, nuint i, nuint end, TRule rule, ref Maxima maxima)
    {
        (Vector<T> largest, Vector<T> largestFirst, Vector<T> largestSecond) = (maxima.Parameters, maxima.First, maxima.Second);
        for (; i < end; i += (nuint)Vector<T>.Count)
        {
            Vector<T> first = TRule.StateBuffers > 0 ? Vector.LoadUnsafe(ref s, i) : default;
            Vector<T> second = TRule.StateBuffers > 1 ? Vector.LoadUnsafe(ref r, i) : default;

            Vector<T> updated = rule.Update(Vector.LoadUnsafe(ref p, i), Vector.LoadUnsafe(ref g, i), ref first, ref second);
            updated.StoreUnsafe(ref p, i);
            largest = Vector.MaxNative(largest, Vector.Abs(updated));

            if (TRule.StateBuffers > 0)
            {
                first.StoreUnsafe(ref s, i);
                largestFirst = Vector.MaxNative(largestFirst, Vector.Abs(first));
            }

            if (TRule.StateBuffers > 1)
            {
                second.StoreUnsafe(ref r, i);
                largestSecond = Vector.MaxNative(largestSecond, Vector.Abs(second));
            }
        }

        maxima = new Maxima(largest, largestFirst, largestSecond);
    }

    // The rows of a table that a step has touched lie here and there, so that the processor does not guess where the next one is.
    private static unsafe void Prefetch(ref T p, ref T g, ref T s, ref T r, Segment part)
    {
        int bytes = Math.Min(MostPrefetched, part.Length * sizeof(T));
        Prefetch(ref p, part.Start, bytes);
        Prefetch(ref g, part.Start, bytes);
        if (TRule.StateBuffers > 0)
            Prefetch(ref s, part.Start, bytes);

        if (TRule.StateBuffers > 1)
            Prefetch(ref r, part.Start, bytes);
    }

    private static unsafe void Prefetch(ref T values, int start, int bytes)
    {
        var first = (byte*)Unsafe.AsPointer(ref Unsafe.Add(ref values, start));   // a hint: it may have moved meanwhile
        for (int i = 0; i < bytes; i += CacheLine.Bytes)
            CacheLine.Prefetch(first + i);
    }

    // The rest that does not fill a vector: the same formula over a copy that does. Hence the same bits, wherever a range begins.
    private Magnitudes RunPadded(OptimizerRange<T> rest)
    {
        int width = Vector<T>.Count, length = rest.Parameters.Length;
        Span<T> copy = stackalloc T[(2 + TRule.StateBuffers) * width];
        copy.Clear();

        var padded = new OptimizerRange<T>(copy[..width], copy.Slice(width, width), copy[(2 * width)..]);
        rest.Parameters.CopyTo(padded.Parameters);
        rest.Gradient.CopyTo(copy[width..]);

        for (int buffer = 0; buffer < TRule.StateBuffers; buffer++)
            rest.State(buffer).CopyTo(padded.State(buffer));

        Magnitudes largest = Run(padded, [new Segment(0, width)]);

        padded.Parameters[..length].CopyTo(rest.Parameters);

        for (int buffer = 0; buffer < TRule.StateBuffers; buffer++)
            padded.State(buffer)[..length].CopyTo(rest.State(buffer));

        return largest;
    }

    // For each place of a vector the largest magnitude so far.
    private readonly struct Maxima(Vector<T> parameters, Vector<T> first, Vector<T> second)
    {
        public readonly Vector<T> Parameters = parameters, First = first, Second = second;

        public Magnitudes ToMagnitudes() => new(Magnitude.Largest(Parameters), Magnitude.Largest(First), Magnitude.Largest(Second));
    }
}

/// <summary>A formula after the decay of the weights and the scaling of the gradient.</summary>
internal readonly struct Scaled<T, TRule>(TRule rule, SweepFactors factors) : IUpdateRule<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TRule : struct, IUpdateRule<T>
{
    private readonly Vector<T> _scale = UpdateRule.Broadcast<T>(factors.Scale), _keep = UpdateRule.Broadcast<T>(factors.Keep);

    public static bool IsBoundedByCorners => TRule.IsBoundedByCorners;

    public static int StateBuffers => TRule.StateBuffers;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector<T> Update(Vector<T> p, Vector<T> g, ref Vector<T> first, ref Vector<T> second) =>
        rule.Update(_keep * p, _scale * g, ref first, ref second);
}

/// <summary>The same, and the gradient clipped.</summary>
internal readonly struct Clipped<T, TRule>(TRule rule, SweepFactors factors) : IUpdateRule<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TRule : struct, IUpdateRule<T>
{
    private readonly Vector<T> _scale = UpdateRule.Broadcast<T>(factors.Scale), _keep = UpdateRule.Broadcast<T>(factors.Keep);
    private readonly Vector<T> _clip = UpdateRule.Broadcast<T>(factors.Clip);

    public static bool IsBoundedByCorners => TRule.IsBoundedByCorners;

    public static int StateBuffers => TRule.StateBuffers;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector<T> Update(Vector<T> p, Vector<T> g, ref Vector<T> first, ref Vector<T> second) =>
        rule.Update(_keep * p, Vector.Max(-_clip, Vector.Min(_clip, _scale * g)), ref first, ref second);
}
