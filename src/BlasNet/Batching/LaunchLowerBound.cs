using BlasNet.Graphs;

namespace BlasNet.Batching;

/// <summary>The number of launches below which no order of batching can go, as long as what is one launch of a single example stays one.</summary>
/// <remarks>Nodes of one signature that depend on each other cannot run together, so it needs as many launches as the longest path has nodes of it;
/// a node that never merges needs one of its own. Parameters, data, views and sums, which may cost nothing, are not counted.
/// Source: Chen, Xie, Zhou, "ED-Batch: Efficient Automatic Batching of Dynamic Neural Networks via Learned Finite State Machines", ICML 2023.</remarks>
internal static class LaunchLowerBound
{
    /// <summary>Time O(K·(N + E)) for K signatures.</summary>
    /// <param name="graph">As it would be computed example by example: functions inlined, differentiated, simplified and fused.</param>
    public static int Of(Graph graph)
    {
        var numbering = new ValueNumbering();
        var signatures = new Signatures();
        numbering.Run(graph);
        signatures.Run(graph, numbering);
        int bound = 0;
        for (int node = 0; node < graph.Count; node++)
            bound += IsLaunch(graph, node) && graph.OperatorOf(node).Merging == Merging.Never ? 1 : 0;

        int[] path = new int[graph.Count], ofNodes = new int[graph.Count];
        Array.Fill(ofNodes, -1);   // leaves, results, and what another node computes
        for (int value = 0; value < numbering.Count; value++)
            ofNodes[numbering.Nodes[value]] = signatures.OfValues[value];

        for (int signature = 0; signature < signatures.Count; signature++)
        {
            int node = signatures.NodeOf(signature);
            if (IsLaunch(graph, node) && graph.OperatorOf(node).Merging != Merging.Never)
                bound += LongestPath(graph, ofNodes, signature, path);
        }

        return bound;
    }

    // The most nodes of one signature that lie on one path.
    private static int LongestPath(Graph graph, int[] ofNodes, int signature, int[] path)
    {
        int longest = 0;
        for (int node = 0; node < graph.Count; node++)
        {
            int before = 0;
            foreach (int input in graph.InputsOf(node))
                before = Math.Max(before, path[input]);

            path[node] = before + (ofNodes[node] == signature ? 1 : 0);
            longest = Math.Max(longest, path[node]);
        }

        return longest;
    }

    private static bool IsLaunch(Graph graph, int node) =>
        graph.OperatorOf(node).Storage is not (Storage.External or Storage.View or Storage.Moves or Storage.Accumulator or Storage.Result);
}
