using BlasNet.Graphs;
using BlasNet.Graphs.Structure;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>The sum of any number of expressions.</summary>
    /// <param name="terms">At least one; all of one shape.</param>
    /// <returns>That shape.</returns>
    /// <exception cref="ShapeException">The shapes differ.</exception>
    public static Expr Total(params ReadOnlySpan<Expr> terms) => terms.Length == 1 ? terms[0]
        : IsInBody(terms) ? Add(Total(terms[..(terms.Length / 2)]), Total(terms[(terms.Length / 2)..]))   // one sum for each call of a stack
        : Expr.Apply(TotalOperator.Instance, terms);

    private static bool IsInBody(ReadOnlySpan<Expr> terms)
    {
        foreach (Expr term in terms)
        {
            if (term.GraphIfAny is not null)
                return term.Graph.Body is not null;
        }

        return false;
    }
}
