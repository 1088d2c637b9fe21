using BlasNet.Graphs;

namespace BlasNet.Planning;

/// <content>Where each value lies: in a buffer of its own, in another value's, or nowhere.</content>
internal sealed partial class BufferPlanner
{
    private bool ReadsArena(int node)
    {
        foreach (int input in _graph.InputsOf(node))
        {
            int source = input;
            while (ViewOf(source, _graph.OperatorOf(source), out int viewed, out _))
                source = viewed;

            if (_graph.OperatorOf(source).Storage == Storage.External)
                return false;
        }

        return true;
    }

    // Where each value lies: outside the arena, in another node's buffer, or in one of its own.
    private void Locate(ReadOnlySpan<int> gradients, ReadOnlySpan<Parameter> parameters)
    {
        for (int i = 0; i < gradients.Length; i++)
        {
            _plan.Regions[gradients[i]] = Region.Gradients;
            _plan.Offsets[gradients[i]] = parameters[i].Offset;
        }

        for (int node = 0; node < _graph.Count; node++)
        {
            (_plan.Roots[node], _plan.Displacements[node]) = (node, 0);
            if (!_needed[node])
                continue;

            Operator op = _graph.OperatorOf(node);
            if (op.ResultCount > 1)
                continue;

            if (_plan.Regions[node] == Region.Gradients)
            {
                Absorb(node);
            }
            else if (op.Storage == Storage.External)
            {
                long attribute = _graph.AttributeOf(node);
                bool parameter = op == ParameterOperator.Instance;
                _plan.Regions[node] = parameter ? Region.Parameters : Region.Data;
                _plan.Offsets[node] = parameter ? ParameterOperator.OffsetOf(attribute) : attribute;
            }
            else if (Reuse && ViewOf(node, op, out int viewed, out int offset) && !_plan.RowIndices.Contains(viewed))
            {
                (_plan.Roots[node], _plan.Displacements[node]) = (_plan.Roots[viewed], _plan.Displacements[viewed] + offset);
                _holds[_plan.Roots[viewed]] = true;
            }
            else if (_picked[node])
            {
                _plan.RowIndices.Add(_graph, node);
            }
            else
            {
                _plan.Regions[node] = Region.Arena;
                if (Reuse && op.Storage == Storage.Accumulator)
                    Absorb(node);
                else if (Reuse && op.Storage == Storage.Moves)
                    Collect(node);
            }
        }
    }

    // Where a gather sets whole stacks side by side that have no place yet, they are computed right there.
    private void Collect(int gather)
    {
        ReadOnlySpan<int> inputs = _graph.InputsOf(gather);
        ReadOnlySpan<Move> runs = _graph.MovesOf(gather);
        if (runs.Length != inputs.Length)
            return;

        for (int i = 0; i < runs.Length; i++)
        {
            int input = inputs[i];
            bool isFree = _plan.Roots[input] == input && _plan.Regions[input] == Region.Arena && !_plan.Collected[input] && _graph.OperatorOf(input).ResultCount == 1
                && !_plan.Accumulates[input];
            if (!isFree || runs[i].Input != i || runs[i].Source != 0 || runs[i].Length != _graph.LengthOf(input) || _holds[input]
                || inputs[..i].Contains(input))   // it would be needed in two places
                return;
        }

        for (int i = 0; i < runs.Length; i++)
        {
            _plan.Collected[inputs[i]] = true;
            (_plan.Roots[inputs[i]], _plan.Displacements[inputs[i]]) = (gather, runs[i].Target);
        }

        _plan.Collected[gather] = true;
    }

    private bool ViewOf(int node, Operator op, out int viewed, out int offset)
    {
        viewed = offset = 0;
        ReadOnlySpan<int> inputs = _graph.InputsOf(node);
        if (op.HasMoves)
        {
            if (_graph.MovesOf(node) is not [var run] || run.Length != _graph.LengthOf(node))
                return false;

            (viewed, offset) = (inputs[run.Input], run.Source);
            return true;
        }

        if (inputs.Length == 0)
            return false;

        viewed = inputs[0];
        return op.Storage == Storage.View || (op.Storage == Storage.Accumulator && inputs.Length == 1 && _graph.CountOf(viewed) == 1);
    }

    // Terms that nobody else reads are computed right into the sum; the first of them overwrites, the others add.
    private void Absorb(int sum)
    {
        if (_graph.OperatorOf(sum).Storage != Storage.Accumulator)
            return;

        ReadOnlySpan<int> inputs = _graph.InputsOf(sum);
        int first = int.MaxValue;
        for (int i = 0; i < inputs.Length; i++)
        {
            int term = inputs[i];
            if (_users[term] == 1 && _plan.Roots[term] == term && _plan.Regions[term] == Region.Arena
                && _graph.OperatorOf(term).CanAccumulate && _graph.CountOf(term) == _graph.CountOf(sum) && CoversSum(sum, i))
            {
                _plan.Absorbed[term] = true;
                _plan.Accumulates[term] = true;
                _plan.Roots[term] = sum;
                _holds[sum] = true;
                first = Math.Min(first, term);
            }
        }

        if (first != int.MaxValue)
            (_plan.Accumulates[first], _plan.Accumulates[sum]) = (false, true);

        if (_plan.Regions[sum] == Region.Gradients)
            _plan.Restarts[first != int.MaxValue ? first : sum] = true;
    }

    // A table that is only looked up: every term adds to a few columns of a gradient that is zero elsewhere, so none of them overwrites.
    private void FindSparse(ReadOnlySpan<int> gradients, ReadOnlySpan<Parameter> parameters)
    {
        _plan.Gradients.Clear();
        for (int i = 0; i < gradients.Length; i++)
        {
            bool sparse = IsColumnSparse(gradients[i]);
            _plan.Gradients.Add((parameters[i], sparse));
            if (!sparse)
                continue;

            _plan.Restarts[gradients[i]] = false;
            foreach (int term in _graph.InputsOf(gradients[i]))
                (_plan.Accumulates[term], _plan.Restarts[term], _plan.SparseParameters[term]) = (true, false, parameters[i].Index);
        }
    }

    private bool IsColumnSparse(int sum)
    {
        foreach (int term in _graph.InputsOf(sum))
        {
            if (!_plan.Absorbed[term] || _plan.Roots[term] != sum || _graph.OperatorOf(term).ColumnIndexInput < 0)
                return false;
        }

        return true;
    }

    private bool CoversSum(int sum, int input)
    {
        ReadOnlySpan<Move> runs = _graph.MovesOf(sum);
        if (!_graph.OperatorOf(sum).HasMoves)
            return true;

        int found = 0;
        bool whole = false;
        foreach (Move run in runs)
        {
            if (run.Input != input)
                continue;

            found++;
            whole = run == new Move(input, 0, 0, _graph.LengthOf(sum));
        }

        return found == 1 && whole;
    }
}
