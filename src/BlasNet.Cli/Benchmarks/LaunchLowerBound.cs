using BlasNet.Batching;
using BlasNet.Execution;
using BlasNet.Graphs;
using BlasNet.Training;

namespace BlasNet.Cli.Benchmarks;

/// <summary>The number of launches below which no order of batching can go, as long as what is one launch of a single example stays one.</summary>
/// <remarks>Nodes of one kind that depend on each other cannot run together, so a kind needs as many launches as the longest path has nodes of it;
/// a node that never merges needs one of its own. Parameters, data, views and sums, which may cost nothing, are not counted.
/// Source: Chen, Xie, Zhou, "ED-Batch: Efficient Automatic Batching of Dynamic Neural Networks via Learned Finite State Machines", ICML 2023.</remarks>
internal static class LaunchLowerBound
{
    /// <param name="loss">The sum of a minibatch's losses.</param>
    /// <param name="model">With respect to whose parameters the gradient is computed too.</param>
    /// <remarks>Of the graph as it would be computed example by example: functions inlined, differentiated, simplified and fused.</remarks>
    public static int OfStep(Expr loss, Model model)
    {
        using var engine = new Engine<float>(model.Store<float>(), new EngineOptions { Batching = false, CachedPlans = 0 });
        engine.Prepare(loss.Graph, [loss], loss, [.. model.Parameters]);
        return Of(engine.Plan.Graph);
    }

    /// <summary>Time O(K·(N + E)) for K kinds.</summary>
    public static int Of(Graph graph)
    {
        var signatures = new Signatures();
        signatures.Run(graph);
        int bound = 0;
        for (int node = 0; node < graph.Count; node++)
            bound += IsLaunch(graph, node) && graph.OperatorOf(node).Merging == Merging.Never ? 1 : 0;

        var path = new int[graph.Count];
        for (int kind = 0; kind < signatures.Count; kind++)
        {
            int representative = signatures.RepresentativeOf(kind);
            if (IsLaunch(graph, representative) && graph.OperatorOf(representative).Merging != Merging.Never)
                bound += LongestPath(graph, signatures, kind, path);
        }

        return bound;
    }

    // The most nodes of one kind that lie on one path.
    private static int LongestPath(Graph graph, Signatures signatures, int kind, int[] path)
    {
        int longest = 0;
        for (int node = 0; node < graph.Count; node++)
        {
            int before = 0;
            foreach (int input in graph.InputsOf(node))
                before = Math.Max(before, path[input]);

            path[node] = before + (signatures.KindOf(node) == kind ? 1 : 0);
            longest = Math.Max(longest, path[node]);
        }

        return longest;
    }

    private static bool IsLaunch(Graph graph, int node) =>
        graph.OperatorOf(node).Storage is not (Storage.External or Storage.View or Storage.Moves or Storage.Accumulator or Storage.Result);
}
