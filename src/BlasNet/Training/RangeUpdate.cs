using System.Numerics;
using System.Numerics.Tensors;
using BlasNet.Memory;

namespace BlasNet.Training;

/// <summary>A formula over ranges: decays, scales and clips a chunk at a time, while it is in the cache, and calls the formula on it.</summary>
internal readonly struct RangeUpdate<T>(UpdateHandler<T> formula, SweepFactors factors) : ISweepUpdate<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int ChunkLength = 512;

    /// <summary>Nothing is known of the formula.</summary>
    public Magnitudes? Bound(Magnitudes before, double gradient) => null;

    public Magnitudes Run(OptimizerRange<T> range, ReadOnlySpan<Segment> parts)
    {
        Span<T> gradients = stackalloc T[ChunkLength];
        foreach (Segment part in parts)
        {
            for (int start = part.Start; start < part.End; start += ChunkLength)
                Run(range.Slice(start, Math.Min(ChunkLength, part.End - start)), gradients);
        }

        return default;   // unknown bounds are not kept
    }

    private void Run(OptimizerRange<T> chunk, Span<T> gradients)
    {
        Span<T> gradient = gradients[..chunk.Parameters.Length];
        TensorPrimitives.Multiply(chunk.Gradient, T.CreateTruncating(factors.Scale), gradient);
        if (double.IsFinite(factors.Clip))
            TensorPrimitives.Clamp(gradient, T.CreateTruncating(-factors.Clip), T.CreateTruncating(factors.Clip), gradient);

        TensorPrimitives.Multiply(chunk.Parameters, T.CreateTruncating(factors.Keep), chunk.Parameters);
        formula(chunk.With(gradient));
    }
}
