using System.Runtime.InteropServices;
using BlasNet.Graphs;
using BlasNet.Planning;

namespace BlasNet.Execution;

/// <summary>A plan with the graph that it is for, and where to read what it computes.</summary>
internal sealed class CompiledPlan(Precision precision, Pipeline pipeline)
{
    private readonly PlanKey _key = new(precision);
    private readonly List<Location> _roundPlaces = [];   // of what stays of a round, by node

    /// <summary>The plan's graph. Once another plan is made it is free: the pipeline exchanges it for the other plan's.</summary>
    public Graph Spare { get; set; } = new(precision);

    /// <summary>What to compute, and where.</summary>
    public Plan Plan { get; } = new();

    /// <summary>Where the requested values are.</summary>
    public Roots Roots { get; } = new();

    /// <summary>Whether the plan can be found again; another one takes the place of one that cannot.</summary>
    public bool IsKept { get; private set; }

    /// <summary>How many microbatches hold the plan: while it is above 0, no other takes its place.</summary>
    public int Holders { get; set; }

    /// <summary>Parameters whose gradient is zero, since the loss does not depend on them.</summary>
    public List<Parameter> Untouched { get; } = [];

    /// <summary>For each parameter the output that holds the norms of the examples' gradients; −1 if all are 0. Empty if they were not asked for.</summary>
    public List<int> NormOutputs { get; } = [];

    /// <summary>Where an output lies: a node of the plan's graph, the first element in its stack, and the number of elements.</summary>
    public (int Node, int Offset, int Length) OutputAt(int output)
    {
        ((int node, int offset), int length) = Roots.Outputs[output];
        return (node, offset, length);
    }

    /// <summary>Whether the plan can be used for a request. If it can, what stays of a round is said.</summary>
    public bool TryFit(in PlanRequest request)
    {
        if (!IsKept || !_key.TryFit(request))
            return false;

        request.Round?.TakePlaces(CollectionsMarshal.AsSpan(_roundPlaces));
        return true;
    }

    /// <summary>Whether the plan can be used again for its graph over other data.</summary>
    public bool TryFitAgain() => IsKept && _key.TryFitNumbers(Plan.Graph.Data);

    /// <summary>Makes the plan of a request.</summary>
    /// <param name="request">What is wanted.</param>
    /// <param name="keep">Whether the plan may be found again.</param>
    /// <param name="scans">Whether the steps of recurrences are one node.</param>
    /// <param name="times">Receives the time of each phase.</param>
    public void Compile(in PlanRequest request, bool keep, bool scans, PhaseTimes times)
    {
        IsKept = false;   // after an error there is no plan
        Untouched.Clear();
        NormOutputs.Clear();
        if (keep)
            _key.Take(request);

        Roots.Take(request);
        pipeline.Run(this, request, keep, scans, times);
        if (keep)
            Keep(request);

        IsKept = keep;
    }

    private void Keep(in PlanRequest request)
    {
        _key.TakeNumbers(Plan.Graph, pipeline.Integers);
        _roundPlaces.Clear();
        if (request.Round is { } round)
            _roundPlaces.AddRange(round.Places(request.Graph));
    }
}
