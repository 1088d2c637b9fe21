using BlasNet.Batching;
using BlasNet.Graphs;

namespace BlasNet.Execution;

/// <summary>The batched graphs of all rounds, one after another: what a backward pass over all of them differentiates.</summary>
/// <remarks>A value that a round has read as data of an earlier round is here the node that computed it. This rewrite adds to its target. Values whose place is
/// known become data again by <see cref="Recall"/>.</remarks>
internal sealed class Tape(Graph target) : IRewrite
{
    private readonly Rewriter _rewriter = new(target);
    private readonly StackBuilder _operand = new();
    private readonly List<Location> _lenders = [];   // by number of the borrowed columns: where they are here
    private long[] _places = [];                     // by node: the complement of the attribute of its data; 0 where there is none
    private int _end;

    /// <inheritdoc/>
    public Graph Target => target;

    /// <summary>Starts over, for rounds over the data of the examples' graph.</summary>
    public void Clear(Graph examples)
    {
        target.ClearFor(examples);
        _operand.Begin(target);
        _lenders.Clear();
        Array.Clear(_places, 0, _end);
        _end = 0;
    }

    /// <summary>Says where a node's value lies.</summary>
    /// <param name="node">Of the tape.</param>
    /// <param name="place">The attribute of a data node.</param>
    public void Know(int node, long place)
    {
        if (_places.Length < target.Count)
            Array.Resize(ref _places, target.Capacity);

        _places[node] = ~place;
        _end = Math.Max(_end, node + 1);
    }

    /// <summary>Says what columns that were borrowed next are.</summary>
    public void KnowLender(Location place) => _lenders.Add(place);

    /// <summary>Where the value of a node lies as data, if that is known.</summary>
    public bool TryGet(int node, out long place)
    {
        place = node < _end ? ~_places[node] : -1;
        return place != -1;
    }

    /// <inheritdoc/>
    public void Run(Graph source, ReadOnlySpan<int> kept)
    {
        _rewriter.Continue(source);
        for (int node = 0; node < source.Count; node++)
        {
            ref readonly NodeType type = ref source.TypeOf(node);
            if (type.Operator.Merging == Merging.Data || type.Operator == ConstantOperator.Instance)
                CopyData(source, node);
            else if (type.Operator.HasMoves && type.Operator.Storage == Storage.Moves)
                CopyGather(source, node);
            else
                _rewriter.Copy(node);
        }
    }

    /// <inheritdoc/>
    public Location Locate(int node) => new(_rewriter[node]);

    private void CopyData(Graph source, int node)
    {
        long attribute = source.AttributeOf(node);
        if (!DataPools.IsBorrowed(attribute, out int lender))
        {
            _rewriter.Copy(node);
            return;
        }

        ((int stack, int offset), int column) = (_lenders[lender], (int)attribute);
        _operand.Clear();
        _operand.Add(stack, checked(offset + (column * source.ShapeOf(node).Rows)), source.LengthOf(node));
        _rewriter[node] = _operand.ToOperand(source.ShapeOf(node), source.CountOf(node), source.IsShared(node));
    }

    // Gathers of what has been gathered become one.
    private void CopyGather(Graph source, int node)
    {
        ReadOnlySpan<int> inputs = source.InputsOf(node);
        _operand.Clear();
        foreach (Move move in source.MovesOf(node))
            _operand.Add(_rewriter[inputs[move.Input]], move.Source, move.Length);

        _rewriter[node] = _operand.ToOperand(source.ShapeOf(node), source.CountOf(node), source.IsShared(node));
        target.TakeName(_rewriter[node], source, node);
    }
}
