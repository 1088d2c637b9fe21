using BlasNet.Graphs;

namespace BlasNet.Execution;

/// <summary>Puts data in the place of values that rounds have computed, and leaves out what only these needed.</summary>
internal sealed class Recall(Graph target) : NodeRewrite(target)
{
    private bool[] _needed = [];

    /// <summary>Whose values are known.</summary>
    public Tape Tape { get; set; } = null!;

    protected override bool FindChanges(Graph source, ReadOnlySpan<int> kept)
    {
        if (_needed.Length < source.Count)
            _needed = new bool[source.Capacity];

        Array.Clear(_needed, 0, source.Count);
        foreach (int node in kept)
        {
            if (node >= 0)
                _needed[node] = true;
        }

        for (int node = source.Count - 1; node >= 0; node--)
        {
            if (!_needed[node] || Tape.TryGet(node, out _))
                continue;

            foreach (int input in source.InputsOf(node))
                _needed[input] = true;
        }

        return true;
    }

    protected override void Rewrite(Graph source, int node)
    {
        if (_needed[node] && !Tape.TryGet(node, out _))
            Rewriter.Copy(node);
        else
            Rewriter[node] = -1;

        ResultRange results = source.ResultsOf(node);
        for (int result = results.First; result < results.End; result++)
        {
            if (_needed[result] && Tape.TryGet(result, out long place))
                Rewriter[result] = AppendData(source, result, place);
        }
    }

    private int AppendData(Graph source, int node, long place)
    {
        ref readonly NodeType type = ref source.TypeOf(node);
        Operator data = type.IsShared ? ConstantOperator.Instance : InputOperator.Instance;
        return Target.AppendStack(data, place, [], type.Shape, type.Count, type.IsShared);
    }
}
