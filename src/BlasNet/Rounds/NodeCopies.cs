using BlasNet.Graphs;

namespace BlasNet.Rounds;

/// <summary>Copies nodes of the examples' graph into another one as their users would have added them, and knows where each has gone.</summary>
internal sealed class NodeCopies
{
    private Graph _source = null!, _target = null!;
    private int[] _copyOf = [], _inputs = new int[8];

    /// <summary>Where a node has gone; of those of an earlier copy, where they went then.</summary>
    public int this[int node]
    {
        get => _copyOf[node];
        set => _copyOf[node] = value;
    }

    /// <summary>Empties the target, which takes the source's numbers and mode as its own.</summary>
    public void Begin(Graph source, Graph target)
    {
        (_source, _target) = (source, target);
        target.ClearFor(source);
        (target.IsTraining, target.RandomSeed) = (source.IsTraining, source.RandomSeed);
        if (_copyOf.Length < source.Count)
            Array.Resize(ref _copyOf, source.Capacity);
    }

    /// <summary>Marks all nodes as not copied: −1.</summary>
    public void ForgetPlaces() => Array.Fill(_copyOf, -1, 0, _source.Count);

    /// <summary>Copies a node, whose inputs have been copied, with its results.</summary>
    /// <returns>The copy.</returns>
    public int Copy(int node)
    {
        ReadOnlySpan<int> inputs = _source.InputsOf(node);
        if (_inputs.Length < inputs.Length)
            _inputs = new int[2 * inputs.Length];

        for (int i = 0; i < inputs.Length; i++)
            _inputs[i] = _copyOf[inputs[i]];

        int copy = _target.AppendLike(_source, node, _inputs.AsSpan(0, inputs.Length));
        int results = _source.TypeOf(node).ResultNodes;
        for (int i = 0; i <= results; i++)
            _copyOf[node + i] = copy + i;

        return copy;
    }
}
