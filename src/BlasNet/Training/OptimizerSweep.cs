using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using BlasNet.Kernels;
using BlasNet.Memory;

namespace BlasNet.Training;

/// <summary>What is the same for all elements and for all formulas.</summary>
/// <param name="Scale">What to multiply the gradient with.</param>
/// <param name="Clip">The bound of an element of the scaled gradient; infinite for none.</param>
/// <param name="Keep">What to multiply the parameters with: 1, or less where weights decay.</param>
/// <param name="AverageWeight">What to multiply the parameters' change with before it is added to the last state buffer; null where no average is kept.</param>
internal readonly record struct SweepFactors(double Scale, double Clip, double Keep, double? AverageWeight);

/// <summary>What is done with a formula.</summary>
internal enum SweepMode
{
    /// <summary>Updates the buffers.</summary>
    Apply,

    /// <summary>Computes the same and looks for what is not finite, but changes nothing.</summary>
    Rehearse,

    /// <summary>Only bounds what the formula can give, whatever the buffers hold within their own bounds.</summary>
    Bound,
}

/// <summary>What a sweep has found out.</summary>
internal struct SweepResult()
{
    /// <summary>Bounds of the buffers: of those before the update for <see cref="SweepMode.Bound"/>, else of those after it.</summary>
    public Magnitudes Largest;

    /// <summary>For <see cref="SweepMode.Bound"/>: max |g|.</summary>
    public double LargestGradient;

    /// <summary>From <see cref="SweepMode.Rehearse"/>: the first element whose parameter or state would not be finite; −1 if there is none.</summary>
    public int FirstNonFinite = -1;
}

