using System.Runtime.InteropServices;
using BlasNet.Graphs;
using BlasNet.Operators.Intrinsics;

namespace BlasNet.Differentiation;

/// <summary>Appends to a batched graph the norms of the examples' gradients and, if wanted, the sum of the gradients, each clipped by its norm.</summary>
/// <remarks>
/// Reverse mode, as in <see cref="Differentiate"/>, up to the parameters. A stack contributes Σ dy·xᵀ to a parameter's gradient, and each value of the
/// stack belongs to one example. The norm of an example's part of the sum follows from its dy and x (<see cref="ExampleNormsOperator"/>);
/// the sum itself is computed as ever, with dy scaled by the example's weight, so one backward pass serves both. A value computed from parameters alone is
/// shared by all examples; its gradient becomes a stack of one value for each example, and so do those of the parameters it is computed from.
/// Sources: Goodfellow, "Efficient Per-Example Gradient Computations", arXiv:1510.01799; for values used several times Li et al., "Large Language
/// Models Can Be Strong Differentially Private Learners", ICLR 2022 (ghost clipping); one pass for both, Bu et al., ICML 2023.
/// </remarks>
internal sealed class DifferentiatePerExample
{
    private readonly Gradients _gradients = new() { KeepsExamplesApart = true, MergesSums = true };
    private readonly ExampleRows _rows = new();
    private readonly ExampleTerms _terms;
    private readonly List<Move> _moves = [];

    public DifferentiatePerExample() => _terms = new ExampleTerms(_rows);

    /// <summary>Notes which example each node of the minibatch graph belongs to. To be called before batching.</summary>
    /// <exception cref="InvalidOperationException">An example uses a value of another one.</exception>
    public void Begin(Graph source, PerExample request) =>
        _rows.Begin(source, CollectionsMarshal.AsSpan(request.Starts), CollectionsMarshal.AsSpan(request.Losses));

    /// <summary>Appends the norms and the sums to the batched graph.</summary>
    /// <param name="graph">Extended in place.</param>
    /// <param name="losses">For each example the node that its loss is part of, and the element there.</param>
    /// <param name="request">What is asked for.</param>
    /// <param name="targets">The parameters.</param>
    /// <param name="norms">Receives for each parameter a node, the stack of the norms of the examples' gradients; −1 where all are 0.</param>
    /// <param name="sums">Receives for each parameter the (clipped) sum; −1 where it is 0. Empty if no sum is wanted.</param>
    public void Run(Graph graph, ReadOnlySpan<Location> losses, PerExample request, ReadOnlySpan<int> targets, Span<int> norms, Span<int> sums)
    {
        _rows.Use(graph, losses);
        _gradients.Begin(graph, targets);
        _terms.Begin(graph, losses.Length);
        int last = Seed(graph, losses);
        for (int node = last; node >= _gradients.Lowest; node--)
        {
            Operator op = graph.OperatorOf(node);
            if (_gradients.IsNeeded(node) && !targets.Contains(node) && op.Storage != Storage.Result)
                GoBack(graph, node, op);
        }

        for (int i = 0; i < targets.Length; i++)
        {
            _terms.Collect(_gradients, targets[i]);
            norms[i] = _terms.Count == 0 ? -1 : _terms.ToNorms(graph.ShapeOf(targets[i]));
        }

        AddSums(graph, losses.Length, request.ClipNorm, targets, norms, sums);
    }

    private void GoBack(Graph graph, int node, Operator op)
    {
        ResultRange results = graph.ResultsOf(node);
        bool hasGradient = false;
        for (int result = results.First; result < results.End; result++)
            hasGradient |= TryGetGradient(graph, result);

        if (hasGradient)
            op.Gradient(new GradientContext(_gradients, node));
    }

    private void AddSums(Graph graph, int examples, double clipNorm, ReadOnlySpan<int> targets, ReadOnlySpan<int> norms, Span<int> sums)
    {
        int weights = double.IsInfinity(clipNorm) ? -1 : ClipWeights(graph, norms, examples, clipNorm);
        for (int i = 0; i < sums.Length; i++)
        {
            if (weights >= 0)
            {
                _terms.Collect(_gradients, targets[i]);
                _terms.Weigh(_gradients, targets[i], weights);
            }

            sums[i] = _gradients.TryGet(targets[i], out Expr sum) ? sum.Index : -1;
        }
    }

    // Makes the gradient and notes which examples its values belong to. The gradient of a shared value is a stack of one for each example.
    private bool TryGetGradient(Graph graph, int node)
    {
        if (graph.IsShared(node))
        {
            _terms.Collect(_gradients, node);
            if (_terms.Count > 0)
                _gradients.ReplacePerExample(node, _terms.ToStack(graph.ShapeOf(node)));

            return _terms.Count > 0;
        }

        if (!_gradients.TryGet(node, out Expr gradient))
            return false;

        _rows.SetLike(gradient.Index, node);
        return true;
    }

    // The seed of each loss is 1, that of other values in the same stacks 0.
    private int Seed(Graph graph, ReadOnlySpan<Location> losses)
    {
        int examples = losses.Length, last = -1;
        int one = graph.OwnConstant(1).Index;
        int ones = graph.AppendStack(BroadcastOperator.Instance, examples, [one], Shape.Scalar, examples, shared: false);
        _rows.Set(ones, [.. Enumerable.Range(0, examples)]);
        foreach (int node in losses.ToArray().Select(loss => loss.Node).Distinct())
        {
            last = Math.Max(last, node);
            if (!_gradients.IsNeeded(node))
                continue;

            _moves.Clear();
            for (int i = 0; i < examples; i++)
            {
                if (losses[i].Node == node)
                    _moves.Add(new Move(0, i, graph.IsShared(node) ? _moves.Count : losses[i].Offset, 1));
            }

            Shape shape = graph.ShapeOf(node);   // not a scalar where losses are elements of larger values
            int count = graph.IsShared(node) ? _moves.Count : graph.CountOf(node);
            long moves = graph.AddMoves(CollectionsMarshal.AsSpan(_moves));
            int seed = graph.AppendStack(_gradients.MoverOf(moves, count * shape.Size), moves, [ones], shape, count, shared: false);
            _gradients.AddSeed(node, seed);
        }

        return last;
    }

    private static int ClipWeights(Graph graph, ReadOnlySpan<int> norms, int examples, double clipNorm)
    {
        int[] inputs = [.. norms.ToArray().Where(node => node >= 0)];
        return inputs.Length == 0 ? -1
            : graph.AppendStack(new ClipWeightsOperator(clipNorm), 0, inputs, Shape.Scalar, examples, shared: false);
    }
}
