using System.Runtime.InteropServices;
using BlasNet.Graphs.Structure;

namespace BlasNet.Graphs;

/// <summary>What reverse mode has gathered so far: for each node, the expressions whose sum is the loss's gradient with respect to it.</summary>
internal sealed class Gradients
{
    // A contribution is an expression of the node's whole stack, or (runs ≥ 0) one that is scattered into it.
    private readonly record struct Contribution(int Node, long Runs, int Next);

    private const long Whole = -1;

    private readonly List<Contribution> _contributions = [];
    private readonly List<int> _inputs = [];
    private readonly List<Run> _runs = [];
    private int[] _first = [];        // index into _contributions + 1; in order of arrival by way of _last
    private int[] _last = [];
    private bool[] _needed = [];

    public Graph Graph { get; private set; } = null!;

    /// <summary>Starts over: the gradients wanted are those of nodes that depend on <paramref name="targets"/>.</summary>
    public void Begin(Graph graph, ReadOnlySpan<int> targets)
    {
        Graph = graph;
        _contributions.Clear();
        Reserve(0);
        foreach (int target in targets)
            _needed[target] = true;

        FindNeeded(0);
    }

    /// <summary>Takes in nodes that have been added to the graph since.</summary>
    public void Extend(int start)
    {
        Reserve(start);
        FindNeeded(start);
    }

    public bool IsNeeded(int node) => _needed[node];

    public void Add(int node, int expression) => Add(node, expression, Whole);

    /// <summary>A contribution to some ranges of the node's stack.</summary>
    public void AddScattered(int node, int expression, long runs) => Add(node, expression, runs);

    /// <summary>The gradient with respect to a node: the sum of what has been added, appended to the graph.</summary>
    /// <returns>False where nothing has been added: the loss does not depend on the node.</returns>
    public bool TryGet(int node, out Expr gradient)
    {
        int first = _first[node] - 1;
        if (first < 0)
        {
            gradient = default;
            return false;
        }

        Contribution only = _contributions[first];
        int result;
        if (only.Next < 0 && only.Runs == Whole && Graph.CountOf(only.Node) == Graph.CountOf(node))
            result = only.Node;
        else if (Graph.CountOf(node) == 1 && !HasScattered(first))
            result = Total(first);
        else
            result = ScatterAdd(node, first);

        // The sum replaces its terms, so that asking again appends nothing.
        _contributions.Add(new Contribution(result, Whole, -1));
        _first[node] = _last[node] = _contributions.Count;
        gradient = Graph.At(result);
        return true;
    }

    /// <summary>The runs of one input of a gather or scatter-add, from output to input. A node's runs are sorted by input.</summary>
    public long Reverse(int node, int input)
    {
        _runs.Clear();
        ReadOnlySpan<Run> runs = Graph.RunsOf(node);
        int low = 0;
        for (int high = runs.Length; low < high;)
        {
            int middle = (low + high) >>> 1;
            if (runs[middle].Input < input)
                low = middle + 1;
            else
                high = middle;
        }

        for (; low < runs.Length && runs[low].Input == input; low++)
            _runs.Add(runs[low].Reverse());

        return Graph.AddRuns(CollectionsMarshal.AsSpan(_runs));
    }

    /// <summary>True where the targets of a list of runs are all elements of a stack, each once.</summary>
    public bool CoversOnce(long runs, int length)
    {
        _runs.Clear();
        _runs.AddRange(Graph.Runs(runs));
        _runs.Sort(static (left, right) => left.Target.CompareTo(right.Target));
        int end = 0;
        foreach (Run run in _runs)
        {
            if (run.Target != end)
                return false;

            end += run.Length;
        }

        return end == length;
    }

    private void Reserve(int start)
    {
        int count = Graph.Count;
        if (_first.Length < count)
        {
            Array.Resize(ref _first, Graph.Capacity);
            Array.Resize(ref _last, Graph.Capacity);
            Array.Resize(ref _needed, Graph.Capacity);
        }

        Array.Clear(_first, start, count - start);
        Array.Clear(_needed, start, count - start);
    }

    private void FindNeeded(int start)
    {
        for (int node = start; node < Graph.Count; node++)
        {
            foreach (int input in Graph.InputsOf(node))
                _needed[node] |= _needed[input];
        }
    }

    private void Add(int node, int expression, long runs)
    {
        _contributions.Add(new Contribution(expression, runs, -1));
        int index = _contributions.Count;
        if (_first[node] == 0)
            _first[node] = index;
        else
            _contributions[_last[node] - 1] = _contributions[_last[node] - 1] with { Next = index - 1 };

        _last[node] = index;
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

        return Graph.Append(Graph.IsBody ? PlusOperator.Instance : TotalOperator.Instance, 0, CollectionsMarshal.AsSpan(_inputs));
    }

    private int ScatterAdd(int node, int first)
    {
        _inputs.Clear();
        _runs.Clear();
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

        long attribute = Graph.AddRuns(CollectionsMarshal.AsSpan(_runs));
        return Graph.AppendStack(ScatterAddOperator.Instance, attribute, CollectionsMarshal.AsSpan(_inputs),
            Graph.ShapeOf(node), Graph.CountOf(node), shared: false);
    }
}
