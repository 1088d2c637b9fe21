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

    /// <summary>Reads a sequence that is a matrix, starting from a state of zeros: one node, however long the sequence is.</summary>
    /// <param name="x">[inputs × n], a vector of the sequence in each column.</param>
    /// <param name="reverse">Begin at the end.</param>
    /// <returns>[hidden × n]: the layer's output at each vector.</returns>
    /// <exception cref="ShapeException"><paramref name="x"/> has another number of rows.</exception>
    Expr Run(Expr x, bool reverse);
}
