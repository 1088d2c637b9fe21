using BlasNet.Operators;

namespace BlasNet.Graphs;

/// <content>Expressions written as in mathematics: <c>W * x + b</c>.</content>
public readonly partial struct Expr
{
    /// <summary>The sum of corresponding elements; see <see cref="Op.Add"/>.</summary>
    /// <exception cref="ShapeException">The shapes do not fit.</exception>
    public static Expr operator +(Expr a, Expr b) => Op.Add(a, b);

    /// <summary>The difference of corresponding elements; see <see cref="Op.Subtract"/>.</summary>
    /// <exception cref="ShapeException">The shapes do not fit.</exception>
    public static Expr operator -(Expr a, Expr b) => Op.Subtract(a, b);

    /// <summary>The product that the shapes tell: of a matrix and what stands on its right the matrix product <see cref="Op.MatMul"/>; of two vectors of one
    /// length, or a scalar and anything, the product of corresponding elements <see cref="Op.Multiply"/>.</summary>
    /// <param name="a">A matrix [m × k] with more than one column; or a vector or scalar.</param>
    /// <param name="b">[k] or [k × c]; or a vector of the same length, or a scalar.</param>
    /// <exception cref="ShapeException">Anything else.</exception>
    public static Expr operator *(Expr a, Expr b)
    {
        var (left, right) = (a.Shape, b.Shape);
        if (left.IsScalar || right.IsScalar || (left.IsVector && left == right))
            return Op.Multiply(a, b);

        return !left.IsVector && left.Columns == right.Rows ? Op.MatMul(a, b) : throw new ShapeException(
            $"{a} * {b}: * is the matrix product (MatMul) where the left side has as many columns as the right side has rows, and more than one; and the "
            + "product of elements (Multiply) of two vectors of one length, or of a scalar and anything. For other shapes call the one that is meant.");
    }

    /// <summary>The quotient of corresponding elements; see <see cref="Op.Divide"/>.</summary>
    /// <exception cref="ShapeException">The shapes do not fit.</exception>
    public static Expr operator /(Expr a, Expr b) => Op.Divide(a, b);

    /// <summary>The opposite of each element.</summary>
    public static Expr operator -(Expr x) => Op.Negate(x);

    /// <summary>Adds a number to each element.</summary>
    /// <param name="a">Any shape.</param>
    /// <param name="b">May differ from example to example.</param>
    public static Expr operator +(Expr a, double b) => Op.Add(a, a.Graph.OwnConstant(b));

    /// <summary>Adds a number to each element.</summary>
    /// <inheritdoc cref="op_Addition(Expr, double)"/>
    public static Expr operator +(double a, Expr b) => Op.Add(b, b.Graph.OwnConstant(a));

    /// <summary>Subtracts a number from each element.</summary>
    /// <inheritdoc cref="op_Addition(Expr, double)"/>
    public static Expr operator -(Expr a, double b) => Op.Subtract(a, a.Graph.OwnConstant(b));

    /// <summary>Subtracts each element from a number.</summary>
    /// <param name="a">May differ from example to example.</param>
    /// <param name="b">Any shape.</param>
    public static Expr operator -(double a, Expr b) => Op.Subtract(b.Graph.OwnConstant(a), b);

    /// <summary>Multiplies each element by a number.</summary>
    /// <inheritdoc cref="op_Addition(Expr, double)"/>
    public static Expr operator *(Expr a, double b) => a.Graph.HoldsExamples ? Op.Multiply(a, a.Graph.OwnConstant(b)) : Op.Scale(a, b);

    /// <summary>Multiplies each element by a number.</summary>
    /// <inheritdoc cref="op_Subtraction(double, Expr)"/>
    public static Expr operator *(double a, Expr b) => b * a;

    /// <summary>Divides each element by a number.</summary>
    /// <inheritdoc cref="op_Addition(Expr, double)"/>
    public static Expr operator /(Expr a, double b) => a * (1 / b);

    /// <summary>Divides a number by each element.</summary>
    /// <inheritdoc cref="op_Subtraction(double, Expr)"/>
    public static Expr operator /(double a, Expr b) => Op.Divide(b.Graph.OwnConstant(a), b);
}
