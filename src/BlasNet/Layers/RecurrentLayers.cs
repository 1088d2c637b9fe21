using BlasNet.Graphs;

namespace BlasNet.Layers;

/// <summary>Other ways to run recurrent layers.</summary>
public static class RecurrentLayers
{
    /// <summary>Reads a sequence that is a matrix, from its first vector to its last, starting from a state of zeros.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="x">[inputs × n], a vector of the sequence in each column.</param>
    /// <returns>[hidden × n]: the layer's output at each vector.</returns>
    public static Expr Run(this IRecurrentLayer layer, Expr x)
    {
        ArgumentNullException.ThrowIfNull(layer);
        return layer.Run(x, reverse: false);
    }

    /// <summary>Reads a sequence, starting from a state of zeros.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="sequence">Vectors [inputs].</param>
    /// <param name="reverse">Begin at the end.</param>
    /// <returns>As many: the layer's output [hidden] at each vector, at the same index.</returns>
    public static Expr[] Run(this IRecurrentLayer layer, ReadOnlySpan<Expr> sequence, bool reverse = false)
    {
        ArgumentNullException.ThrowIfNull(layer);
        var outputs = new Expr[sequence.Length];
        layer.Run(sequence, outputs, reverse);
        return outputs;
    }
}
