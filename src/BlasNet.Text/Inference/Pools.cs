using System.Numerics.Tensors;
using BlasNet.Graphs;
using BlasNet.Operators;

namespace BlasNet.Text.Inference;

/// <summary>The three ways to one vector: what of them the network computes, and what is done with its result.</summary>
internal static class Pools
{
    /// <returns>[size], or [size × n] where the vectors are yet to be pooled.</returns>
    public static Expr Apply(Pooling pooling, Expr vectors) => pooling switch
    {
        Pooling.Mean => Op.MeanColumns(vectors),
        Pooling.First => Op.SliceColumns(vectors, 0, 1),
        _ => vectors,
    };

    /// <summary>Adds what the network has computed for a window to a text's vector.</summary>
    /// <param name="pooling">How.</param>
    /// <param name="value">What <see cref="Apply"/> gave, column by column.</param>
    /// <param name="vector">Zeros before the first window.</param>
    /// <param name="weight">Of this window, where the windows' mean is taken.</param>
    /// <param name="isFirst">Whether it is the first one.</param>
    public static void Add(Pooling pooling, ReadOnlySpan<float> value, Span<float> vector, float weight, bool isFirst)
    {
        if (pooling != Pooling.Max)
        {
            TensorPrimitives.MultiplyAdd(value, weight, vector, vector);
            return;
        }

        for (int start = 0; start < value.Length; start += vector.Length)
        {
            ReadOnlySpan<float> column = value.Slice(start, vector.Length);
            if (isFirst && start == 0)
                column.CopyTo(vector);
            else
                TensorPrimitives.Max(vector, column, vector);
        }
    }

    /// <summary>Gives a vector length 1; zeros stay zeros.</summary>
    public static void Normalize(Span<float> vector)
    {
        float norm = TensorPrimitives.Norm(vector);
        if (norm > 0)
            TensorPrimitives.Divide(vector, norm, vector);
    }
}
