using System.Runtime.InteropServices;
using BlasNet.Batching;
using BlasNet.Graphs;
using BlasNet.Memory;
using BlasNet.Operators.Intrinsics;

namespace BlasNet.Differentiation;

/// <summary>What reverse mode has gathered so far: for each node, the expressions whose sum is the loss's gradient with respect to it.</summary>
internal sealed partial class Gradients : IGradients
{
    // A contribution is an expression of the node's whole stack, or (runs ≥ 0) one that is scattered into it.
    private readonly record struct Contribution(int Node, long Runs, int Next);

    private const long Whole = -1, PerExample = -2;

    private readonly List<Contribution> _contributions = [];
    private readonly List<int> _inputs = [];
    private readonly List<Move> _runs = [], _sorted = [];
    private int[] _counts = [];
    private int _sortedNode;           // whose runs, sorted by input, are in _runs
    private int[] _firstOfInput = [];
    private readonly List<int> _alike = [];
    private Predicate<int>? _isAlike;
    private StackBuilder? _operand;
    private int[] _first = [];        // by node − Lowest: index into _contributions + 1; in order of arrival by way of _last
    private int[] _last = [];
    private bool[] _needed = [];
    private readonly HashSet<int> _parameters = [];   // among the targets, by index: a call may depend on them though none is its argument

    public Graph Graph { get; private set; } = null!;

    /// <summary>Whether sums over stacks that add up become one sum over all of them.</summary>
    public bool MergesSums { get; set; }

    /// <summary>No node before this one depends on a target, so one example of a large minibatch is differentiated at its own cost.</summary>
    public int Lowest { get; private set; }

    /// <summary>Leave what different examples contribute to a value that they share unsummed; <see cref="CopyContributions"/> tells it.</summary>
    public bool KeepsExamplesApart { get; init; }

