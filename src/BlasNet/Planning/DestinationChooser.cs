using BlasNet.Graphs;

namespace BlasNet.Planning;

/// <summary>Decides in which buffer each needed value lies, and where its kernel writes it.</summary>
/// <remarks>
/// <see cref="Choose"/> takes the first that applies: a node with several results has no value itself; a leaf lies where it is; a view lies in what it is a
/// view of; a value that its readers index is not computed; everything else has a buffer in the arena. A sum then takes into its buffer the terms that
/// only it reads, and a gather the whole stacks that it sets side by side, if these have no other place. Gradients are sums in a space of their own, and
/// come last.
/// <para>Invariant: a value lies in its own buffer or in that of a node which has one; buffers are not nested. Of the kernels that write to one buffer,
/// the first overwrites and the others add, or each overwrites a part of its own. Time O(N + E).</para>
/// </remarks>
internal sealed class DestinationChooser
{
    private Plan _plan = null!;
    private Graph _graph = null!;
    private Usage _usage = null!;
    private bool[] _isShared = [];   // other values lie in this node's buffer: views, terms of sums
    private Addition[] _additions = [];   // by input of a sum

    // How a sum reads an input.
    private enum Addition : byte
    {
        None,
        Whole,   // once, as it is, to the whole sum
        Other,
    }

    /// <param name="plan">Receives a placement for each needed node.</param>
    /// <param name="usage">Of the plan's graph.</param>
    /// <param name="gradients">Sums that go to the gradient buffer.</param>
    /// <param name="parameters">For each of these, the parameter.</param>
    /// <param name="mayShare">Whether a value may lie in another one's buffer; gradients take their terms anyway.</param>
    public void Run(Plan plan, Usage usage, ReadOnlySpan<int> gradients, ReadOnlySpan<Parameter> parameters, bool mayShare)
    {
        (_plan, _graph, _usage) = (plan, plan.Graph, usage);
        if (_isShared.Length < _graph.Count)
            _isShared = new bool[_graph.Capacity];

        Array.Clear(_isShared, 0, _graph.Count);
        for (int i = 0; i < gradients.Length; i++)
            plan[gradients[i]] = Placement.Own(gradients[i], Space.Gradients, parameters[i].Offset);

        for (int node = 0; node < _graph.Count; node++)
        {
            if (usage.IsNeeded(node) && plan[node].Space == Space.None)
                Choose(node, mayShare);
        }

        for (int i = 0; i < gradients.Length; i++)
            PlaceGradient(gradients[i], parameters[i]);
    }

    private void Choose(int node, bool mayShare)
    {
        if (_graph.ResultsOf(node).First != node)
        {
            _plan[node] = Placement.None(node);
            return;
        }

        Storage storage = _graph.OperatorOf(node).Storage;
        if (storage == Storage.External)
        {
            _plan[node] = PlaceOfLeaf(node);
            return;
        }

        if (mayShare && Views.TryFind(_graph, node, out int viewed, out int offset) && !_plan[viewed].IsIndexed)
        {
            _plan[node] = _plan[viewed].View(viewed, offset);
            _isShared[_plan[node].Buffer] = true;
            return;
        }

        if (_usage.IsIndexed(node))
        {
            _plan[node] = Placement.Indexed(node, _plan.RowIndices.Add(node, _graph.CountOf(node)));
            return;
        }

        _plan[node] = Placement.Own(node, Space.Arena);
        if (mayShare && storage == Storage.Accumulator)
            TakeTerms(node, Beta.Zero);
        else if (mayShare && storage == Storage.Moves)
            TakeSlices(node);
    }

    private Placement PlaceOfLeaf(int node)
    {
        long attribute = _graph.AttributeOf(node);
        return _graph.OperatorOf(node) == ParameterOperator.Instance
            ? Placement.Leaf(node, Space.Parameters, ParameterOperator.OffsetOf(attribute))
            : Placement.Leaf(node, Space.Data, attribute);
    }

