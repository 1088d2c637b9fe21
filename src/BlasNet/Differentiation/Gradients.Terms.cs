using System.Runtime.InteropServices;
using BlasNet.Graphs;
using BlasNet.Operators.Intrinsics;

namespace BlasNet.Differentiation;

/// <content>The contributions to a node's gradient, as one expression or as several.</content>
internal sealed partial class Gradients
{
    /// <summary>Nodes whose sum is the gradient with respect to a node. Contributions to different vectors of it stay apart, for readers that can read them
    /// where they lie.</summary>
    /// <param name="node">Any node.</param>
    /// <param name="terms">Receives them, or the sum where they do not fit.</param>
    /// <returns>How many they are; 0 where the loss does not depend on the node.</returns>
    public int GetTerms(int node, Span<int> terms)
    {
        if (!CanStayApart(node, terms.Length))
        {
            bool found = TryGet(node, out Expr sum);
            terms[0] = found ? sum.Index : -1;
            return found ? 1 : 0;
        }

        int count = 0;
        for (int i = FirstOf(node); i >= 0; i = _contributions[i].Next)
            terms[count++] = _contributions[i].IsWhole ? _contributions[i].Node : Scattered(node, _contributions[i]);

        return count;
    }

    // Some are scattered, all of them reach no vector twice, and they are few enough.
    private bool CanStayApart(int node, int most)
    {
        int first = FirstOf(node), count = 0;
        if (KeepsExamplesApart || !HasScattered(first))
            return false;

        for (int i = first; i >= 0; i = _contributions[i].Next, count++)
        {
            if (count == most || !ReachesEachVectorOnce(node, _contributions[i]))
                return false;
        }

        return true;
    }

    private bool ReachesEachVectorOnce(int node, Contribution contribution)
    {
        if (contribution.IsWhole)
            return Graph.CountOf(contribution.Node) == Graph.CountOf(node);

        if (Graph.ShapeOf(contribution.Node) != Graph.ShapeOf(node))
            return false;

        return _order.ReachEachVectorOnce(Graph.Moves(contribution.Moves), Graph.ShapeOf(node).Rows, Graph.LengthOf(node));
    }

    // Materializes one contribution: its vectors at their targets, zeros elsewhere.
    private int Scattered(int node, Contribution contribution)
    {
        Span<Move> moves = Graph.ReserveMoves(Graph.Moves(contribution.Moves).Length, out long attribute);
        Graph.Moves(contribution.Moves).CopyTo(moves);
        foreach (ref Move move in moves)
            move = move.AsFirst();

        return Graph.AppendStack(
            ScatterAddOperator.Instance, attribute, [contribution.Node], Graph.ShapeOf(node), Graph.CountOf(node), shared: false);
    }

    private bool HasScattered(int first)
    {
        for (int i = first; i >= 0; i = _contributions[i].Next)
        {
            if (!_contributions[i].IsWhole)
                return true;
        }

        return false;
    }

    private int Total(int first)
    {
        _inputs.Clear();
        for (int i = first; i >= 0; i = _contributions[i].Next)
            _inputs.Add(_contributions[i].Node);

        if (MergesSums)
            _sums.Run(Graph, _inputs);

        return Graph.Append(Graph.IsBody ? PlusOperator.Instance : TotalOperator.Instance, 0, CollectionsMarshal.AsSpan(_inputs));
    }

    private int ScatterAdd(int node, int first)
    {
        _inputs.Clear();
        _moves.Clear();
        for (int i = first; i >= 0; i = _contributions[i].Next)
            AddInput(node, _contributions[i]);

        Span<Move> moves = Graph.ReserveMoves(_moves.Count, out long attribute);
        _order.MarkFirst(CollectionsMarshal.AsSpan(_moves), moves, Graph.ShapeOf(node).Rows, Graph.LengthOf(node));
        return Graph.AppendStack(ScatterAddOperator.Instance, attribute, CollectionsMarshal.AsSpan(_inputs),
            Graph.ShapeOf(node), Graph.CountOf(node), shared: false);
    }

    private void AddInput(int node, Contribution contribution)
    {
        (int term, int input) = (contribution.Node, _inputs.Count);
        if (contribution.IsWhole)
        {
            if (Graph.CountOf(term) != Graph.CountOf(node))
                term = Graph.Append(TotalOperator.Instance, 0, [term]);

            _moves.Add(new Move(input, 0, 0, Graph.LengthOf(node)));
        }
        else
        {
            ReadOnlySpan<Move> moves = Graph.Moves(contribution.Moves);
            int start = _moves.Count;
            CollectionsMarshal.SetCount(_moves, start + moves.Length);
            Span<Move> added = CollectionsMarshal.AsSpan(_moves)[start..];
            for (int i = 0; i < added.Length; i++)
                added[i] = moves[i].From(input);
        }

        _inputs.Add(term);
    }
}
