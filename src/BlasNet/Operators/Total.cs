using BlasNet.Graphs;
using BlasNet.Operators.Intrinsics;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>The sum of any number of expressions.</summary>
    /// <param name="terms">At least one; all of one shape.</param>
    /// <returns>That shape.</returns>
    /// <exception cref="ShapeException">The shapes differ.</exception>
    public static Expr Total(params ReadOnlySpan<Expr> terms)
    {
        if (terms.Length == 1)
            return terms[0];

        foreach (Expr term in terms)
        {
            if (term.GraphIfAny is { Body: not null } body)
                return SumInBody(body, terms);
        }

        return Expr.Apply(TotalOperator.Instance, terms);
    }

    // A total adds up a whole stack; within a body it is one sum for each call.
    private static Expr SumInBody(Graph body, ReadOnlySpan<Expr> terms)
    {
        int half = terms.Length / 2;
        return half == 0 ? terms[0].In(body) : Add(SumInBody(body, terms[..half]), SumInBody(body, terms[half..]));
    }
}
