using System.Numerics;
using System.Numerics.Tensors;

namespace BlasNet.Training;

/// <summary>A formula over ranges: decays, scales and clips a chunk at a time, while it is in the cache, and calls the formula on it.</summary>
internal readonly struct RangeUpdate<T>(UpdateHandler<T> formula, SweepFactors factors) : ISweepUpdate<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int ChunkLength = 512;

    /// <summary>Nothing is known of the formula.</summary>
    public Magnitudes? Bound(Magnitudes before, double gradient) => null;

    public Magnitudes Run(OptimizerRange<T> range)
    {
        Span<T> gradients = stackalloc T[Math.Min(ChunkLength, range.Parameters.Length)];
        for (int start = 0; start < range.Parameters.Length; start += ChunkLength)
        {
            OptimizerRange<T> chunk = range.Slice(start, Math.Min(ChunkLength, range.Parameters.Length - start));
            Span<T> gradient = gradients[..chunk.Parameters.Length];
            TensorPrimitives.Multiply(chunk.Gradient, T.CreateTruncating(factors.Scale), gradient);
            if (double.IsFinite(factors.Clip))
                TensorPrimitives.Clamp(gradient, T.CreateTruncating(-factors.Clip), T.CreateTruncating(factors.Clip), gradient);

            TensorPrimitives.Multiply(chunk.Parameters, T.CreateTruncating(factors.Keep), chunk.Parameters);
            formula(chunk.With(gradient));
        }

        return default;   // unknown bounds are not kept
    }
}
