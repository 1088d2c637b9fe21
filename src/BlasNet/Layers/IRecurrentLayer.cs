using BlasNet.Graphs;

namespace BlasNet.Layers;

/// <summary>A layer that reads a sequence vector by vector and keeps a state.</summary>
public interface IRecurrentLayer
{
    /// <summary>Reads a sequence from its first vector to its last, or from the last to the first, starting from a state of zeros.</summary>
    /// <param name="sequence">Vectors [inputs].</param>
    /// <param name="outputs">As many; the layer's output [hidden] at each vector, at the same index.</param>
    /// <param name="reverse">Begin at the end.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    void Run(ReadOnlySpan<Expr> sequence, Span<Expr> outputs, bool reverse = false);
}
