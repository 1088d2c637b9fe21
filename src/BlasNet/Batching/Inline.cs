using BlasNet.Graphs;
using BlasNet.Graphs.Functions;
using BlasNet.Operators.Intrinsics;

namespace BlasNet.Batching;

/// <summary>Copies a graph with the body of each function in the place of its calls: a stack of n calls becomes the body's nodes, each a stack of n.</summary>
/// <remarks>Time O(N + E) of the result.</remarks>
internal sealed class Inline(Graph target) : NodeRewrite(target)
{
    private readonly List<Rewriter> _bodies = [];   // one for each depth of calls within calls

    /// <summary>What rewrites a body with its cells fused, once; null where bodies are put in as they are.</summary>
    public Func<Body, FusedBody>? Fuse { get; init; }

    protected override void Rewrite(Graph source, int node)
    {
        if (source.OperatorOf(node) is CallOperator { Body: var body })
            Place(source, node, Expand(body, Rewriter.InputsOf(node), depth: 0));
        else
            Rewriter.Copy(node);
    }

    private void Place(Graph source, int call, Expansion body)
    {
        ResultRange results = source.ResultsOf(call);
        for (int i = 0; i < results.Count; i++)
            Rewriter[results[i]] = SpreadOver(source, call, body[i]);
    }

    // What a call's readers expect is a value for each of its stack, also of a result that depends on shared values alone.
    private int SpreadOver(Graph source, int call, int result)
    {
        int count = source.CountOf(call);
        if (source.IsShared(call) || (Target.CountOf(result) == count && !Target.IsShared(result)))
            return result;

        foreach (int input in source.InputsOf(call))
        {
            if (source.CountOf(input) == count && !source.IsShared(input))
                return Target.AppendStack(SpreadOperator.Instance, 0, [result, Rewriter[input]], Target.ShapeOf(result), count, shared: false);
        }

        throw new InvalidOperationException($"Error in BlasNet: no argument of {source.At(call)} is a stack like its results.");
    }

    /// <summary>Adds to the target the nodes of a call that is part of it.</summary>
    /// <returns>Where its results have gone.</returns>
    public int[] Expand(Body body, int call)
    {
        Expansion expansion = Expand(body, Target.InputsOf(call), depth: 0);
        return [.. body.Outputs.Select((_, result) => expansion[result])];
    }

    // The body's nodes with a call's inputs in the place of the arguments.
    private Expansion Expand(Body body, ReadOnlySpan<int> arguments, int depth)
    {
        FusedBody? fused = Fuse is null ? null : body.Fused ??= Fuse(body);
        Graph graph = fused?.Graph ?? body.Graph;
        if (_bodies.Count == depth)
            _bodies.Add(new Rewriter(Target));

        Rewriter rewriter = _bodies[depth];
        rewriter.Continue(graph);
        for (int node = 0; node < graph.Count; node++)
        {
            Operator op = graph.OperatorOf(node);
            if (op == ArgumentOperator.Instance)
                rewriter[node] = arguments[(int)graph.AttributeOf(node)];
            else if (op is CallOperator { Body: var callee })
                Place(rewriter, graph.ResultsOf(node), Expand(callee, rewriter.InputsOf(node), depth + 1));
            else if (graph.InputsOf(node).IsEmpty)
                rewriter.Copy(node);
            else if (!rewriter.IsResult(node))
                rewriter[node] = AppendOfBody(rewriter, node, op);
        }

        return new Expansion(rewriter, fused?.Outputs ?? body.Outputs);
    }

    private static void Place(Rewriter caller, ResultRange results, Expansion body)
    {
        for (int i = 0; i < results.Count; i++)
            caller[results[i]] = body[i];
    }

    // What a body computes once for one call is computed once for each of a stack.
    private int AppendOfBody(Rewriter rewriter, int node, Operator op)
    {
        ReadOnlySpan<int> inputs = rewriter.InputsOf(node);
        int count = 1;
        bool shared = true;
        foreach (int input in inputs)
        {
            count = Math.Max(count, Target.CountOf(input));
            shared &= Target.IsShared(input);
        }

        return rewriter.Append(node, op, inputs, count, shared);
    }

    // A body's copy, until the next call of its depth is expanded.
    private readonly record struct Expansion(Rewriter Rewriter, int[] Outputs)
    {
        /// <summary>Where a result has gone.</summary>
        public int this[int result] => Rewriter[Outputs[result]];
    }
}
