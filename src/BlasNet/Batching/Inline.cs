using BlasNet.Graphs;
using BlasNet.Graphs.Functions;
using BlasNet.Operators.Intrinsics;

namespace BlasNet.Batching;

/// <summary>Copies a graph with the body of each function in the place of its calls: a stack of n calls becomes the body's nodes, each a stack of n.</summary>
/// <remarks>Time O(N + E) of the result.</remarks>
internal sealed class Inline(Graph target) : NodeRewrite(target)
{
    private readonly List<Rewriter> _bodies = [];   // one for each depth of calls within calls
    private readonly StackBuilder _order = new();

    /// <summary>What rewrites a body with its cells fused, once; null where bodies are put in as they are.</summary>
    public Func<Body, FusedBody>? Fuse { get; init; }

    /// <summary>Whether the recurrences of bodies stay nodes, each a stack of as many as there are calls. Batching follows, which merges those
    /// of all calls.</summary>
    public bool KeepsRecurrences { get; set; }

    protected override void Rewrite(Graph source, int node)
    {
        Operator op = source.OperatorOf(node);
        if (op is CallOperator { Body: var body })
            Place(source, node, Expand(body, Rewriter.InputsOf(node), depth: 0));
        else if (op is RecurrenceOperator)
            Place(Rewriter, source.ResultsOf(node), Expand(source, node, Rewriter.InputsOf(node), depth: 0));
        else
            Rewriter.Copy(node);
    }

    private void Place(Graph source, int call, Expansion body)
    {
        ResultRange results = source.ResultsOf(call);
        for (int i = 0; i < results.Count; i++)
            Rewriter[results[i]] = SpreadOver(source, call, body[i]);
    }

    private int SpreadOver(Graph source, int call, int result) =>
        SpreadTo(result, Rewriter.InputsOf(call), source.CountOf(call), source.IsShared(call));

    // A call's readers expect one value for each call of the stack, also where a result depends on shared values alone.
    private int SpreadTo(int result, ReadOnlySpan<int> inputs, int count, bool shared)
    {
        if (shared || (Target.CountOf(result) == count && !Target.IsShared(result)))
            return result;

        foreach (int input in inputs)
        {
            if (Target.CountOf(input) == count && !Target.IsShared(input))
                return Target.AppendStack(SpreadOperator.Instance, 0, [result, input], Target.ShapeOf(result), count, shared: false);
        }

        throw new InvalidOperationException($"Error in BlasNet: no argument of a call with the result {Target.At(result)} is a stack like its results.");
    }

    /// <summary>Adds to the target the nodes of a call, or a recurrence, that is part of it.</summary>
    /// <returns>Where its results have gone.</returns>
    public int[] Expand(int call)
    {
        if (Target.OperatorOf(call) is not CallOperator { Body: var body })
            return Expand(Target, call, Target.InputsOf(call), depth: 0);

        Expansion expansion = Expand(body, Target.InputsOf(call), depth: 0);
        return [.. body.Outputs.Select((_, result) => expansion[result])];
    }

    // The bodies of a recurrence, level by level, with its results in the order of the vertices.
    private int[] Expand(Graph source, int node, ReadOnlySpan<int> inputs, int depth)
    {
        var op = (RecurrenceOperator)source.OperatorOf(node);
        if (KeepsRecurrences)
        {
            ResultRange results = Target.ResultsOf(Target.AppendRecurrence(op, Target.AddList(source.ListOf(node)), inputs));
            return [.. Enumerable.Range(results.First, results.Count)];
        }

        RecurrenceBody body = op.Body;
        int count = 1;
        bool shared = true;
        foreach (int input in inputs)
            (count, shared) = (Math.Max(count, Target.CountOf(input)), shared && Target.IsShared(input));

        if (shared || Target.IsBody)
        {
            var byVertex = new UnrollByVertex(Target, body, new Calls(this, depth), shared);
            return [.. Enumerable.Range(byVertex.Run(source.ListOf(node), inputs), body.StateRows.Length)];
        }

        var unroll = new Unroll();
        unroll.Begin(Target, body);
        for (int i = 0; i < count; i++)
        {
            unroll.AddRecurrence(source.ListOf(node));
            foreach (int input in inputs)
            {
                Shape shape = Target.ShapeOf(input);
                unroll.AddSource(new Unroll.ColumnSource(input, Target.CountOf(input) == 1 ? 0 : checked(i * shape.Size), shape.Rows));
            }
        }

        int first = unroll.Run(new Calls(this, depth), []);
        return [.. body.StateRows.Select((rows, part) => InOrder(unroll, first + part, count, rows))];
    }

    private int InOrder(Unroll unroll, int stack, int count, int rows)
    {
        _order.Begin(Target);
        for (int i = 0; i < count; i++)
        {
            foreach (int row in unroll.PlacesOf(i))
                _order.AddAt(_order.Length, stack, row * rows, rows);
        }

        return _order.ToOperand(new Shape(rows, _order.Length / rows / count), count, shared: false);
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
            else if (op is RecurrenceOperator)
                Place(rewriter, graph.ResultsOf(node), Expand(graph, node, rewriter.InputsOf(node), depth + 1));
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

    private static void Place(Rewriter caller, ResultRange results, int[] nodes)
    {
        for (int i = 0; i < results.Count; i++)
            caller[results[i]] = nodes[i];
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

    // A recurrence's calls become their bodies at once.
    private sealed class Calls(Inline inline, int depth) : Unroll.ICalls
    {
        public void Add(Body body, ReadOnlySpan<int> inputs, int count, bool shared, Span<int> results)
        {
            Expansion expansion = inline.Expand(body, inputs, depth);
            for (int i = 0; i < results.Length; i++)
                results[i] = inline.SpreadTo(expansion[i], inputs, count, shared);
        }
    }

    // A body's copy, until the next call of its depth is expanded.
    private readonly record struct Expansion(Rewriter Rewriter, int[] Outputs)
    {
        /// <summary>Where a result has gone.</summary>
        public int this[int result] => Rewriter[Outputs[result]];
    }
}
