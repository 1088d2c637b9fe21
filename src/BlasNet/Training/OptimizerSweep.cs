using System.Numerics;
using System.Numerics.Tensors;
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

    /// <param name="parameters">After the decay of the weights.</param>
    /// <param name="gradient">The mean over the examples, clipped.</param>
    /// <param name="first">The first state vector, to be updated.</param>
    /// <param name="second">The second state vector, to be updated.</param>
    /// <returns>The new parameters.</returns>
    Vector<T> Update(Vector<T> parameters, Vector<T> gradient, ref Vector<T> first, ref Vector<T> second);
}

/// <summary>What is the same for all elements and for all formulas.</summary>
/// <param name="Scale">What to multiply the gradient with.</param>
/// <param name="Clip">The bound of an element of the scaled gradient; infinite for none.</param>
/// <param name="Keep">What to multiply the parameters with: 1, or less where weights decay.</param>
/// <param name="AverageWeight">What to multiply the parameters' change with before it is added to the last state buffer; null where no average is kept.</param>
internal readonly record struct SweepFactors(double Scale, double Clip, double Keep, double? AverageWeight);

/// <summary>Applies a formula to parts of the buffers, in one pass over them.</summary>
internal readonly ref struct OptimizerSweep<T>(OptimizerRange<T> range, ReadOnlySpan<Segment> parts, SweepFactors factors)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly OptimizerRange<T> _range = range;
    private readonly ReadOnlySpan<Segment> _parts = parts;

    public void Run<TRule>(TRule rule) where TRule : struct, IUpdateRule<T>
    {
        if (double.IsFinite(factors.Clip))
            RunParts(new Clipped<TRule>(rule, factors));
        else
            RunParts(new Plain<TRule>(rule, factors));
    }

    private void RunParts<TRule>(TRule rule) where TRule : struct, IUpdateRule<T>
    {
        foreach (Segment part in _parts)
        {
            OptimizerRange<T> range = _range.Slice(part.Start, part.Length);
            if (factors.AverageWeight is { } weight)
                RunAveraged(range, rule, T.CreateTruncating(weight));
            else
                Run(range, rule);
        }
    }

    // A chunk at a time, so that the parameters before the step need not be kept but for the chunk.
    private static void RunAveraged<TRule>(OptimizerRange<T> range, TRule rule, T weight) where TRule : struct, IUpdateRule<T>
    {
        const int ChunkLength = 512;
        Span<T> before = stackalloc T[ChunkLength];
        for (int start = 0; start < range.Parameters.Length; start += ChunkLength)
        {
            OptimizerRange<T> chunk = range.Slice(start, Math.Min(ChunkLength, range.Parameters.Length - start));
            before = before[..chunk.Parameters.Length];
            chunk.Parameters.CopyTo(before);
            Run(chunk, rule);
            TensorPrimitives.Subtract(chunk.Parameters, before, before);
            Span<T> sum = chunk.State(TRule.StateBuffers);
            TensorPrimitives.MultiplyAdd(before, weight, sum, sum);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Run<TRule>(OptimizerRange<T> range, TRule rule) where TRule : struct, IUpdateRule<T>
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

    // The rest that does not fill a vector: the same formula over a copy that does. Hence the same bits, wherever a range begins.
    private static void RunPadded<TRule>(OptimizerRange<T> rest, TRule rule) where TRule : struct, IUpdateRule<T>
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

    private readonly struct Plain<TRule>(TRule rule, SweepFactors factors) : IUpdateRule<T> where TRule : struct, IUpdateRule<T>
    {
        private readonly Vector<T> _scale = UpdateRule.Broadcast<T>(factors.Scale), _keep = UpdateRule.Broadcast<T>(factors.Keep);

        public static int StateBuffers => TRule.StateBuffers;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector<T> Update(Vector<T> p, Vector<T> g, ref Vector<T> first, ref Vector<T> second) => rule.Update(_keep * p, _scale * g, ref first, ref second);
    }

    private readonly struct Clipped<TRule>(TRule rule, SweepFactors factors) : IUpdateRule<T> where TRule : struct, IUpdateRule<T>
    {
        private readonly Vector<T> _scale = UpdateRule.Broadcast<T>(factors.Scale), _keep = UpdateRule.Broadcast<T>(factors.Keep);
        private readonly Vector<T> _clip = UpdateRule.Broadcast<T>(factors.Clip);

        public static int StateBuffers => TRule.StateBuffers;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector<T> Update(Vector<T> p, Vector<T> g, ref Vector<T> first, ref Vector<T> second) =>
            rule.Update(_keep * p, Vector.Max(-_clip, Vector.Min(_clip, _scale * g)), ref first, ref second);
    }
}

/// <summary>What formulas have in common.</summary>
internal static class UpdateRule
{
    public static Vector<T> Broadcast<T>(double value) where T : unmanaged, IBinaryFloatingPointIeee754<T> => Vector.Create(T.CreateTruncating(value));

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
