using BlasNet.Graphs;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>A convolution over a sequence: of each window the product with one matrix, y_j = W·[x_j; x_j₊₁; …; x_j₊ₖ₋₁].</summary>
    /// <param name="w">[m × k·d], for windows of k vectors: its columns from i·d on multiply the window's vector i. Usually a parameter.</param>
    /// <param name="x">[d × n]: a sequence of n vectors.</param>
    /// <param name="padding">Vectors of zeros before the sequence, and as many after it; (k − 1)/2 of them keep its length.</param>
    /// <param name="stride">Vectors from the start of a window to that of the next.</param>
    /// <returns>[m × ⌊(n + 2·padding − k)/stride⌋ + 1].</returns>
    /// <remarks>Nothing is mirrored: what other libraries call a convolution too. With a bias [m] it is <c>Conv1d(W, x) + b</c>. Over a minibatch of sequences
    /// of any lengths all windows of all examples are multiplied at once.</remarks>
    /// <exception cref="ShapeException">Rows of <paramref name="x"/> do not divide columns of <paramref name="w"/>; or stride, width or the length of the
    /// sequence is not as <see cref="Unfold"/> needs it.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="padding"/> is negative.</exception>
    public static Expr Conv1d(Expr w, Expr x, int padding = 0, int stride = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(padding);
        int width = w.Shape.Columns / x.Shape.Rows;
        if (width * x.Shape.Rows != w.Shape.Columns)
            throw new ShapeException($"conv1d: left columns ({w.Shape.Columns}) must be a multiple of right rows ({x.Shape.Rows}). Inputs: {w}, {x}.");

        x = x.In(x.GraphIfAny ?? w.Graph);   // may be a parameter that has not joined the graph
        return MatMul(w, Unfold(padding == 0 ? x : Padded(x, padding), width, stride));
    }

    private static Expr Padded(Expr x, int padding)
    {
        Expr zeros = x.Graph.Zeros(Shape.Of(x.Shape.Rows, padding));
        return ConcatenateColumns(zeros, x, zeros);
    }
}
