using BlasNet.Graphs;

namespace BlasNet.Recurrences;

/// <summary>What the gradient of a scan computes, from the last level to the first, and what it reads of the scan.</summary>
internal sealed class BackwardProgram
{
    private readonly ScanCell _cell;
    private readonly List<int> _results = [], _saved = [];
    private readonly List<ScanInput> _inputs = [];
    private readonly uint[] _ofArguments, _ofTerms;   // for each gradient a bit for each part of the state from whose gradient it follows

    /// <param name="cell">The graph of one vertex.</param>
    /// <param name="shared">The gradients with respect to what all vertices share.</param>
    public BackwardProgram(ScanCell cell, List<SharedGradient> shared)
    {
        _cell = cell;
        int arguments = cell.StateInputs + cell.BeforeCount;
        Gradients = [.. cell.Gradients.Take(arguments).Select(node => node < 0 ? -1 : ResultOf(cell.Computed(node)))];
        Terms = [.. shared.Select(term => (term, ValueOf(term.Left), term.Right < 0 ? default : ValueOf(term.Right)))];
        _ofArguments = [.. cell.Gradients.Take(arguments).Select(PartsOf)];
        _ofTerms = [.. shared.Select(term => PartsOf(term.Left) | PartsOf(term.Right))];
        Program = MakeProgram();
        Inputs = [.. _inputs];
    }

    /// <summary>How many values are computed before the scan: its inputs after the states of the starts.</summary>
    public int BeforeCount => _cell.BeforeCount;

    /// <summary>How many values all vertices share: the last inputs of the scan.</summary>
    public int SharedCount => _cell.SharedCount;

    /// <summary>For each argument the result that is its gradient; −1 for none.</summary>
    public int[] Gradients { get; }

    /// <summary>The gradients with respect to what is shared, and where the values are that they are made of.</summary>
    public (SharedGradient Term, ScanValue Left, ScanValue Right)[] Terms { get; }

    /// <summary>Nodes of the state's part that the gradient reads, in the order in which they are results of the scan after the state.</summary>
    public IReadOnlyList<int> Saved => _saved;

    /// <summary>What the gradient reads, before the gradients of the states.</summary>
    public ScanInput[] Inputs { get; }

    /// <summary>What is computed at each level.</summary>
    public ScanProgram Program { get; }

    /// <summary>Which of its inputs is one of the scan's inputs, or results; −1 if none is.</summary>
    public int InputOf(ScanInput input) => _inputs.IndexOf(input);

    /// <summary>Whether the vectors of an input may lie anywhere.</summary>
    public bool ReadsIndirect(int input) => Program.ReadsIndirect(input) && !IsState(_inputs[input]);

    /// <summary>Whether all that it reads can be had outside of the scan: each value for each vertex.</summary>
    public bool IsComplete => _saved.TrueForAll(node => !_cell.Graph.IsShared(node));

    /// <summary>The parts of the state that have a gradient, at any vertex, if some have one from outside: a bit for each.</summary>
    public uint PartsFrom(uint given)
    {
        for (uint before = 0; before != given;)
        {
            before = given;
            for (int argument = 0; argument < _cell.StateInputs; argument++)
                given |= IsReached(argument, given) ? 1u << (argument % _cell.StateRows.Length) : 0;
        }

        return given;
    }

    /// <summary>Whether an argument's gradient follows from that of these parts; else it is zero.</summary>
    public bool IsReached(int argument, uint parts) => (_ofArguments[argument] & parts) != 0;

    /// <summary>Whether a term of a gradient with respect to what is shared does.</summary>
    public bool IsTermReached(int term, uint parts) => (_ofTerms[term] & parts) != 0;

    private uint PartsOf(int node)
    {
        uint parts = 0;
        foreach (int read in node < 0 ? [] : _cell.ReadBy([node], read => !_cell.IsOfGradient(read)))
            parts |= _cell.SeedOf(read) is >= 0 and var part ? 1u << part : 0;

        return parts;
    }

