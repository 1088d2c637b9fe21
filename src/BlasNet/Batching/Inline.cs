using BlasNet.Graphs;
using BlasNet.Graphs.Functions;
using BlasNet.Operators.Intrinsics;

namespace BlasNet.Batching;

/// <summary>Copies a graph with the body of each function in the place of its calls: a stack of n calls becomes the body's nodes, each a stack of n.</summary>
/// <remarks>Time O(N + E) of the result.</remarks>
internal sealed class Inline(Graph target) : IRewrite
{
    private int[] _map = [];
    private int[] _inputs = new int[16];

    // A call, and where the nodes of its graph have gone; without a map, nowhere.
    private readonly record struct Caller(Graph Graph, int Call, int[]? Map)
    {
        public int Argument(int index)
        {
            int node = Graph.InputsOf(Call)[index];
            return Map is null ? node : Map[node];
        }
    }

    // One for each depth of calls within calls: where a body's nodes have gone.
    private readonly List<int[]> _frames = [];

    /// <summary>What rewrites a body with its cells fused, once; null where bodies are put in as they are.</summary>
    public Func<Body, FusedBody>? Fuse { get; init; }

    public Graph Target => target;

    public int Locate(int node) => _map[node];

    public void Run(Graph source, ReadOnlySpan<int> kept)
    {
        target.ClearFor(source);
        if (_map.Length < source.Count)
            _map = new int[source.Capacity];

        Copy(source, _map, default, depth: 0);
    }

    // Nodes of a body are copied with the call's inputs in the place of the arguments.
    private void Copy(Graph source, int[] map, in Caller caller, int depth)
    {
        for (int node = 0; node < source.Count; node++)
        {
            Operator op = source.OperatorOf(node);
            if (op == ArgumentOperator.Instance)
            {
                map[node] = caller.Argument((int)source.AttributeOf(node));
                continue;
            }

            ReadOnlySpan<int> sourceInputs = source.InputsOf(node);
            if (sourceInputs.IsEmpty)
            {
                map[node] = target.CopyLeaf(source, node);
                continue;
            }

            Span<int> inputs = Room(sourceInputs.Length);
            for (int i = 0; i < inputs.Length; i++)
                inputs[i] = map[sourceInputs[i]];

            if (op.Storage == Storage.Result)
            {
                int owner = sourceInputs[0];
                map[node] = map[owner] + node - owner;
                continue;
            }

            if (op.Callee is { } body)
            {
                ResultRange results = op.ResultsAt(node);
                Expand(body, new Caller(source, node, map), map.AsSpan(results.First, results.Count), depth);
                for (int result = results.First; depth == 0 && result < results.End; result++)
                    map[result] = SpreadOver(source, node, map, map[result]);

                node = results.End - 1;
                continue;
            }

            map[node] = depth > 0 ? AppendOfBody(source, node, op, inputs)
                : target.AppendWithResults(op, target.AttributeFrom(source, node), inputs, source.ShapeOf(node), source.CountOf(node), source.IsShared(node));
            if (source.GivenNameOf(node) is string name)
                target.SetName(map[node], name);
        }
    }

    // What a call's readers expect is a value for each of its stack, also of a result that depends on shared values alone.
    private int SpreadOver(Graph source, int call, int[] map, int result)
    {
        int count = source.CountOf(call);
        if (source.IsShared(call) || (target.CountOf(result) == count && !target.IsShared(result)))
            return result;

        foreach (int input in source.InputsOf(call))
        {
            if (source.CountOf(input) == count && !source.IsShared(input))
                return target.AppendStack(SpreadOperator.Instance, 0, [result, map[input]], target.ShapeOf(result), count, shared: false);
        }

        throw new InvalidOperationException($"Error in BlasNet: no argument of {source.At(call)} is a stack like its results.");
    }

    /// <summary>Adds to the target the nodes of a call that is part of it.</summary>
    /// <returns>Where its results have gone.</returns>
    public int[] Expand(Body body, int call)
    {
        int[] nodes = new int[body.Outputs.Length];
        Expand(body, new Caller(target, call, null), nodes, depth: 0);
        return nodes;
    }

    private void Expand(Body body, in Caller caller, Span<int> results, int depth)
    {
        while (_frames.Count <= depth)
            _frames.Add([]);

        FusedBody? fused = Fuse is null ? null : body.Fused ??= Fuse(body);
        Graph graph = fused?.Graph ?? body.Graph;
        int[] outputs = fused?.Outputs ?? body.Outputs;
        if (_frames[depth].Length < graph.Count)
            _frames[depth] = new int[graph.Capacity];

        int[] frame = _frames[depth];
        Copy(graph, frame, caller, depth + 1);
        for (int i = 0; i < outputs.Length; i++)
            results[i] = frame[outputs[i]];
    }

    // What a body computes once for one call is computed once for each of a stack.
    private int AppendOfBody(Graph source, int node, Operator op, ReadOnlySpan<int> inputs)
    {
        int count = 1;
        bool shared = true;
        foreach (int input in inputs)
        {
            count = Math.Max(count, target.CountOf(input));
            shared &= target.IsShared(input);
        }

        return target.AppendWithResults(op, source.AttributeOf(node), inputs, source.ShapeOf(node), count, shared);
    }

    private Span<int> Room(int length)
    {
        if (_inputs.Length < length)
            _inputs = new int[2 * length];

        return _inputs.AsSpan(0, length);
    }
}
