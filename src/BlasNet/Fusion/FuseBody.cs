using BlasNet.Graphs;
using BlasNet.Graphs.Functions;

namespace BlasNet.Fusion;

/// <summary>Rewrites a function's body with each region of element-wise operators as one, which knows its own gradient.</summary>
/// <remarks>
/// A region has no way out and in again: all its nodes have as many products and other operators before them on the longest path. A product's bias stays
/// outside, where it costs nothing, if the region is one without it.
/// </remarks>
internal static class FuseBody
{
    public static FusedBody Run(Body body) => Run(body.Graph, body.Outputs);

    /// <param name="source">A body's graph.</param>
    /// <param name="outputs">Its results.</param>
    public static FusedBody Run(Graph source, int[] outputs)
    {
        var regions = new Regions(source, outputs);
        var rewriter = new Rewriter(new Graph(source.Precision, source.Model) { IsBody = true });
        rewriter.Continue(source);
        foreach (int node in regions.Order)
        {
            int region = regions.RegionOf(node);
            if (region < 0 || regions.ResultsOf(region).Count > FusedCell.MaxResults)
                rewriter.Copy(node);
            else if (region == node)
                Fuse(source, regions.MembersOf(region), regions.ResultsOf(region), rewriter);
        }

        return new FusedBody(rewriter.Target, [.. outputs.Select(output => rewriter[output])]);
    }

    // The region as a graph of its own, whose arguments are the values it reads.
    private static void Fuse(Graph source, IReadOnlyList<int> members, IReadOnlyList<int> results, Rewriter outside)
    {
        Graph target = outside.Target;
        var inside = new Rewriter(new Graph(source.Precision, source.Model) { IsBody = true });
        inside.Continue(source);
        inside.ForgetPlaces();
        var inputs = new List<int>();
        foreach (int node in members)
        {
            foreach (int input in source.InputsOf(node))
            {
                if (inside[input] >= 0)
                    continue;

                if (Regions.IsNumber(source, input))
                {
                    inside.Copy(input);
                    continue;
                }

                inside[input] = inside.Target.AppendStack(ArgumentOperator.Instance, inputs.Count, [], source.ShapeOf(input), 1, source.IsShared(input));
                inputs.Add(outside[input]);
            }

            inside.Copy(node);
        }

        FusedOperator fused = new FusedCell(inside.Target, [.. results.Select(result => inside[result])], keep: true).Operator;
        int call = target.AppendWithResults(fused, 0, [.. inputs], fused.ResultShape(0, default), 1, shared: false);
        for (int i = 0; i < results.Count; i++)
            outside[results[i]] = target.ResultsOf(call)[i];
    }
}
