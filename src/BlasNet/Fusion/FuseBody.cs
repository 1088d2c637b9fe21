using BlasNet.Graphs;
using BlasNet.Graphs.Functions;

namespace BlasNet.Fusion;

/// <summary>Rewrites a function's body with each region of element-wise operators as one, which knows its own gradient.</summary>
/// <remarks>
/// A region has no way out and in again: all its nodes have as many products and other operators before them on the longest path. What
/// depends on one of several arguments alone, by a product, stays outside: a recurrence's input product, which does not depend on the state, is
/// then computed for all steps at once. So does a product's bias, which costs nothing there.
/// </remarks>
internal static class FuseBody
{
    public static FusedBody Run(Body body)
    {
        Graph source = body.Graph;
        var regions = new Regions(source, body.Outputs);
        var target = new Graph(source.Precision, source.Model) { IsBody = true };
        var map = new int[source.Count];
        foreach (int node in regions.Order)
        {
            int region = regions.RegionOf(node);
            if (region < 0 || regions.ResultsOf(region).Count > FusedCell.MaxResults)
                map[node] = Copy(source, node, target, map);
            else if (region == node)
                Fuse(source, regions.MembersOf(region), regions.ResultsOf(region), target, map);
        }

        return new FusedBody(target, [.. body.Outputs.Select(output => map[output])]);
    }

    private static int Copy(Graph source, int node, Graph target, int[] map)
    {
        Operator op = source.OperatorOf(node);
        if (op == ArgumentOperator.Instance)
            return target.AppendStack(op, source.AttributeOf(node), [], source.ShapeOf(node), 1, source.IsShared(node));

        if (source.InputsOf(node).IsEmpty)
            return target.CopyLeaf(source, node);

        if (op.Storage == Storage.Result)
            return map[source.InputsOf(node)[0]] + 1 + (int)source.AttributeOf(node);

        int[] inputs = [.. source.InputsOf(node).ToArray().Select(input => map[input])];
        return target.AppendWithResults(op, source.AttributeOf(node), inputs, source.ShapeOf(node), 1, source.IsShared(node));
    }

    // The region as a graph of its own, whose arguments are the values it reads.
    private static void Fuse(Graph source, IReadOnlyList<int> members, IReadOnlyList<int> results, Graph target, int[] map)
    {
        var cell = new Graph(source.Precision, source.Model) { IsBody = true };
        var inside = new Dictionary<int, int>();
        var inputs = new List<int>();
        foreach (int node in members)
        {
            foreach (int input in source.InputsOf(node))
            {
                if (inside.ContainsKey(input))
                    continue;

                if (Regions.IsNumber(source, input))
                {
                    inside[input] = cell.CopyLeaf(source, input);
                    continue;
                }

                inside[input] = cell.AppendStack(ArgumentOperator.Instance, inputs.Count, [], source.ShapeOf(input), 1, source.IsShared(input));
                inputs.Add(map[input]);
            }

            int[] operands = [.. source.InputsOf(node).ToArray().Select(input => inside[input])];
            inside[node] = cell.AppendStack(source.OperatorOf(node), source.AttributeOf(node), operands, source.ShapeOf(node), 1, shared: false);
        }

        FusedOperator fused = new FusedCell(cell, [.. results.Select(result => inside[result])], keep: true).Operator;
        int call = target.AppendWithResults(fused, 0, [.. inputs], fused.ResultShape(0), 1, shared: false);
        for (int i = 0; i < results.Count; i++)
            map[results[i]] = target.ResultsOf(call)[i];
    }
}
