using BlasNet.Graphs;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>The largest of each window of a sequence, element by element.</summary>
    /// <param name="x">[d × n]: a sequence of n vectors.</param>
    /// <param name="width">Vectors of a window, at most n.</param>
    /// <param name="stride">Vectors from the start of a window to that of the next; 0 for the width, so that windows do not overlap.</param>
    /// <returns>[d × m], m = ⌊(n − width)/stride⌋ + 1; NaN where a window has one. What is left over at the end is left out.</returns>
    /// <remarks>The gradient goes to the largest element, of equal ones to the first. Sequences of any lengths merge. The largest of a whole sequence is
    /// <see cref="MaxColumns"/>.</remarks>
    /// <exception cref="ShapeException">Width or stride is not between 1 and 65,535, or the sequence is shorter than a window.</exception>
    public static Expr MaxPool(Expr x, int width, int stride = 0)
    {
        int rows = x.Shape.Rows;
        Expr windows = Unfold(x, width, stride == 0 ? width : stride), largest = width == 1 ? windows : Slice(windows, 0, rows);
        for (int i = 1; i < width; i++)
            largest = Max(largest, Slice(windows, i * rows, rows));

        return largest;
    }
}
