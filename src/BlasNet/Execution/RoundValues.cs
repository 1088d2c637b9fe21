using BlasNet.Batching;
using BlasNet.Graphs;

namespace BlasNet.Execution;

/// <summary>Which values of a round stay for the rounds after it, and where they are: those of the examples' graph, and for a backward pass all
/// others.</summary>
/// <remarks>They are outputs of the round's plan, after those that were asked for. What only moves numbers does not stay; it is done again where
/// needed.</remarks>
internal sealed class RoundValues(Tape? tape)
{
    private readonly List<(int Node, int Output)> _recorded = [];
    private readonly List<Location> _recordedPlaces = [];
    private Location[] _places = [];   // by node of the round's graph: an output and the first element there
    private int[] _outputOf = [];      // by node of the batched graph, + 1
    private int _asked;

    /// <summary>What rounds compute, for a backward pass; null where none follows.</summary>
    public Tape? Tape => tape;

    /// <summary>Nodes of the tape and the outputs that are their values.</summary>
    public List<(int Node, int Output)> Recorded => _recorded;

    /// <summary>Where the value of a node of the round's graph is: the number of an output, and the first element; the number is −1 if it does not
    /// stay.</summary>
    public Location PlaceOf(int node) => _places[node];

    /// <summary>Where an output that <see cref="PlaceOf"/> gives is on the tape.</summary>
    public Location RecordedPlaceOf(int output) => _recordedPlaces[output - _asked];

    /// <summary>The places of a round's nodes, to be kept with its plan.</summary>
    public ReadOnlySpan<Location> Places(Graph round) => _places.AsSpan(0, round.Count);

    /// <summary>Takes the places of a round of the same structure, whose plan is used again.</summary>
    public void TakePlaces(ReadOnlySpan<Location> places)
    {
        Reserve(places.Length);
        places.CopyTo(_places);
    }

    /// <summary>Asks for the values of the examples' graph.</summary>
    /// <param name="round">The round's graph.</param>
    /// <param name="batch">The pass that has batched it; null if it is as it was.</param>
    /// <param name="batched">The outcome.</param>
    /// <param name="roots">Receives the outputs.</param>
    public void TakeBatched(Graph round, Batch? batch, Graph batched, Roots roots)
    {
        _asked = roots.Outputs.Count;
        _recorded.Clear();
        Reserve(Math.Max(round.Count, batched.Count));
        Array.Clear(_outputOf, 0, batched.Count);
        for (int node = 0; node < round.Count; node++)
        {
            var place = new Location(node);
            bool stays = IsComputed(round, node) && (batch is null || batch.TryLocate(node, out place)) && IsComputed(batched, place.Node);
            _places[node] = stays ? new Location(OutputOf(batched, place.Node, roots), place.Offset) : new Location(-1);
        }
    }

    /// <summary>Asks for all values that have been recorded.</summary>
    public void TakeRecorded(Graph graph, Roots roots)
    {
        _recordedPlaces.Clear();
        for (int output = _asked; output < roots.Outputs.Count; output++)
        {
            Location place = roots.Outputs[output].Place;
            _recordedPlaces.Add(new Location(Tape!.Locate(place.Node).Node, place.Offset));
        }

        for (int node = 0; node < graph.Count; node++)
        {
            if (!IsComputed(graph, node))
                continue;

            _recorded.Add((Tape!.Locate(node).Node, roots.Outputs.Count));
            roots.Outputs.Add((new Location(node), graph.LengthOf(node)));
        }
    }

    private void Reserve(int nodes)
    {
        if (_places.Length < nodes)
            (_places, _outputOf) = (new Location[2 * nodes], new int[2 * nodes]);
    }

    private static bool IsComputed(Graph graph, int node)
    {
        ref readonly NodeType type = ref graph.TypeOf(node);
        return type is { InputCount: > 0, ResultNodes: 0 } && type.Operator.Storage != Storage.Moves;
    }

    private int OutputOf(Graph batched, int node, Roots roots)
    {
        ref int output = ref _outputOf[node];
        if (output == 0)
        {
            roots.Outputs.Add((new Location(node), batched.LengthOf(node)));
            output = roots.Outputs.Count;
        }

        return output - 1;
    }
}
