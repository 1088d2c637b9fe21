using BlasNet.Graphs;

namespace BlasNet.Rounds;

/// <summary>Where the values lie that rounds have computed, by node of the examples' graph: as the attribute of a data node.</summary>
internal sealed class KnownPlaces
{
    private long[] _places = [];   // the complement, so that 0 stands for none
    private int _end;

    /// <summary>Forgets all of them.</summary>
    public void Clear()
    {
        Array.Clear(_places, 0, _end);
        _end = 0;
    }

    public bool TryGet(int node, out long place)
    {
        place = node < _end ? ~_places[node] : -1;
        return place != -1;
    }

    /// <summary>Notes where a node's value lies.</summary>
    public void Set(Graph graph, int node, long place)
    {
        if (_places.Length < graph.Count)
            Array.Resize(ref _places, graph.Capacity);

        _places[node] = ~place;
        _end = Math.Max(_end, node + 1);
    }
}
