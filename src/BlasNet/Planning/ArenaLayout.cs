using BlasNet.Graphs;

namespace BlasNet.Planning;

/// <summary>Gives each buffer of the arena its range.</summary>
/// <remarks>A buffer has its range from the first kernel that writes to it to the last node that needs it; then another may have it. An element-wise
/// operator takes over the range of an input that dies with it. Invariant: ranges of buffers that are needed at once do not overlap. Time O(N + E).</remarks>
internal sealed class ArenaLayout
{
    private const int None = -1;

    private readonly OffsetAllocator _arena = new();
    private Plan _plan = null!;
    private Liveness _liveness = null!;
    private int[] _ranges = [];   // by buffer: the allocator's handle, from the first write until it is given back or passed on

    /// <param name="plan">Receives the offset of each buffer, and the length of the arena.</param>
    /// <param name="usage">Of the plan's graph.</param>
    /// <param name="liveness">Of the plan's buffers.</param>
    /// <param name="mayReuse">Whether a range may have several buffers, one after another.</param>
    public void Run(Plan plan, Usage usage, Liveness liveness, bool mayReuse)
    {
        (_plan, _liveness) = (plan, liveness);
        Graph graph = plan.Graph;
        if (_ranges.Length < graph.Count)
            _ranges = new int[graph.Capacity];

        Array.Fill(_ranges, None, 0, graph.Count);
        _arena.Clear();
        for (int node = 0; node < graph.Count; node++)
        {
            if (usage.IsNeeded(node))
                PlaceResults(graph.ResultsOf(node), usage, mayReuse);

            if (mayReuse)
                FreeDying(node);
        }

        plan.ArenaLength = _arena.Peak;
    }

    // All results at once: one kernel writes them.
    private void PlaceResults(ResultRange results, Usage usage, bool mayReuse)
    {
        for (int result = results.First; result < results.End; result++)
        {
            int buffer = _plan[result].Buffer;
            if (!usage.IsNeeded(result) || !_plan.OwnsBuffer(buffer) || _ranges[buffer] != None)
                continue;

            int range = mayReuse && buffer == result ? TakeOver(result) : None;
            _ranges[buffer] = range != None ? range : _arena.Allocate(_plan.Graph.LengthOf(buffer));
            _plan[buffer] = _plan[buffer] with { Offset = _arena.OffsetOf(_ranges[buffer]) };
        }
    }

    private void FreeDying(int node)
    {
        for (int dying = _liveness.FirstDyingAt(node); dying >= 0; dying = _liveness.NextDyingAfter(dying))
        {
            if (_ranges[dying] != None)
                _arena.Free(_ranges[dying]);

            _ranges[dying] = None;
        }
    }

    // The range of an input that dies here, has this node's length, and is read element by element.
    private int TakeOver(int node)
    {
        Graph graph = _plan.Graph;
        if (graph.OperatorOf(node).Storage != Storage.InPlace)
            return None;

        foreach (int input in graph.InputsOf(node))
        {
            int buffer = _plan[input].Buffer, range = _ranges[buffer];
            if (range == None || _liveness.LastUseOf(buffer) != node || graph.LengthOf(buffer) != graph.LengthOf(node) || !ReadsWhole(node, buffer))
                continue;

            _ranges[buffer] = None;
            return range;
        }

        return None;
    }

    // Element i of the output may take the place of element i of the input, but of no other.
    private bool ReadsWhole(int node, int buffer)
    {
        foreach (int input in _plan.Graph.InputsOf(node))
        {
            if (_plan[input].IsIndexed || (_plan[input].Buffer == buffer && _plan.Graph.LengthOf(input) != _plan.Graph.LengthOf(node)))
                return false;
        }

        return true;
    }
}
