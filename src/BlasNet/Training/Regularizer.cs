using BlasNet.Graphs;
using BlasNet.Operators;

namespace BlasNet.Training;

/// <summary>Regularisers for <see cref="Trainer{TExample}.Regularizer"/>; any other scalar expression over parameters will do as well.</summary>
public static class Regularizer
{
    /// <summary>The sum of the absolute values, times λ: many parameters become 0, or nearly so.</summary>
    /// <param name="factor">λ, at least 0.</param>
    /// <param name="parameters">For example all weights: <c>[.. model.Parameters.Where(p => !p.Shape.IsVector)]</c>.</param>
    /// <exception cref="ArgumentException">No parameters.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="factor"/> is negative or not finite.</exception>
    public static Func<Graph, Expr> L1(double factor, params IReadOnlyList<Parameter> parameters) =>
        Sum(factor, parameters, static x => Op.Sum(Op.Relu(x) + Op.Relu(-1 * x)));

    /// <summary>Half the sum of the squares, times λ, so that the gradient is λ times the parameter.</summary>
    /// <param name="factor">λ, at least 0.</param>
    /// <param name="parameters">For example all weights: <c>[.. model.Parameters.Where(p => !p.Shape.IsVector)]</c>.</param>
    /// <exception cref="ArgumentException">No parameters.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="factor"/> is negative or not finite.</exception>
    public static Func<Graph, Expr> L2(double factor, params IReadOnlyList<Parameter> parameters) =>
        Sum(0.5 * factor, parameters, static x => Op.Sum(Op.Square(x)));

    private static Func<Graph, Expr> Sum(double factor, IReadOnlyList<Parameter> parameters, Func<Expr, Expr> term)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        if (!(double.IsFinite(factor) && factor >= 0))
            throw new ArgumentOutOfRangeException(nameof(factor), factor, "factor must be finite and at least 0.");

        if (parameters.Count == 0)
            throw new ArgumentException("A regulariser needs at least one parameter.", nameof(parameters));

        Parameter[] all = [.. parameters];
        var terms = new Expr[all.Length];
        return graph =>
        {
            for (int i = 0; i < all.Length; i++)
                terms[i] = term(graph.Use(all[i]));

            return Op.Scale(Op.Total(terms), factor);
        };
    }
}
