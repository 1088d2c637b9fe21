using System.Runtime.InteropServices;
using BlasNet.Graphs;
using BlasNet.Graphs.Functions;
using BlasNet.Operators.Intrinsics;

namespace BlasNet.Differentiation;

/// <summary>What reverse mode has gathered so far: for each node, the expressions whose sum is the gradient of the loss with respect to it.</summary>
internal sealed partial class Gradients : IGradients
{
    private const long Whole = -1, PerExample = -2;

    private readonly List<Contribution> _contributions = [];
    private readonly List<int> _inputs = [];
    private readonly List<Move> _moves = [];
    private readonly MoveOrder _order = new();
    private readonly MovesByInput _byInput = new();
    private readonly SumMerger _sums = new();
    private readonly Reach _reach = new();
    private int[] _first = [], _last = [];            // by node − Lowest: indices into _contributions + 1; 0 where there are none
    private bool[] _needed = [];                      // by node − Lowest
    private readonly HashSet<int> _parameters = [];   // indices of those among the targets: a call may depend on them though none is its argument

    // An expression of the node's whole stack or, with moves, one that is scattered into it. They are linked in order of arrival.
    private readonly record struct Contribution(int Node, long Moves, int Next)
    {
        public bool IsWhole => Moves == Whole;
    }

    public Graph Graph { get; private set; } = null!;

    /// <summary>Whether sums over stacks that add up become one sum over all of them.</summary>
    public bool MergesSums { get; set; }

    /// <summary>No node before this one depends on a target. What is known by node starts here, so one example of a large minibatch is differentiated at
    /// its own cost.</summary>
    public int Lowest { get; private set; }

    /// <summary>Whether what different examples contribute to a value that they share is left unsummed; <see cref="CopyContributions"/> returns it.</summary>
    public bool KeepsExamplesApart { get; init; }

    /// <summary>Starts over: the gradients wanted are those of nodes that depend on <paramref name="targets"/>.</summary>
    public void Begin(Graph graph, ReadOnlySpan<int> targets)
    {
        Graph = graph;
        _byInput.Clear();
        _reach.Begin(graph);
        _contributions.Clear();
        Lowest = graph.Count;
        _parameters.Clear();
        foreach (int target in targets)
        {
            Lowest = Math.Min(Lowest, target);
            if (graph.HasCalls && graph.OperatorOf(target) == ParameterOperator.Instance)
                _parameters.Add(ParameterOperator.IndexOf(graph.AttributeOf(target)));
        }

        if (_parameters.Count > 0)
            Lowest = Math.Min(Lowest, graph.FirstCall);

        Reserve(Lowest);
        foreach (int target in targets)
            _needed[target - Lowest] = true;

        FindNeeded(Lowest);
    }

    /// <summary>Takes in the nodes that the graph has from <paramref name="start"/> on.</summary>
    public void Extend(int start)
    {
        Reserve(start);
        FindNeeded(start);
    }

    public bool IsNeeded(int node) => node >= Lowest && _needed[node - Lowest];

    /// <summary>Whether anything has been added for one of a node's results.</summary>
    public bool HasAny(ResultRange nodes)
    {
        for (int node = Math.Max(nodes.First, Lowest); node < nodes.End; node++)
        {
            if (_first[node - Lowest] != 0)
                return true;
        }

        return false;
    }

    /// <summary>Adds what gradients begin with, of an output's shape.</summary>
    public void AddSeed(int output, int seed)
    {
        _reach.AddSeed(seed);
        Add(output, seed);
    }

    public ReadOnlySpan<bool> ReachedOf(int gradient) => Graph.IsBody ? [] : _reach.Of(gradient);

    /// <summary>Adds an expression of the node's shape, for one value or for the whole stack.</summary>
    public void Add(int node, int expression)
    {
        if (ReachedOf(expression) is { IsEmpty: false } reached && !reached.Contains(true))
            return;

        int count = Graph.CountOf(node);
        if (count > 1 && Graph.CountOf(expression) == 1)
            expression = Graph.AppendStack(BroadcastOperator.Instance, count, [expression], Graph.ShapeOf(node), count, shared: false);

        Add(node, expression, Whole);
    }

    /// <summary>Adds to some ranges of the node's stack.</summary>
    public void AddScattered(int node, int expression, long moves)
    {
        ReadOnlySpan<bool> reached = ReachedOf(expression);
        if (reached.IsEmpty)
            Add(node, expression, moves);
        else if (TryTrim(moves, reached, Graph.ShapeOf(expression).Rows, out long trimmed))
            Add(node, expression, trimmed);
    }

