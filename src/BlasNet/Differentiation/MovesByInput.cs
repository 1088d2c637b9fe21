using System.Runtime.InteropServices;
using BlasNet.Graphs;

namespace BlasNet.Differentiation;

/// <summary>The moves of a gather or scatter-add, input by input: those that a gradient takes back to one of them.</summary>
/// <remarks>A node's gradient rule asks for one input after another, so the node that was sorted last is remembered.</remarks>
internal sealed class MovesByInput
{
    private readonly List<Move> _moves = [];   // sorted by input
    private int[] _starts = [];                // by input: the first of its moves
    private int _node = -1;

    /// <summary>Forgets the node that was sorted last: another graph follows.</summary>
    public void Clear() => _node = -1;

    /// <summary>The moves that read an input of a node, in their order.</summary>
    public ReadOnlySpan<Move> Of(Graph graph, int node, int input)
    {
        if (node != _node)
            Sort(graph, node);

        return CollectionsMarshal.AsSpan(_moves)[_starts[input].._starts[input + 1]];
    }

    // A counting sort, for all inputs at once. The starts are kept one position ahead, and filling moves them to where they belong.
    private void Sort(Graph graph, int node)
    {
        _node = node;
        ReadOnlySpan<Move> moves = graph.MovesOf(node);
        int inputs = graph.InputsOf(node).Length;
        if (_starts.Length < inputs + 2)
            _starts = new int[2 * inputs + 2];

        Array.Clear(_starts, 0, inputs + 2);
        foreach (ref readonly Move move in moves)
            _starts[move.Input + 2]++;

        for (int input = 2; input <= inputs; input++)
            _starts[input] += _starts[input - 1];

        CollectionsMarshal.SetCount(_moves, moves.Length);
        Span<Move> sorted = CollectionsMarshal.AsSpan(_moves);
        foreach (ref readonly Move move in moves)
            sorted[_starts[move.Input + 1]++] = move;
    }
}
