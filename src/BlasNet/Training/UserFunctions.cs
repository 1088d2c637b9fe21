using BlasNet.Graphs;

namespace BlasNet.Training;

/// <summary>Calls the functions with which users build expressions.</summary>
internal static class UserFunctions
{
    /// <summary>An example's loss, as a node of the graph.</summary>
    /// <param name="graph">The graph to add it to.</param>
    /// <param name="loss">The user's.</param>
    /// <param name="example">What it is given.</param>
    /// <param name="number">The example's, for random draws and errors.</param>
    /// <exception cref="ShapeException">It is no scalar.</exception>
    public static Expr LossOf<TExample>(this Graph graph, Func<Graph, TExample, Expr> loss, TExample example, int number)
    {
        graph.BeginExample(number);
        using Graph.Building building = graph.Build();
        return graph.LossFrom(loss(graph, example));
    }

    /// <summary>What a loss function has returned, as a node of the graph.</summary>
    /// <exception cref="ShapeException">It is no scalar.</exception>
    public static Expr LossFrom(this Graph graph, Expr loss) => graph.Scalar(loss, "The loss of an example");

    /// <summary>What a function of the parameters alone gives, as a node of the graph.</summary>
    /// <param name="graph">The graph to add it to.</param>
    /// <param name="function">The user's.</param>
    /// <param name="what">What it is, for errors.</param>
    /// <exception cref="ShapeException">It is no scalar.</exception>
    public static Expr ScalarOf(this Graph graph, Func<Graph, Expr> function, string what)
    {
        using Graph.Building building = graph.Build();
        return graph.Scalar(function(graph), what);
    }

    /// <summary>A value as a node of the graph.</summary>
    /// <exception cref="ShapeException">It is no scalar.</exception>
    public static Expr Scalar(this Graph graph, Expr value, string what) => value.Shape.IsScalar ? value.In(graph)
        : throw new ShapeException($"{what} must be a scalar, but it is {value}.");
}
