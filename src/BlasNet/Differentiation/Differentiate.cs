using BlasNet.Batching;
using BlasNet.Graphs;
using BlasNet.Graphs.Functions;

namespace BlasNet.Differentiation;

/// <summary>Appends to a graph the expressions for the gradient of a scalar, or for any vector-Jacobian product (reverse mode).</summary>
/// <remarks>In: any graph, one example's, a minibatch's, a batched one, one that has gradients already. Out: the same graph with more nodes.</remarks>
internal sealed class Differentiate
{
    private readonly Gradients _gradients = new();

    /// <summary>Whether the terms of a weight's gradient become one product over all of them.</summary>
    public bool MergeSums
    {
        get => _gradients.MergesSums;
        set => _gradients.MergesSums = value;
    }

    /// <summary>Receives which node each node is made for; null, the default, if nobody asks.</summary>
    public GradientTrail? Trail { get; init; }

    /// <param name="graph">Extended in place.</param>
    /// <param name="loss">A single scalar.</param>
    /// <param name="targets">The nodes with respect to which the gradient is wanted.</param>
    /// <param name="result">For each target its gradient's node, or −1 where the loss does not depend on it.</param>
    /// <exception cref="ShapeException"><paramref name="loss"/> is not a scalar.</exception>
    public void Run(Graph graph, int loss, ReadOnlySpan<int> targets, Span<int> result)
    {
        if (!graph.ShapeOf(loss).IsScalar || graph.CountOf(loss) != 1)
            throw new ShapeException($"differentiate: the loss must be one scalar, but {graph.At(loss)} is not.");

        Run(graph, [loss], [graph.OwnConstant(1).Index], targets, result);
    }

    /// <summary>The gradient of Σ seedᵀ·output, in which the seeds count as constants.</summary>
    /// <param name="graph">Extended in place.</param>
    /// <param name="outputs">Nodes of any shape and count.</param>
    /// <param name="seeds">For each output a node of its shape; of its count, or the same value for the whole stack.</param>
    /// <param name="targets">The nodes with respect to which the gradient is wanted.</param>
    /// <param name="result">For each target its gradient's node, or −1 where no output depends on it.</param>
    /// <exception cref="ShapeException">A seed does not fit its output.</exception>
    public void Run(Graph graph, ReadOnlySpan<int> outputs, ReadOnlySpan<int> seeds, ReadOnlySpan<int> targets, Span<int> result)
    {
        _gradients.Begin(graph, targets);
        Trail?.Begin(graph.Count);
        int last = -1;
        for (int i = 0; i < outputs.Length; i++)
        {
            (int output, int seed) = (outputs[i], seeds[i]);
            if (graph.ShapeOf(seed) != graph.ShapeOf(output) || (graph.CountOf(seed) != 1 && graph.CountOf(seed) != graph.CountOf(output)))
            {
                throw new ShapeException(
                    $"differentiate: a seed must have the shape and count of its output, but {graph.At(seed)} is not like {graph.At(output)}.");
            }

            if (!_gradients.IsNeeded(output))
                continue;

            _gradients.AddSeed(output, seed);
            last = Math.Max(last, output);
        }

        // Inputs come before users, so counting down sees every user of a node before the node itself.
        GoBack(graph, last, _gradients.Lowest);
        for (int i = 0; i < targets.Length; i++)
            result[i] = _gradients.TryGet(targets[i], out Expr gradient) ? gradient.Index : -1;
    }

    private void GoBack(Graph graph, int last, int first)
    {
        for (int node = last; node >= first; node--)
        {
            Operator op = graph.OperatorOf(node);
            if (!_gradients.IsNeeded(node) || op.Storage == Storage.Result)
                continue;

            if (_gradients.HasAny(graph.ResultsOf(node)))
            {
                if (op is CompositeOperator)
                    GoBackThroughCall(graph, node);
                else
                    op.Gradient(new GradientContext(_gradients, node));
            }

            Trail?.Add(node, graph.Count);
        }
    }

    // The nodes of the body join the graph, because each of them needs a gradient; they compute the same as the call. Calls without a gradient, such as
    // those of other examples, stay as they are.
    private void GoBackThroughCall(Graph graph, int call)
    {
        int start = graph.Count;
        int[] results = new Inline(graph).Expand(call);
        int end = graph.Count;
        _gradients.Extend(start);
        for (int i = 0; i < results.Length; i++)
        {
            if (_gradients.IsNeeded(results[i]) && _gradients.TryGet(graph.ResultsOf(call)[i], out Expr gradient))
                _gradients.Add(results[i], gradient.Index);
        }

        GoBack(graph, end - 1, start);
    }
}
