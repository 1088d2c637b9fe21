using BlasNet.Batching;
using BlasNet.Differentiation;
using BlasNet.Graphs;
using BlasNet.Graphs.Functions;
using BlasNet.Operators.Intrinsics;

namespace BlasNet.Passes;

/// <summary>The passes, for users: from graph to graph.</summary>
public static class GraphTransforms
{
    /// <summary>Merges the nodes of a minibatch graph that can run as one.</summary>
    /// <param name="graph">Any graph: examples side by side, sharing parameters; with or without the node that adds the losses, with or without
    /// gradients.</param>
    /// <returns>The batched graph, over the same data, and where each node has gone.</returns>
    /// <exception cref="InvalidOperationException">A stack would have more elements than an index reaches.</exception>
    public static BatchedGraph Batch(this Graph graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        var target = new Graph(graph.Precision, graph.Model);
        var batch = new Batch(target);
        try
        {
            batch.Run(graph);
        }
        catch (OverflowException e)
        {
            throw TooManyElements(e);
        }

        target.FindParameters();
        return new BatchedGraph(target, graph, batch);
    }

    /// <summary>What an overflow of the indices of stacks means to a user.</summary>
    internal static InvalidOperationException TooManyElements(OverflowException e) =>
        new($"A stack or the memory of a pass would have more than {int.MaxValue} elements. Use a smaller compute batch.", e);

    /// <summary>Appends the gradient of a scalar to its graph, as expressions (reverse mode).</summary>
    /// <param name="loss">One scalar.</param>
    /// <param name="targets">With respect to what; parameters or any expressions that <paramref name="loss"/> depends on.</param>
    /// <returns>For each target an expression of its shape; a constant 0 where the loss does not depend on it.</returns>
    /// <exception cref="ShapeException"><paramref name="loss"/> is not a scalar.</exception>
    public static Expr[] Differentiate(this Expr loss, params ReadOnlySpan<Expr> targets)
    {
        Graph graph = loss.GraphIfAny ?? (targets.IsEmpty ? null : targets[0].GraphIfAny) ?? loss.Graph;
        var nodes = new int[targets.Length];
        for (int i = 0; i < nodes.Length; i++)
            nodes[i] = targets[i].IndexIn(graph);

        var gradients = new int[nodes.Length];
        new Differentiate().Run(graph, loss.IndexIn(graph), nodes, gradients);
        var result = new Expr[nodes.Length];
        for (int i = 0; i < nodes.Length; i++)
            result[i] = gradients[i] >= 0 ? graph.At(gradients[i]) : Zero(graph, nodes[i]);

        return result;
    }

    /// <summary>The gradient with respect to a node of what does not depend on it.</summary>
    internal static Expr Zero(Graph graph, int target)
    {
        Shape shape = graph.ShapeOf(target);
        int count = graph.CountOf(target);
        Expr zero = graph.OwnConstant(new double[shape.Size], shape);
        return count == 1 ? zero : graph.At(graph.AppendStack(BroadcastOperator.Instance, count, [zero.Index], shape, count, shared: false));
    }
}

/// <summary>The outcome of batching: the batched graph and the way into it.</summary>
public sealed class BatchedGraph
{
    private readonly Batch _batch;
    private readonly int _count;   // nodes of the source when it was batched

    internal BatchedGraph(Graph graph, Graph source, Batch batch) => (Graph, Source, _batch, _count) = (graph, source, batch, source.Count);

    /// <summary>An ordinary graph, in which a node computes a stack of values.</summary>
    public Graph Graph { get; }

    /// <summary>The minibatch graph.</summary>
    public Graph Source { get; }

    /// <summary>The stack that a node of the minibatch graph is now part of, and the first of its elements there; of a parameter, itself.</summary>
    /// <exception cref="InvalidOperationException">The node is a term of a sum that was merged with others and has no value of its own any more, or it was
    /// added after the graph was batched.</exception>
    public (Expr Stack, int Element) Locate(Expr expression)
    {
        if (expression.GraphIfAny is null)
            return (expression.In(Graph), 0);

        if (expression.IndexIn(Source) >= _count)
            throw new InvalidOperationException($"{expression} was added after the graph was batched.");

        int index = expression.IndexIn(Source);
        (int node, int offset) = LocationOf(index);
        return node >= 0 && !_batch.IsMergedTerm(index) ? (Graph.At(node), offset)
            : throw new InvalidOperationException($"{expression} was merged into a sum and has no value of its own.");
    }

    /// <summary>The stack that a node of the minibatch graph is now part of.</summary>
    /// <param name="node">Of the minibatch graph.</param>
    /// <param name="stack">A node of the batched graph.</param>
    /// <param name="element">The first of the node's elements there.</param>
    /// <returns>False for a node without a value of its own: a term of a sum that was merged with others, a recurrence with several results.</returns>
    /// <exception cref="InvalidOperationException">The node is of another graph, or was added after the graph was batched.</exception>
    public bool TryLocate(GraphNode node, out GraphNode stack, out int element)
    {
        if (node.ToExpr().IndexIn(Source) >= _count)
            throw new InvalidOperationException($"{node} was added after the graph was batched.");

        (int found, element) = LocationOf(node.Index);
        bool isThere = found >= 0 && !_batch.IsMergedTerm(node.Index);
        stack = isThere ? Graph.NodeAt(found) : default;
        return isThere;
    }

    // The results of a recurrence are stacks of all vertices; nothing stands for them together.
    private Location LocationOf(int node) =>
        Source.OperatorOf(node) is RecurrenceOperator && Source.TypeOf(node).ResultNodes > 0 ? new Location(-1, 0) : _batch.Locate(node);
}