    // Where the value of a node is, for all vertices, once the gradient has been computed.
    private ScanValue ValueOf(int node)
    {
        int argument = _cell.ArgumentOf(node);
        if (argument >= 0 && argument < _cell.StateInputs)
            return new ScanValue(ScanValueKind.State, argument);

        if (_cell.IsOfGradient(node) || _cell.Graph.InputsOf(node).IsEmpty)
            return new ScanValue(ScanValueKind.Gradient, ResultOf(_cell.Computed(node)));

        return new ScanValue(ScanValueKind.Result, SavedResult(node));
    }

    // The states of the starts and of the vertices are also read as those of predecessors.
    private bool IsState(ScanInput input) => input.Index < _cell.StateRows.Length;

    private int ResultOf(int node) => Index(_results, node);

    private int SavedResult(int node)
    {
        int state = 0;
        for (; state < _cell.States.Count; state++)
        {
            if (_cell.States[state] == node)
                return state;
        }

        return state + Index(_saved, node);
    }

    private static int Index<TItem>(List<TItem> items, TItem item)
    {
        int index = items.IndexOf(item);
        if (index < 0)
        {
            index = items.Count;
            items.Add(item);
        }

        return index;
    }

    private ScanProgram MakeProgram()
    {
        SortedSet<int> nodes = _cell.ReadBy(_results, node => !_cell.IsOfGradient(node));
        var places = new ScanPlace[_cell.Graph.Count];
        foreach (int node in nodes)
            places[node] = PlaceOf(node);

        return new ScanProgram(_cell.Graph, places, [.. _results.Select(_cell.Graph.ShapeOf)], _cell.StateRows);
    }

    private ScanPlace PlaceOf(int node)
    {
        int argument = _cell.ArgumentOf(node);
        if (argument >= _cell.StateInputs + _cell.BeforeCount)
            return new ScanPlace(ScanSource.Shared, Index(_inputs, new ScanInput(IsResult: false, _cell.InputOf(argument))));

        if (argument >= _cell.StateInputs)
            return new ScanPlace(ScanSource.Stack, Index(_inputs, new ScanInput(IsResult: false, _cell.InputOf(argument))));

        if (argument >= 0)
        {
            int part = argument % _cell.StateRows.Length;
            Index(_inputs, new ScanInput(IsResult: false, part));
            Index(_inputs, new ScanInput(IsResult: true, part));
            return new ScanPlace(ScanSource.State, argument);
        }

        if (_cell.IsOfGradient(node))
        {
            int seed = _cell.SeedOf(node), result = _results.IndexOf(node);
            return seed >= 0 ? new ScanPlace(ScanSource.Seed, seed)
                : result >= 0 ? new ScanPlace(ScanSource.Result, result)
                : new ScanPlace(_cell.Graph.InputsOf(node).IsEmpty ? ScanSource.Constant : ScanSource.Scratch);
        }

        if (_cell.Graph.OperatorOf(node) == ConstantOperator.Instance)
            return new ScanPlace(ScanSource.Constant);

        return new ScanPlace(ScanSource.Stack, Index(_inputs, new ScanInput(IsResult: true, SavedResult(node))));
    }
}

/// <summary>What the gradient of a scan reads of it.</summary>
/// <param name="IsResult">A result of the scan, or one of its inputs.</param>
/// <param name="Index">Which.</param>
internal readonly record struct ScanInput(bool IsResult, int Index);

/// <summary>Where a value of all vertices lies.</summary>
internal enum ScanValueKind
{
    /// <summary>A predecessor's state, in the order of the vertices; index: slot · parts + part.</summary>
    State,

    /// <summary>A result of the scan.</summary>
    Result,

    /// <summary>A result of its gradient.</summary>
    Gradient,
}

/// <param name="Kind">Of what it is a value.</param>
/// <param name="Index">Which.</param>
internal readonly record struct ScanValue(ScanValueKind Kind, int Index);