    // Without what moves from columns that the loss does not reach: a parameter that only those lead to has no gradient.
    private bool TryTrim(long moves, ReadOnlySpan<bool> reached, int rows, out long trimmed)
    {
        _moves.Clear();
        foreach (Move move in Graph.Moves(moves))
        {
            int end = move.Source + move.Length;
            for (int start = move.Source, next; start < end; start = next)
            {
                bool isReached = reached[start / rows];
                for (next = start; next < end && reached[next / rows] == isReached;)
                    next = Math.Min(end, ((next / rows) + 1) * rows);

                if (isReached)
                    _moves.Add(new Move(move.Input, start, move.Target + start - move.Source, next - start));
            }
        }

        trimmed = Graph.AddMoves(CollectionsMarshal.AsSpan(_moves));
        return _moves.Count > 0;
    }

    /// <summary>The gradient with respect to a node: the sum of what has been added, appended to the graph.</summary>
    /// <returns>False where nothing has been added: the loss does not depend on the node.</returns>
    public bool TryGet(int node, out Expr gradient)
    {
        int first = FirstOf(node);
        if (first < 0)
        {
            gradient = default;
            return false;
        }

        Contribution only = _contributions[first];
        if (only.Moves == PerExample)
        {
            gradient = Graph.At(only.Node);
            return true;
        }

        int result;
        if (only.Next < 0 && only.IsWhole && Graph.CountOf(only.Node) == Graph.CountOf(node))
            result = only.Node;
        else if (Graph.CountOf(node) == 1 && !HasScattered(first))
            result = Total(first);
        else
            result = ScatterAdd(node, first);

        // The sum replaces its terms, so that asking again appends nothing.
        _contributions.Add(new Contribution(result, Whole, -1));
        _first[node - Lowest] = _last[node - Lowest] = _contributions.Count;
        gradient = Graph.At(result);
        return true;
    }

    public Expr SumOf(int node) => TryGet(node, out Expr gradient)
        ? gradient
        : throw new InvalidOperationException($"Error in BlasNet: nothing has been contributed to the gradient of {Graph.At(node)}.");

    /// <summary>What has been added for a node: expressions, each with the moves of a scattered one, or −1.</summary>
    public void CopyContributions(int node, List<(int Expression, long Moves)> result)
    {
        for (int i = FirstOf(node); i >= 0; i = _contributions[i].Next)
            result.Add((_contributions[i].Node, _contributions[i].Moves));
    }

    /// <summary>Replaces all that has been added for a node by a stack of each example's gradient, which is not summed.</summary>
    public void ReplacePerExample(int node, int stack)
    {
        Forget(node);
        Add(node, stack, PerExample);
    }

    /// <summary>Drops what has been added for a node.</summary>
    public void Forget(int node) => _first[node - Lowest] = _last[node - Lowest] = 0;

    /// <summary>The moves of one input of a gather or scatter-add, from output to input.</summary>
    public long Reverse(int node, int input)
    {
        ReadOnlySpan<Move> moves = _byInput.Of(Graph, node, input);
        Span<Move> reversed = Graph.ReserveMoves(moves.Length, out long attribute);
        for (int i = 0; i < reversed.Length; i++)
            reversed[i] = moves[i].Reverse();

        return attribute;
    }

    /// <summary>What moves elements by a list of moves to a stack: a gather if they reach all of its elements, each once, and then they are sorted by their
    /// targets. Else a scatter-add, because elements that are reached several times, or never, need a sum that starts from zero.</summary>
    public Operator MoverOf(long moves, int length) =>
        _order.TryCover(Graph.MovesToChange(moves), length) ? GatherOperator.Instance : ScatterAddOperator.Instance;

    private void Reserve(int start)
    {
        int count = Graph.Count - Lowest;
        if (_first.Length < count)
        {
            int capacity = Math.Max(count, 2 * _first.Length);
            Array.Resize(ref _first, capacity);
            Array.Resize(ref _last, capacity);
            Array.Resize(ref _needed, capacity);
        }

        Array.Clear(_first, start - Lowest, Graph.Count - start);
        Array.Clear(_needed, start - Lowest, Graph.Count - start);
    }

    private void FindNeeded(int start)
    {
        for (int node = start; node < Graph.Count; node++)
        {
            foreach (int input in Graph.InputsOf(node))
                _needed[node - Lowest] |= IsNeeded(input);

            if (_parameters.Count > 0 && Graph.OperatorOf(node) is CompositeOperator { Parameters: var called })
                _needed[node - Lowest] |= called.Overlaps(_parameters);
        }
    }

    // The first contribution to a node; −1 if there is none.
    private int FirstOf(int node) => node < Lowest ? -1 : _first[node - Lowest] - 1;

    private void Add(int node, int expression, long moves)
    {
        _contributions.Add(new Contribution(expression, moves, -1));
        int index = _contributions.Count;
        ref int first = ref _first[node - Lowest], last = ref _last[node - Lowest];
        if (first == 0)
            first = index;
        else
            _contributions[last - 1] = _contributions[last - 1] with { Next = index - 1 };

        last = index;
    }
}
