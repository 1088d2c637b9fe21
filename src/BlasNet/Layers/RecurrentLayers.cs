using BlasNet.Graphs;

namespace BlasNet.Layers;

/// <summary>The outputs of recurrent layers in an array of their own.</summary>
public static class RecurrentLayers
{
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
