using System.Numerics.Tensors;
using BlasNet.Graphs;
using BlasNet.Operators;

namespace BlasNet.Text.Inference;

/// <summary>The three poolings: the part that the network computes, and how the vectors of windows are combined.</summary>
internal static class Pools
{
    /// <returns>[size].</returns>
    public static Expr Apply(Pooling pooling, Expr vectors) => pooling switch
    {
        Pooling.Mean => Op.MeanColumns(vectors),
        Pooling.First => Op.SliceColumns(vectors, 0, 1),
        _ => Op.MaxColumns(vectors),
    };

    /// <summary>Adds the vector of a window to that of its text.</summary>
    /// <param name="pooling">How.</param>
    /// <param name="value">[size], the window's.</param>
    /// <param name="vector">Zeros before the first window.</param>
    /// <param name="weight">Of this window, where the windows' mean is taken.</param>
    /// <param name="isFirst">Whether it is the first one.</param>
    public static void Add(Pooling pooling, ReadOnlySpan<float> value, Span<float> vector, float weight, bool isFirst)
    {
        if (pooling != Pooling.Max)
            TensorPrimitives.MultiplyAdd(value, weight, vector, vector);
        else if (isFirst)
            value.CopyTo(vector);
        else
            TensorPrimitives.Max(vector, value, vector);
    }

    /// <summary>Gives a vector length 1; zeros stay zeros.</summary>
    public static void Normalize(Span<float> vector)
    {
        float norm = TensorPrimitives.Norm(vector);
        if (norm > 0)
            TensorPrimitives.Divide(vector, norm, vector);
    }
}