    /// <summary>Starts over: the gradients wanted are those of nodes that depend on <paramref name="targets"/>.</summary>
    public void Begin(Graph graph, ReadOnlySpan<int> targets)
    {
        Graph = graph;
        _sortedNode = -1;
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

    /// <summary>Takes in nodes that have been added to the graph since.</summary>
    public void Extend(int start)
    {
        Reserve(start);
        FindNeeded(start);
    }

    public bool IsNeeded(int node) => node >= Lowest && _needed[node - Lowest];

    /// <summary>Whether anything has been added for one of some nodes.</summary>
    public bool HasAny(ResultRange nodes)
    {
        for (int node = Math.Max(nodes.First, Lowest); node < nodes.End; node++)
        {
            if (_first[node - Lowest] != 0)
                return true;
        }

        return false;
    }

    /// <summary>Adds an expression of the node's shape, for one value or for the whole stack.</summary>
    public void Add(int node, int expression)
    {
        int count = Graph.CountOf(node);
        if (count > 1 && Graph.CountOf(expression) == 1)
            expression = Graph.AppendStack(BroadcastOperator.Instance, count, [expression], Graph.ShapeOf(node), count, shared: false);

        Add(node, expression, Whole);
    }

    /// <summary>A contribution to some ranges of the node's stack.</summary>
    public void AddScattered(int node, int expression, long runs) => Add(node, expression, runs);

    /// <summary>The gradient with respect to a node: the sum of what has been added, appended to the graph.</summary>
    /// <returns>False where nothing has been added: the loss does not depend on the node.</returns>
    public bool TryGet(int node, out Expr gradient)
    {
        int first = node < Lowest ? -1 : _first[node - Lowest] - 1;
        if (first < 0)
        {
            gradient = default;
            return false;
        }

        Contribution only = _contributions[first];
        if (only.Runs == PerExample)
        {
            gradient = Graph.At(only.Node);
            return true;
        }

        int result;
        if (only.Next < 0 && only.Runs == Whole && Graph.CountOf(only.Node) == Graph.CountOf(node))
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

    /// <summary>What has been added for a node: expressions, each with the runs of a scattered one, or −1.</summary>
    public void CopyContributions(int node, List<(int Expression, long Runs)> result)
    {
        if (node < Lowest)
            return;

        for (int i = _first[node - Lowest] - 1; i >= 0; i = _contributions[i].Next)
            result.Add((_contributions[i].Node, _contributions[i].Runs));
    }

    /// <summary>Replaces all that has been added for a node by a stack of one gradient for each example, which is not summed.</summary>
    public void ReplacePerExample(int node, int stack)
    {
        Forget(node);
        Add(node, stack, PerExample);
    }

    /// <summary>Drops what has been added for a node.</summary>
    public void Forget(int node) => _first[node - Lowest] = _last[node - Lowest] = 0;

    /// <summary>The runs of one input of a gather or scatter-add, from output to input.</summary>
    public long Reverse(int node, int input)
    {
        if (node != _sortedNode)
            SortByInput(node);

        Span<Move> reversed = Graph.ReserveMoves(_firstOfInput[input + 1] - _firstOfInput[input], out long attribute);
        for (int i = 0; i < reversed.Length; i++)
            reversed[i] = _runs[_firstOfInput[input] + i].Reverse();

        return attribute;
    }

    // A counting sort, for all inputs of the node at once.
    private void SortByInput(int node)
    {
        _sortedNode = node;
        ReadOnlySpan<Move> runs = Graph.MovesOf(node);
        int inputs = Graph.InputsOf(node).Length;
        if (_firstOfInput.Length < inputs + 2)
            _firstOfInput = new int[2 * inputs + 2];

        Array.Clear(_firstOfInput, 0, inputs + 2);
        foreach (ref readonly Move run in runs)
            _firstOfInput[run.Input + 2]++;

        for (int input = 2; input <= inputs; input++)
            _firstOfInput[input] += _firstOfInput[input - 1];

        // _firstOfInput[i + 1] is where input i's runs start; filling moves it to where they end.
        CollectionsMarshal.SetCount(_runs, runs.Length);
        Span<Move> sorted = CollectionsMarshal.AsSpan(_runs);
        foreach (ref readonly Move run in runs)
            sorted[_firstOfInput[run.Input + 1]++] = run;
    }

    /// <summary>What moves elements by a list of runs: a gather, if these are all elements of a stack, each once, and then the runs are put into the order of
    /// their targets; else, since elements that go to several places, or to none, need a sum that starts from zero, a scatter-add.</summary>
    public Operator MoverOf(long runs, int length) => TryOrder(Graph.MovesToChange(runs), length) ? GatherOperator.Instance : ScatterAddOperator.Instance;

    private bool TryOrder(Span<Move> runs, int length)
    {
        if (!AreInOrder(runs))
            SortByTarget(runs, length);

        int end = 0;
        foreach (ref readonly Move run in runs)
        {
            if (run.Target != end)
                return false;

            end += run.Length;
        }

        return end == length;
    }

    private void SortByTarget(Span<Move> runs, int length)
    {
        var step = new Divisor(runs[0].Length);
        foreach (ref readonly Move run in runs)
        {
            if (run.Length != runs[0].Length || !step.Divides(run.Target))
            {
                runs.Sort(static (a, b) => a.Target.CompareTo(b.Target));
                return;
            }
        }

        SortByTarget(runs, step, step.Divide(length));
    }

    private static bool AreInOrder(ReadOnlySpan<Move> runs)
    {
        for (int i = 1; i < runs.Length; i++)
        {
            if (runs[i].Target < runs[i - 1].Target)
                return false;
        }

        return true;
    }

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

            if (_parameters.Count > 0 && Graph.OperatorOf(node).Callee is { } body)
                _needed[node - Lowest] |= body.Parameters.Overlaps(_parameters);
        }
    }

    private void Add(int node, int expression, long runs)
    {
        _contributions.Add(new Contribution(expression, runs, -1));
        int index = _contributions.Count;
        ref int first = ref _first[node - Lowest], last = ref _last[node - Lowest];
        if (first == 0)
            first = index;
        else
            _contributions[last - 1] = _contributions[last - 1] with { Next = index - 1 };

        last = index;
    }
}
