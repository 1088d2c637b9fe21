using BlasNet.Differentiation;
using BlasNet.Graphs;
using BlasNet.Operators;
using BlasNet.Passes;

namespace BlasNet.Derivatives;

/// <summary>Derivatives beyond a scalar's gradient, as expressions of the same graph: they can be batched, evaluated and differentiated again.</summary>
/// <remarks>Written for one example they are computed for a minibatch of them like everything else; given stacks of a batched graph they are
/// stacks. J stands for the derivatives of all elements of an output (rows) by all elements of an input (columns), each column by column.</remarks>
public static class ExprDerivatives
{
    /// <summary>Vector-Jacobian products uᵀJ: the gradient of Σ seed∘output (reverse mode; about the cost of two evaluations).</summary>
    /// <param name="output">Any shape.</param>
    /// <param name="seed">u, in the shape of <paramref name="output"/>; counts as a constant even if it depends on the targets.</param>
    /// <param name="targets">With respect to what; parameters or any expressions.</param>
    /// <returns>For each target an expression of its shape; 0 where <paramref name="output"/> does not depend on it.</returns>
    /// <exception cref="ShapeException"><paramref name="seed"/> has another shape.</exception>
    public static Expr[] VectorJacobian(this Expr output, Expr seed, params ReadOnlySpan<Expr> targets) => VectorJacobian([output], [seed], targets);

    /// <summary>Vector-Jacobian products of several outputs: for each target Σᵢ uᵢᵀJᵢ.</summary>
    /// <inheritdoc cref="VectorJacobian(Expr, Expr, ReadOnlySpan{Expr})"/>
    /// <param name="outputs">Any shapes; of one graph.</param>
    /// <param name="seeds">For each output an expression of its shape.</param>
    /// <param name="targets">With respect to what; parameters or any expressions.</param>
    public static Expr[] VectorJacobian(ReadOnlySpan<Expr> outputs, ReadOnlySpan<Expr> seeds, ReadOnlySpan<Expr> targets)
    {
        ThrowUnlessPaired(outputs.Length, seeds.Length, nameof(seeds));
        if (outputs.IsEmpty)
            throw new ArgumentException("Derivatives need at least one output.", nameof(outputs));

        Graph graph = GraphOf(outputs, seeds);
        int[] wanted = NodesOf(graph, targets), found = new int[targets.Length];
        new Differentiate().Run(graph, NodesOf(graph, outputs), NodesOf(graph, seeds), wanted, found);
        var result = new Expr[found.Length];
        for (int i = 0; i < found.Length; i++)
            result[i] = found[i] >= 0 ? graph.At(found[i]) : GraphTransforms.Zero(graph, wanted[i]);

        return result;
    }

    /// <summary>The Jacobian-vector product Jv: how an output changes as an input moves in a direction.</summary>
    /// <param name="output">Any shape.</param>
    /// <param name="input">A parameter or any expression.</param>
    /// <param name="tangent">v, in the shape of <paramref name="input"/>.</param>
    /// <returns>An expression of the shape of <paramref name="output"/>.</returns>
    /// <exception cref="ShapeException"><paramref name="tangent"/> has another shape.</exception>
    public static Expr JacobianVector(this Expr output, Expr input, Expr tangent) => JacobianVector([output], [input], [tangent])[0];

    /// <summary>Jacobian-vector products of several outputs as several inputs move at once: for each output Σⱼ Jⱼvⱼ.</summary>
    /// <remarks>uᵀJ is linear in u, and its derivative by u in the direction v is Jv: two passes in reverse mode, of which only what depends
    /// on u in the second is ever computed; the value of u does not matter.</remarks>
    /// <inheritdoc cref="JacobianVector(Expr, Expr, Expr)"/>
    /// <param name="outputs">Any shapes; of one graph.</param>
    /// <param name="inputs">Parameters or any expressions.</param>
    /// <param name="tangents">For each input an expression of its shape.</param>
    /// <returns>For each output an expression of its shape.</returns>
    public static Expr[] JacobianVector(ReadOnlySpan<Expr> outputs, ReadOnlySpan<Expr> inputs, ReadOnlySpan<Expr> tangents)
    {
        ThrowUnlessPaired(inputs.Length, tangents.Length, nameof(tangents));
        Expr[] seeds = Placeholders(GraphOf(outputs, tangents), outputs);
        return VectorJacobian(VectorJacobian(outputs, seeds, inputs), tangents, seeds);
    }

