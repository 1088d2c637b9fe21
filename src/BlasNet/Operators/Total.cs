using BlasNet.Graphs;
using BlasNet.Graphs.Structure;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>The sum of any number of expressions.</summary>
    /// <param name="terms">At least one; all of one shape.</param>
    /// <returns>That shape.</returns>
    /// <exception cref="ShapeException">The shapes differ.</exception>
    public static Expr Total(params ReadOnlySpan<Expr> terms) => terms.Length == 1 ? terms[0] : Expr.Apply(TotalOperator.Instance, terms);
}
