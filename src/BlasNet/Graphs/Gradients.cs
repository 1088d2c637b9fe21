using System.Runtime.InteropServices;
using BlasNet.Graphs.Structure;

namespace BlasNet.Graphs;

/// <summary>What reverse mode has gathered so far: for each node, the expressions whose sum is the loss's gradient with respect to it.</summary>
internal sealed class Gradients
{
    // A contribution is an expression of the node's whole stack, or (runs ≥ 0) one that is scattered into it.
    private readonly record struct Contribution(int Node, long Runs, int Next);

    private const long Whole = -1, ByExample = -2;

    private readonly List<Contribution> _contributions = [];
    private readonly List<int> _inputs = [];
    private readonly List<Run> _runs = [];
    private int _sortedNode;           // whose runs, sorted by input, are in _runs
    private int[] _firstOfInput = [], _targets = [];
    private readonly List<int> _alike = [];
    private Predicate<int>? _isAlike;
    private OperandRuns? _operand;
    private int[] _first = [];        // by node − Lowest: index into _contributions + 1; in order of arrival by way of _last
    private int[] _last = [];
    private bool[] _needed = [], _reached = [];

    public Graph Graph { get; private set; } = null!;

    /// <summary>Whether sums over stacks that add up become one sum over all of them.</summary>
    public bool MergesSums { get; set; }

    /// <summary>The first target: no node before it depends on a target, so one example of a large minibatch is differentiated at its own cost.</summary>
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
        foreach (int target in targets)
            Lowest = Math.Min(Lowest, target);

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
        if (only.Runs == ByExample)
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

    /// <summary>What has been added for a node: expressions, each with the runs of a scattered one, or −1.</summary>
    public void CopyContributions(int node, List<(int Expression, long Runs)> result)
    {
        if (node < Lowest)
            return;

        for (int i = _first[node - Lowest] - 1; i >= 0; i = _contributions[i].Next)
            result.Add((_contributions[i].Node, _contributions[i].Runs));
    }

    /// <summary>Replaces all that has been added for a node by a stack of one gradient for each example, which is not summed.</summary>
    public void ReplaceByExample(int node, int stack)
    {
        Forget(node);
        Add(node, stack, ByExample);
    }

    /// <summary>Drops what has been added for a node.</summary>
    public void Forget(int node) => _first[node - Lowest] = _last[node - Lowest] = 0;

    /// <summary>The runs of one input of a gather or scatter-add, from output to input.</summary>
    public long Reverse(int node, int input)
    {
        if (node != _sortedNode)
            SortByInput(node);

        Span<Run> reversed = Graph.ReserveRuns(_firstOfInput[input + 1] - _firstOfInput[input], out long attribute);
        for (int i = 0; i < reversed.Length; i++)
            reversed[i] = _runs[_firstOfInput[input] + i].Reverse();

        return attribute;
    }

    // A counting sort, for all inputs of the node at once.
    private void SortByInput(int node)
    {
        _sortedNode = node;
        ReadOnlySpan<Run> runs = Graph.RunsOf(node);
        int inputs = Graph.InputsOf(node).Length;
        if (_firstOfInput.Length < inputs + 2)
            _firstOfInput = new int[2 * inputs + 2];

        Array.Clear(_firstOfInput, 0, inputs + 2);
        foreach (Run run in runs)
            _firstOfInput[run.Input + 2]++;

        for (int input = 2; input <= inputs; input++)
            _firstOfInput[input] += _firstOfInput[input - 1];

        // _firstOfInput[i + 1] is where input i's runs start; filling moves it to where they end.
        CollectionsMarshal.SetCount(_runs, runs.Length);
        Span<Run> sorted = CollectionsMarshal.AsSpan(_runs);
        foreach (Run run in runs)
            sorted[_firstOfInput[run.Input + 1]++] = run;
    }

    /// <summary>Puts a list of runs into the order of their targets, as a gather needs it.</summary>
    /// <returns>False if these are not all elements of a stack, each once.</returns>
    public bool TryOrder(long runs, int length)
    {
        Span<Run> list = Graph.RunsToChange(runs);
        if (_targets.Length < list.Length)
            _targets = new int[2 * list.Length];

        for (int i = 0; i < list.Length; i++)
            _targets[i] = list[i].Target;

        _targets.AsSpan(0, list.Length).Sort(list);
        int end = 0;
        foreach (Run run in list)
        {
            if (run.Target != end)
                return false;

            end += run.Length;
        }

        return end == length;
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

    // The runs that are the first to reach a vector of the node, so that it need not be cleared; none where runs are parts of vectors.
    private void MarkFirst(int node)
    {
        int rows = Graph.ShapeOf(node).Rows, vectors = Graph.LengthOf(node) / rows;
        if (_reached.Length < vectors)
            _reached = new bool[2 * vectors];

        Array.Clear(_reached, 0, vectors);
        Span<Run> runs = CollectionsMarshal.AsSpan(_runs);
        foreach (Run run in runs)
        {
            if (run.Target % rows != 0 || run.Length % rows != 0)
                return;
        }

        for (int i = 0; i < runs.Length; i++)
        {
            Span<bool> reached = _reached.AsSpan(runs[i].Target / rows, runs[i].Length / rows);
            if (!reached.Contains(true))
                runs[i] = runs[i] with { IsFirst = true };

            // A run that reaches some of its vectors first would have to be cut; the others are cleared instead.
            reached.Fill(true);
        }
    }

    // Whether a contribution is one vector for some vectors of the node, for none of them twice.
    private bool GoesToDifferentVectors(int node, Contribution contribution)
    {
        if (contribution.Runs == Whole)
            return Graph.CountOf(contribution.Node) == Graph.CountOf(node);

        if (Graph.ShapeOf(contribution.Node) != Graph.ShapeOf(node))
            return false;

        TakeRuns(contribution);
        MarkFirst(node);
        foreach (Run run in _runs)
        {
            if (!run.IsFirst)
                return false;
        }

        return true;
    }

    // One contribution by itself: zeros, but where it goes to.
    private int Scattered(int node, Contribution contribution)
    {
        TakeRuns(contribution);
        MarkFirst(node);
        long attribute = Graph.AddRuns(CollectionsMarshal.AsSpan(_runs));
        return Graph.AppendStack(
            ScatterAddOperator.Instance, attribute, [contribution.Node], Graph.ShapeOf(node), Graph.CountOf(node), shared: false);
    }

    private void TakeRuns(Contribution contribution)
    {
        _runs.Clear();
        _runs.AddRange(Graph.Runs(contribution.Runs));
        _sortedNode = -1;
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
        _operand ??= new OperandRuns();
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

                _runs.Add(new Run(input, 0, 0, Graph.LengthOf(node)));
            }
            else
            {
                foreach (Run run in Graph.Runs(runs))
                    _runs.Add(run with { Input = input });
            }

            _inputs.Add(term);
        }

        MarkFirst(node);
        long attribute = Graph.AddRuns(CollectionsMarshal.AsSpan(_runs));
        return Graph.AppendStack(ScatterAddOperator.Instance, attribute, CollectionsMarshal.AsSpan(_inputs),
            Graph.ShapeOf(node), Graph.CountOf(node), shared: false);
    }
}