/// <summary>Applies a formula to parts of the buffers, in one pass over them; or finds out beforehand what it would give.</summary>
internal readonly ref struct OptimizerSweep<T>(
    SweepMode mode, OptimizerRange<T> range, ReadOnlySpan<Segment> parts, SweepFactors factors, ref SweepResult result)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int ChunkLength = 512;

    private readonly OptimizerRange<T> _range = range;
    private readonly ReadOnlySpan<Segment> _parts = parts;
    private readonly ref SweepResult _result = ref result;

    public void Run<TRule>(TRule rule) where TRule : struct, IUpdateRule<T>
    {
        if (double.IsFinite(factors.Clip))
            RunMode(new Clipped<TRule>(rule, factors));
        else
            RunMode(new Plain<TRule>(rule, factors));
    }

    private void RunMode<TRule>(TRule rule) where TRule : struct, IUpdateRule<T>
    {
        if (mode == SweepMode.Bound)
            _result.Largest = Bound(rule, _result.Largest, _result.LargestGradient);
        else if (mode == SweepMode.Rehearse)
            Rehearse(rule);
        else
            Apply(rule);
    }

    private void Apply<TRule>(TRule rule) where TRule : struct, IUpdateRule<T>
    {
        foreach (Segment part in _parts)
            _result.Largest = Magnitudes.Max(_result.Largest, Apply(_range.Slice(part.Start, part.Length), rule));
    }

    private Magnitudes Apply<TRule>(OptimizerRange<T> range, TRule rule) where TRule : struct, IUpdateRule<T> =>
        factors.AverageWeight is { } weight ? RunAveraged(range, rule, T.CreateTruncating(weight)) : Run(range, rule);

    // Every number is at its largest, for any rule here, at a corner: parameters of either sign, and gradient and state 0 or as large as they may be.
    // The denominators of a rule only shrink towards 0, which is a corner, too.
    private Magnitudes Bound<TRule>(TRule rule, Magnitudes before, double gradient) where TRule : struct, IUpdateRule<T>
    {
        Magnitudes largest = default;
        for (int corner = 0; corner < 16; corner++)
        {
            Vector<T> first = At(corner, 1, before.First), second = At(corner, 2, before.Second);
            Vector<T> p = UpdateRule.Broadcast<T>((corner & 8) == 0 ? before.Parameters : -before.Parameters);
            p = rule.Update(p, At(corner, 4, gradient), ref first, ref second);
            largest = Magnitudes.Max(largest, new(LargestOf(p), LargestOf(first), LargestOf(second)));
        }

        return factors.AverageWeight is { } weight ? largest with { Average = before.Average + weight * (before.Parameters + largest.Parameters) } : largest;

        static double LargestOf(Vector<T> values) => Magnitude.Largest(Vector.Abs(values));
        static Vector<T> At(int corner, int bit, double value) => (corner & bit) == 0 ? Vector<T>.Zero : UpdateRule.Broadcast<T>(value);
    }

    // On a copy of each chunk. Ends at the first chunk that would not stay finite.
    private void Rehearse<TRule>(TRule rule) where TRule : struct, IUpdateRule<T>
    {
        int buffers = _range.StateBuffers;
        Span<T> copy = stackalloc T[ChunkLength * (1 + buffers)];
        foreach (Segment part in _parts)
        {
            for (int start = part.Start; start < part.End; start += ChunkLength)
            {
                OptimizerRange<T> chunk = _range.Slice(start, Math.Min(ChunkLength, part.End - start));
                int length = chunk.Parameters.Length;
                Span<T> numbers = copy[..(length * (1 + buffers))];
                chunk.Parameters.CopyTo(numbers);
                for (int buffer = 0; buffer < buffers; buffer++)
                    chunk.State(buffer).CopyTo(numbers[(length * (1 + buffer))..]);

                Apply(new OptimizerRange<T>(numbers[..length], chunk.Gradient, numbers[length..]), rule);
                if (TensorPrimitives.IsFiniteAll<T>(numbers))
                    continue;

                int first = 0;
                while (T.IsFinite(numbers[first]))
                    first++;

                _result.FirstNonFinite = start + first % length;
                return;
            }
        }
    }

    // A chunk at a time, so that the parameters before the step need not be kept but for the chunk.
    private static Magnitudes RunAveraged<TRule>(OptimizerRange<T> range, TRule rule, T weight) where TRule : struct, IUpdateRule<T>
    {
        Span<T> before = stackalloc T[ChunkLength];
        Magnitudes largest = default;
        for (int start = 0; start < range.Parameters.Length; start += ChunkLength)
        {
            OptimizerRange<T> chunk = range.Slice(start, Math.Min(ChunkLength, range.Parameters.Length - start));
            before = before[..chunk.Parameters.Length];
            chunk.Parameters.CopyTo(before);
            Magnitudes ofChunk = Run(chunk, rule);
            TensorPrimitives.Subtract(chunk.Parameters, before, before);
            Span<T> sum = chunk.State(TRule.StateBuffers);
            TensorPrimitives.MultiplyAdd(before, weight, sum, sum);
            largest = Magnitudes.Max(largest, ofChunk with { Average = Magnitude.Largest<T>(sum) });
        }

        return largest;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static Magnitudes Run<TRule>(OptimizerRange<T> range, TRule rule) where TRule : struct, IUpdateRule<T>
    {
        nuint i = 0, length = (nuint)range.Parameters.Length, width = (nuint)Vector<T>.Count;
        ref T p = ref MemoryMarshal.GetReference(range.Parameters);
        ref T g = ref MemoryMarshal.GetReference(range.Gradient);
        ref T s = ref MemoryMarshal.GetReference(TRule.StateBuffers > 0 ? range.State(0) : default);
        ref T r = ref MemoryMarshal.GetReference(TRule.StateBuffers > 1 ? range.State(1) : default);
        Vector<T> largest = default, largestFirst = default, largestSecond = default;

        for (; i + width <= length; i += width)
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

        var magnitudes = new Magnitudes(Magnitude.Largest(largest), Magnitude.Largest(largestFirst), Magnitude.Largest(largestSecond));
        return i < length ? Magnitudes.Max(magnitudes, RunPadded(range.Slice((int)i, (int)(length - i)), rule)) : magnitudes;
    }

    // The rest that does not fill a vector: the same formula over a copy that does. Hence the same bits, wherever a range begins.
    private static Magnitudes RunPadded<TRule>(OptimizerRange<T> rest, TRule rule) where TRule : struct, IUpdateRule<T>
    {
        int width = Vector<T>.Count, length = rest.Parameters.Length;
        Span<T> copy = stackalloc T[(2 + TRule.StateBuffers) * width];
        copy.Clear();

        var padded = new OptimizerRange<T>(copy[..width], copy.Slice(width, width), copy[(2 * width)..]);
        rest.Parameters.CopyTo(padded.Parameters);
        rest.Gradient.CopyTo(copy[width..]);

        for (int buffer = 0; buffer < TRule.StateBuffers; buffer++)
            rest.State(buffer).CopyTo(padded.State(buffer));

        Magnitudes largest = Run(padded, rule);

        padded.Parameters[..length].CopyTo(rest.Parameters);

        for (int buffer = 0; buffer < TRule.StateBuffers; buffer++)
            padded.State(buffer)[..length].CopyTo(rest.State(buffer));

        return largest;
    }

    private readonly struct Plain<TRule>(TRule rule, SweepFactors factors) : IUpdateRule<T> where TRule : struct, IUpdateRule<T>
    {
        private readonly Vector<T> _scale = UpdateRule.Broadcast<T>(factors.Scale), _keep = UpdateRule.Broadcast<T>(factors.Keep);

        public static int StateBuffers => TRule.StateBuffers;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector<T> Update(Vector<T> p, Vector<T> g, ref Vector<T> first, ref Vector<T> second) =>
            rule.Update(_keep * p, _scale * g, ref first, ref second);
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
