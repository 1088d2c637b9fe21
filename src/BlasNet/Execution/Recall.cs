using BlasNet.Graphs;

namespace BlasNet.Execution;

/// <summary>Puts data in the place of values that rounds have computed, and leaves out what only these needed.</summary>
internal sealed class Recall(Graph target) : NodeRewrite(target)
{
    /// <summary>Whose values are known.</summary>
    public Tape Tape { get; set; } = null!;

    protected override bool FindChanges(Graph source, ReadOnlySpan<int> kept)
    {
        MarkNeeded(source, kept, node => Tape.TryGet(node, out _));
        return true;
    }

    protected override void Rewrite(Graph source, int node)
    {
        if (IsNeeded(node) && !Tape.TryGet(node, out _))
            Rewriter.Copy(node);
        else
            Rewriter[node] = -1;

        ResultRange results = source.ResultsOf(node);
        for (int result = results.First; result < results.End; result++)
        {
            if (IsNeeded(result) && Tape.TryGet(result, out long place))
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
