using BlasNet.Graphs;
using BlasNet.Graphs.Functions;

namespace BlasNet.Planning;

/// <summary>Makes the plan of a graph: which nodes are computed, in the graph's order, and where each value lies.</summary>
/// <remarks>Four questions, one after another: who reads a value (<see cref="Usage"/>), into which buffer it is computed
/// (<see cref="DestinationChooser"/>), how long a buffer is needed (<see cref="Liveness"/>), and where it lies (<see cref="ArenaLayout"/>).
/// <see cref="Verify"/> checks the answers. Time O(N + E).</remarks>
internal sealed class BufferPlanner
{
    private readonly Usage _usage = new();
    private readonly DestinationChooser _destinations = new();
    private readonly Liveness _liveness = new();
    private readonly ArenaLayout _arena = new();

    /// <summary>Whether values may share memory over time and views replace copies; off only for comparison.</summary>
    public bool Reuse { get; set; } = true;

    /// <param name="plan">Receives the plan.</param>
    /// <param name="graph">N nodes, E edges.</param>
    /// <param name="outputs">Nodes whose values are wanted after the run.</param>
    /// <param name="gradients">Nodes to be written into the gradient buffer; each a sum of its own.</param>
    /// <param name="parameters">The parameter that each of these is the gradient of.</param>
    public void Run(Plan plan, Graph graph, ReadOnlySpan<int> outputs, ReadOnlySpan<int> gradients, ReadOnlySpan<Parameter> parameters)
    {
        plan.Begin(graph);
        _usage.Find(graph, outputs, gradients, mayIndex: Reuse);
        _destinations.Run(plan, _usage, gradients, parameters, mayShare: Reuse);
        _liveness.Find(plan, _usage, outputs);
        _arena.Run(plan, _usage, _liveness, mayReuse: Reuse);
        plan.RowIndices.Fill(plan);
        ListSteps(plan);
    }

    private static void ListSteps(Plan plan)
    {
        Graph graph = plan.Graph;
        (plan.StepCount, plan.LaunchCount, plan.CopiedBytes) = (0, 0, 0);
        for (int node = 0; node < graph.Count; node++)
        {
            if (!IsStep(plan, node))
                continue;

            plan.Steps[plan.StepCount++] = node;
            Operator op = graph.OperatorOf(node);
            var scan = op as ScanOperator;
            plan.LaunchCount += scan is null ? 1 : scan.LaunchesOver(new ScanList(graph.ListOf(node)));
            long copied = scan is not null ? scan.CopiedBy(new ScanList(graph.ListOf(node))) : op.Storage == Storage.Moves ? graph.LengthOf(node) : 0;
            plan.CopiedBytes += copied * graph.Precision.ElementBytes();
        }
    }

    // A kernel runs for a node if it writes the node's value or, where results are nodes of their own, any of these.
    private static bool IsStep(Plan plan, int node)
    {
        ref readonly Placement own = ref plan[node];
        if (own.Destination != Destination.None)
            return plan.Graph.OperatorOf(node) != ResultOperator.Instance;

        if (own.Space != Space.None)
            return false;

        ResultRange results = plan.Graph.ResultsOf(node);
        for (int result = results.First; result < results.End; result++)
        {
            if (plan[result].Destination != Destination.None)
                return true;
        }

        return false;
    }
}
