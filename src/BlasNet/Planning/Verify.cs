using System.Runtime.CompilerServices;
using BlasNet.Graphs;
using BlasNet.Graphs.Functions;
using BlasNet.Operators.Intrinsics;

namespace BlasNet.Planning;

/// <summary>Checks that a graph or a plan is well-formed. A violation is an error of BlasNet, not of its user, and says so.</summary>
internal static partial class Verify
{
    /// <exception cref="InvalidOperationException">The graph breaks a rule, which the message names.</exception>
    public static void Run(Graph graph)
    {
        for (int node = 0; node < graph.Count; node++)
        {
            Operator op = graph.OperatorOf(node);
            Require(graph.CountOf(node) >= 1 && graph.ShapeOf(node) is { Rows: >= 1, Columns: >= 1 }, graph, node, "has an empty value");
            Require(!graph.IsShared(node) || graph.CountOf(node) == 1, graph, node, "is shared, but no single value");
            foreach (int input in graph.InputsOf(node))
            {
                Require(input >= 0 && input < node, graph, node, $"reads %{input}, which does not come before it");
                bool fits = op.ReadsWholeStacks || graph.CountOf(input) == 1 || graph.CountOf(input) == graph.CountOf(node);
                Require(fits, graph, node, $"reads a stack of {graph.CountOf(input)}");
                Require(!graph.IsShared(node) || graph.IsShared(input), graph, node, $"is shared, but reads %{input}, which is not");
            }

            if (op.HasMoves)
                CheckMoves(graph, node, op);
            else if (op.Storage == Storage.Result)
                CheckResult(graph, node);
            else if (op is ScanOperator)
                CheckScan(graph, node);
            else if (op.HasList && op is not CompositeOperator)
                CheckSegments(graph, node);
            else if (op.Storage != Storage.External && op is not RecurrenceOperator)
                CheckShape(graph, node, op);
        }
    }

    private static void CheckShape(Graph graph, int node, Operator op)
    {
        var shapes = new List<Shape>();
        foreach (int input in graph.InputsOf(node))
            shapes.Add(graph.ShapeOf(input));

        Shape expected = op.InferShape(shapes.ToArray(), graph.AttributeOf(node));
        Require(expected == graph.ShapeOf(node), graph, node, $"should be {expected}");
    }

    private static void CheckResult(Graph graph, int node)
    {
        int owner = graph.InputsOf(node)[0], result = (int)graph.AttributeOf(node);
        Require(node == owner + 1 + result, graph, node, $"is result {result} of %{owner}, but not in its place");
        Require(graph.ShapeOf(node) == graph.OperatorOf(owner).ResultShape(result, graph.ShapeOf(owner)), graph, node, "has not the shape of the result");
    }

    private static void CheckMoves(Graph graph, int node, Operator op)
    {
        long covered = 0;
        int inputs = graph.InputsOf(node).Length;
        foreach (Move move in graph.MovesOf(node))
        {
            Require(move.Input >= 0 && move.Input < inputs, graph, node, $"has not the input of {move}");
            Require(op.Storage != Storage.Moves || move.Target == covered, graph, node, "has moves that do not follow each other");
            int input = graph.LengthOf(graph.InputsOf(node)[move.Input]), output = graph.LengthOf(node);
            Require(move.Length > 0 && IsWithin(move.Source, move.Length, input), graph, node, $"reads outside its input: {move}");
            Require(IsWithin(move.Target, move.Length, output), graph, node, $"writes outside itself: {move}");
            covered += move.Length;
        }

        Require(op.Storage != Storage.Moves || covered == graph.LengthOf(node), graph, node, $"covers {covered} of its {graph.LengthOf(node)} elements");
    }

    // Each input, and the value, has the columns of all segments.
    private static void CheckSegments(Graph graph, int node)
    {
        var op = (SegmentOperator)graph.OperatorOf(node);
        ReadOnlySpan<int> list = graph.ListOf(node), inputs = graph.InputsOf(node);
        for (int value = SegmentOperator.Output; value < inputs.Length; value++)
        {
            long columns = 0;
            for (int start = 0; start < list.Length; start += op.Width)
            {
                int own = op.ColumnsOf(list.Slice(start, op.Width), value);
                Require(own > 0, graph, node, "has an empty segment");
                columns += own;
            }

            int read = value == SegmentOperator.Output ? node : inputs[value];
            bool fits = graph.ColumnsOf(read) == columns || (value != SegmentOperator.Output && op.MayShare(value) && graph.IsShared(read));
            Require(fits, graph, node, read == node ? $"has not the {columns} columns of its segments" : $"reads {graph.At(read)}, not {columns} columns");
        }
    }

    // Every predecessor is a start or a vertex of a level before, and every vertex has a value.
    private static void CheckScan(Graph graph, int node)
    {
        var list = new ScanList(graph.ListOf(node));
        Require(list.Count == graph.CountOf(node), graph, node, $"has {list.Count} vertices");
        for (int level = 0; level < list.Levels; level++)
        {
            int start = list.StartOf(level), end = list.EndOf(level);
            Require(start < end, graph, node, $"has an empty level, {level}");
            for (int vertex = start; vertex < end; vertex++)
            {
                foreach (int place in list.PredecessorsOf(vertex))
                    Require(place >= -1 && place < list.Starts + start, graph, node, $"has a vertex, {vertex}, that starts from a later one");
            }
        }
    }

    private static bool IsWithin(int start, int length, int all) => start >= 0 && start + length <= all;

    private static void Require(bool condition, Graph graph, int node, [InterpolatedStringHandlerArgument(nameof(condition))] ref RuleText rule)
    {
        if (!condition)
            Require(condition, graph, node, rule.ToStringAndClear());
    }

    private static void Require(bool condition, Graph graph, int node, string rule)
    {
        if (!condition)
            throw new InvalidOperationException($"Error in BlasNet: node %{node} {graph.At(node)} {rule}.");
    }
}
