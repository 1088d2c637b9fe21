using System.Runtime.InteropServices;
using BlasNet.Batching;
using BlasNet.Graphs;
using BlasNet.Memory;
using BlasNet.Operators.Intrinsics;

namespace BlasNet.Differentiation;

/// <content>What has been added for a node, as one expression or as several.</content>
internal sealed partial class Gradients
{
    /// <summary>Nodes whose sum is the gradient with respect to a node: what goes to different vectors of it stays apart, for readers that can pick them.</summary>
    /// <param name="node">Any node.</param>
    /// <param name="terms">Receives them, or the sum where they do not fit.</param>
    /// <returns>How many they are; 0 where the loss does not depend on the node.</returns>
    public int GetTerms(int node, Span<int> terms)
    {
        int count = 0;
        bool isApart = node >= Lowest && !KeepsExamplesApart && HasScattered(_first[node - Lowest] - 1);
        for (int i = isApart ? _first[node - Lowest] - 1 : -1; i >= 0; i = _contributions[i].Next, count++)
            isApart &= count < terms.Length && GoesToDifferentVectors(node, _contributions[i]);

        if (!isApart)
        {
            bool found = TryGet(node, out Expr sum);
            terms[0] = found ? sum.Index : -1;
            return found ? 1 : 0;
        }

        count = 0;
        for (int i = _first[node - Lowest] - 1; i >= 0; i = _contributions[i].Next)
            terms[count++] = _contributions[i].Runs == Whole ? _contributions[i].Node : Scattered(node, _contributions[i]);

        return count;
    }

    // Puts the runs into the order of their targets, so that what goes to one vector is added up at once, and marks those that are the first to reach
    // one, so that it need not be cleared; none where runs are parts of vectors.
    private void MarkFirst(int node)
    {
        int rows = Graph.ShapeOf(node).Rows, vectors = Graph.LengthOf(node) / rows;
        var divisor = new Divisor(rows);
        Span<Move> runs = CollectionsMarshal.AsSpan(_runs);
        foreach (ref readonly Move run in runs)
        {
            if (!run.MovesToVectors(divisor))
                return;
        }

        if (!AreInOrder(runs))
            SortByTarget(runs, divisor, vectors);

        int reached = 0;
        foreach (ref Move run in runs)
        {
            // A run that reaches only some of its vectors first would have to be cut; the others are cleared instead.
            if (run.Target >= reached)
                run = run with { IsFirst = true };

            reached = Math.Max(reached, run.Target + run.Length);
        }
    }

    // A counting sort, which keeps the order of what goes to the same vector.
    private void SortByTarget(Span<Move> runs, Divisor rows, int vectors)
    {
        if (_counts.Length <= vectors)
            _counts = new int[2 * vectors + 1];

        Span<int> starts = _counts.AsSpan(0, vectors + 1);
        starts.Clear();
        foreach (ref readonly Move run in runs)
            starts[rows.Divide(run.Target) + 1]++;

        for (int vector = 1; vector < vectors; vector++)
            starts[vector] += starts[vector - 1];

        CollectionsMarshal.SetCount(_sorted, runs.Length);
        Span<Move> sorted = CollectionsMarshal.AsSpan(_sorted);
        foreach (ref readonly Move run in runs)
            sorted[starts[rows.Divide(run.Target)]++] = run;

        sorted.CopyTo(runs);
    }

    // Whether a contribution is one vector for some vectors of the node, for none of them twice.
    private bool GoesToDifferentVectors(int node, Contribution contribution)
    {
        if (contribution.Runs == Whole)
            return Graph.CountOf(contribution.Node) == Graph.CountOf(node);

        if (Graph.ShapeOf(contribution.Node) != Graph.ShapeOf(node))
            return false;

        _runs.Clear();
        _runs.AddRange(Graph.Moves(contribution.Runs));
        _sortedNode = -1;
        MarkFirst(node);
        foreach (Move run in _runs)
        {
            if (!run.IsFirst)
                return false;
        }

        return true;
    }

