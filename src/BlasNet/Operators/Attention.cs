using BlasNet.Graphs;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>Scaled dot-product attention: for each query the mean of all values, weighted by how well it fits their keys; V·softmax(Kᵀ·(Q/√d)).</summary>
    /// <param name="queries">Q [h·d × n]: a column for each query, in which the h heads' lie one below the other.</param>
    /// <param name="keys">K [h·d × m].</param>
    /// <param name="values">V [h·e × m].</param>
    /// <param name="heads">h: each computes attention of its own from its own rows.</param>
    /// <param name="dropout">In training, the probability that a weight is set to 0, see <see cref="Dropout"/>.</param>
    /// <returns>[h·e × n], the heads' one below the other.</returns>
    /// <remarks>Over a minibatch each step is a single launch for all examples and heads, whatever the examples' m and n; no head is copied.
    /// Time grows with h·m·n. Memory does not: the weights of only a few queries are there at a time, and for a gradient they are computed again. They are kept
    /// for it where m and n, or d and e, differ, and where some weights are dropped.
    /// Source: Vaswani et al., "Attention Is All You Need", NIPS 2017, arXiv:1706.03762, section 3.2, whose matrices have one vector per row.</remarks>
    /// <exception cref="ShapeException">The shapes do not fit, or the number of heads does not divide rows.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The rate is not in 0 ≤ rate &lt; 1.</exception>
    public static Expr Attention(Expr queries, Expr keys, Expr values, int heads = 1, double dropout = 0)
    {
        Graph graph = queries.GraphIfAny ?? keys.GraphIfAny ?? values.Graph;
        keys = keys.In(graph);   // may be a parameter, as queries may, of a graph that only the values are in
        Expr scaled = Scale(queries.In(graph), 1 / Math.Sqrt((double)keys.Shape.Rows / heads));
        Expr scores = Expr.Apply(AttentionProductOperator.Scores, keys, scaled, heads);
        Expr weights = Expr.Apply(AttentionScoresOperator.Softmax, scores, keys.Shape.Columns);
        return Expr.Apply(AttentionProductOperator.ByQuery, values, Dropout(weights, dropout), heads);
    }
}