    /// <summary>The Hessian-vector product Hv of a scalar: how its gradient changes as an input moves in a direction (about the cost of two
    /// gradients).</summary>
    /// <param name="loss">One scalar.</param>
    /// <param name="input">A parameter or any expression.</param>
    /// <param name="direction">v, in the shape of <paramref name="input"/>.</param>
    /// <returns>An expression of the shape of <paramref name="input"/>.</returns>
    /// <exception cref="ShapeException"><paramref name="loss"/> is not a scalar, or <paramref name="direction"/> has another shape.</exception>
    /// <remarks>Source: Pearlmutter, "Fast Exact Multiplication by the Hessian", Neural Computation 6, 1994; here in reverse mode over reverse mode.</remarks>
    public static Expr HessianVector(this Expr loss, Expr input, Expr direction) => HessianVector(loss, [input], [direction])[0];

    /// <inheritdoc cref="HessianVector(Expr, Expr, Expr)"/>
    /// <param name="loss">One scalar.</param>
    /// <param name="inputs">Parameters or any expressions; the Hessian is that of all of them together.</param>
    /// <param name="directions">For each input an expression of its shape.</param>
    /// <returns>For each input an expression of its shape.</returns>
    public static Expr[] HessianVector(this Expr loss, ReadOnlySpan<Expr> inputs, ReadOnlySpan<Expr> directions)
    {
        ThrowUnlessPaired(inputs.Length, directions.Length, nameof(directions));
        return VectorJacobian(loss.Differentiate(inputs), directions, inputs);
    }

    /// <summary>The Jacobian: the derivatives of all elements of an output (rows) by all elements of an input (columns).</summary>
    /// <param name="output">m elements.</param>
    /// <param name="input">k elements.</param>
    /// <returns>[m × k]; elements of matrices are numbered column by column.</returns>
    /// <remarks>m passes in reverse mode or k forward, whichever are fewer; they merge, so a minibatch of n examples computes stacks of n·m or n·k.</remarks>
    /// <exception cref="InvalidOperationException">In a batched graph, <paramref name="output"/> is a stack and <paramref name="input"/> is not:
    /// what examples share has a derivative for each of them only before batching.</exception>
    public static Expr Jacobian(this Expr output, Expr input)
    {
        Graph graph = GraphOf([output], [input]);
        (output, input) = (output.In(graph), input.In(graph));
        if (output.Count != 1 && output.Count != input.Count)
            throw new InvalidOperationException(
                $"jacobian: {output} is a stack, {input} is not. Ask for the Jacobian in the graph of one example, then batch.");

        (int rows, int columns) = (output.Shape.Size, input.Shape.Size);
        bool reverse = rows <= columns || output.Count != input.Count;
        Expr[] seeds = reverse ? [] : Placeholders(graph, [output]);
        Expr[] pulled = reverse ? [] : VectorJacobian([output], seeds, [input]);
        var parts = new Expr[reverse ? rows : columns];
        for (int i = 0; i < parts.Length; i++)
        {
            Expr part = reverse
                ? output.VectorJacobian(Unit(graph, output.Shape, i), input)[0]
                : VectorJacobian(pulled, [Unit(graph, input.Shape, i)], seeds)[0];
            parts[i] = Op.Reshape(part, new Shape(part.Shape.Size));
        }

        return reverse ? Op.Transpose(Op.ConcatenateColumns(parts)) : Op.ConcatenateColumns(parts);
    }

    // Expressions of the outputs' shapes and counts, on which nothing depends yet.
    private static Expr[] Placeholders(Graph graph, ReadOnlySpan<Expr> outputs)
    {
        var result = new Expr[outputs.Length];
        for (int i = 0; i < result.Length; i++)
            result[i] = Op.Scale(outputs[i].In(graph), 0);

        return result;
    }

    // An input, not a constant: inputs are stacked, so the passes for all elements and all examples merge. A function's body brings no inputs.
    private static Expr Unit(Graph graph, Shape shape, int element)
    {
        var values = new double[shape.Size];
        values[element] = 1;
        return graph.Body is null ? graph.Input(values, shape) : graph.OwnConstant(values, shape);
    }

    // Any of them may be a parameter that has joined no graph.
    private static Graph GraphOf(ReadOnlySpan<Expr> expressions, ReadOnlySpan<Expr> others)
    {
        foreach (Expr expression in (ReadOnlySpan<Expr>)[.. expressions, .. others])
        {
            if (expression.GraphIfAny is { } graph)
                return graph;
        }

        return expressions.IsEmpty ? throw new ArgumentException("There is no expression to differentiate.", nameof(expressions)) : expressions[0].Graph;
    }

    private static int[] NodesOf(Graph graph, ReadOnlySpan<Expr> expressions)
    {
        var nodes = new int[expressions.Length];
        for (int i = 0; i < nodes.Length; i++)
            nodes[i] = expressions[i].IndexIn(graph);

        return nodes;
    }

    private static void ThrowUnlessPaired(int expected, int given, string name)
    {
        if (given != expected)
            throw new ArgumentException($"{expected} expressions need as many {name}, not {given}.", name);
    }
}