    // One contribution to different vectors by itself: zeros, but where it goes to.
    private int Scattered(int node, Contribution contribution)
    {
        Span<Move> runs = Graph.ReserveMoves(Graph.Moves(contribution.Runs).Length, out long attribute);
        Graph.Moves(contribution.Runs).CopyTo(runs);
        foreach (ref Move run in runs)
            run = run with { IsFirst = true };

        return Graph.AppendStack(
            ScatterAddOperator.Instance, attribute, [contribution.Node], Graph.ShapeOf(node), Graph.CountOf(node), shared: false);
    }

    private bool HasScattered(int first)
    {
        for (int i = first; i >= 0; i = _contributions[i].Next)
        {
            if (_contributions[i].Runs != Whole)
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
            MergeSums();

        return Graph.Append(Graph.IsBody ? PlusOperator.Instance : TotalOperator.Instance, 0, CollectionsMarshal.AsSpan(_inputs));
    }

    // Terms that are sums of the same kind are one sum over all their values: a weight's gradient is one product over all steps of a recurrence.
    private void MergeSums()
    {
        for (int i = 0; i < _inputs.Count; i++)
        {
            int term = _inputs[i];
            Operator op = Graph.OperatorOf(term);
            if (op.Merging != Merging.Sum)
                continue;

            _alike.Clear();
            for (int j = i; j < _inputs.Count; j++)
            {
                if (AreAlike(term, _inputs[j]))
                    _alike.Add(_inputs[j]);
            }

            if (_alike.Count < 2)
                continue;

            _inputs.RemoveAll(_isAlike ??= _alike.Contains);
            _inputs.Insert(i, Merged(op));
        }
    }

    private bool AreAlike(int term, int other)
    {
        ReadOnlySpan<int> left = Graph.InputsOf(term), right = Graph.InputsOf(other);
        if (Graph.OperatorOf(term) != Graph.OperatorOf(other) || Graph.AttributeOf(term) != Graph.AttributeOf(other) || left.Length != right.Length)
            return false;

        for (int i = 0; i < left.Length; i++)
        {
            bool stacked = !Graph.IsShared(right[i]) && Graph.CountOf(right[i]) == Graph.CountOf(right[0]);
            if (!stacked || Graph.ShapeOf(left[i]) != Graph.ShapeOf(right[i]))
                return false;
        }

        return true;
    }

    private int Merged(Operator op)
    {
        int first = _alike[0];
        int slots = Graph.InputsOf(first).Length;
        Span<int> operands = stackalloc int[slots];
        _operand ??= new StackBuilder();
        for (int slot = 0; slot < slots; slot++)
        {
            int count = 0;
            _operand.Begin(Graph);
            foreach (int term in _alike)
            {
                int input = Graph.InputsOf(term)[slot];
                _operand.Add(input, 0, Graph.LengthOf(input));
                count += Graph.CountOf(input);
            }

            operands[slot] = _operand.ToOperand(Graph.ShapeOf(Graph.InputsOf(first)[slot]), count, shared: false);
        }

        return Graph.AppendStack(op, Graph.AttributeOf(first), operands, Graph.ShapeOf(first), 1, shared: false);
    }

    private int ScatterAdd(int node, int first)
    {
        _inputs.Clear();
        _runs.Clear();
        _sortedNode = -1;
        for (int i = first; i >= 0; i = _contributions[i].Next)
        {
            (int term, long runs, _) = _contributions[i];
            int input = _inputs.Count;
            if (runs == Whole)
            {
                if (Graph.CountOf(term) != Graph.CountOf(node))
                    term = Graph.Append(TotalOperator.Instance, 0, [term]);

                _runs.Add(new Move(input, 0, 0, Graph.LengthOf(node)));
            }
            else
            {
                foreach (Move run in Graph.Moves(runs))
                    _runs.Add(run with { Input = input });
            }

            _inputs.Add(term);
        }

        MarkFirst(node);
        long attribute = Graph.AddMoves(CollectionsMarshal.AsSpan(_runs));
        return Graph.AppendStack(ScatterAddOperator.Instance, attribute, CollectionsMarshal.AsSpan(_inputs),
            Graph.ShapeOf(node), Graph.CountOf(node), shared: false);
    }
}