    private void PlaceGradient(int sum, Parameter parameter)
    {
        bool isSparse = TakeTerms(sum, Beta.ZeroThenOne) && WritesColumnsOnly(sum);
        _plan.Gradients.Add((parameter, isSparse));
        if (!isSparse)
            return;

        foreach (int term in _graph.InputsOf(sum))
            _plan[term] = _plan[sum].ColumnTerm(parameter.Index);
    }

    private bool WritesColumnsOnly(int sum)
    {
        foreach (int term in _graph.InputsOf(sum))
        {
            if (_graph.OperatorOf(term) is not IColumnWriter)
                return false;
        }

        return true;
    }

    // The first term writes as the sum would, the others add, and the sum adds what is left. True if nothing is.
    private bool TakeTerms(int sum, Beta start)
    {
        ReadOnlySpan<int> inputs = _graph.InputsOf(sum);
        ReadOnlySpan<Addition> additions = AdditionsOf(sum, inputs.Length);
        int first = int.MaxValue, taken = 0;
        for (int i = 0; i < inputs.Length; i++)
        {
            if (additions[i] != Addition.Whole || !CanTakeTerm(sum, inputs[i]))
                continue;

            _plan[inputs[i]] = _plan[sum].Term(Beta.One);
            first = Math.Min(first, inputs[i]);
            taken++;
        }

        if (taken > 0)
            (_plan[first], _isShared[sum]) = (_plan[sum].Term(start), true);

        _plan[sum] = taken == 0 ? _plan[sum].With(start) : taken < inputs.Length ? _plan[sum].With(Beta.One) : _plan[sum].Filled();
        return taken == inputs.Length;
    }

    private bool CanTakeTerm(int sum, int term) =>
        _usage.ReadersOf(term) == 1 && _plan.OwnsBuffer(term) && _graph.OperatorOf(term).Traits.CanAccumulate
            && _graph.CountOf(term) == _graph.CountOf(sum) && _graph.LengthOf(term) == _graph.LengthOf(sum);

    private ReadOnlySpan<Addition> AdditionsOf(int sum, int inputs)
    {
        if (_additions.Length < inputs)
            _additions = new Addition[Math.Max(inputs, 2 * _additions.Length)];

        Span<Addition> additions = _additions.AsSpan(0, inputs);
        if (!_graph.OperatorOf(sum).HasMoves)
        {
            additions.Fill(Addition.Whole);
            return additions;
        }

        additions.Clear();
        foreach (Move move in _graph.MovesOf(sum))
        {
            bool isWhole = additions[move.Input] == Addition.None && move == new Move(move.Input, 0, 0, _graph.LengthOf(sum));
            additions[move.Input] = isWhole ? Addition.Whole : Addition.Other;
        }

        return additions;
    }

    private void TakeSlices(int gather)
    {
        ReadOnlySpan<int> inputs = _graph.InputsOf(gather);
        ReadOnlySpan<Move> moves = _graph.MovesOf(gather);
        if (moves.Length != inputs.Length)
            return;

        int count = 0;
        for (; count < moves.Length && CanTakeSlice(inputs[count], count, moves[count]); count++)
            _isShared[inputs[count]] = true;   // so that it is not taken twice

        foreach (int input in inputs[..count])
            _isShared[input] = false;

        if (count < moves.Length)
            return;

        for (int i = 0; i < moves.Length; i++)
            _plan[inputs[i]] = _plan[gather].Slice(moves[i].Target);

        _plan[gather] = _plan[gather].Filled();
    }

    // A whole stack, in its own buffer, with no other value in it, and not set beside others twice.
    private bool CanTakeSlice(int input, int i, Move move) =>
        _plan.OwnsBuffer(input) && _plan[input].Destination == Destination.Own && !_isShared[input]
            && move.Input == i && move.Source == 0 && move.Length == _graph.LengthOf(input);
}
