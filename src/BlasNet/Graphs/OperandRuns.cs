using System.Runtime.InteropServices;
using BlasNet.Graphs.Structure;

namespace BlasNet.Graphs;

/// <summary>Collects where the parts of one operand of a merged node lie, and appends what brings them into order.</summary>
internal sealed class OperandRuns
{
    private Graph _graph = null!;

    // Here a run's Input is the node it comes from.
    private readonly List<Run> _runs = [];
    private readonly List<int> _nodes = [];
    private readonly List<Run> _sorted = [];
    private int[] _ordinal = [];   // of a node among _nodes, + 1
    private int[] _starts = [];
    private int _length;

    /// <summary>Starts an operand.</summary>
    public void Begin(Graph graph)
    {
        _graph = graph;
        Clear();
    }

    public void Clear()
    {
        _runs.Clear();
        _length = 0;
    }

    /// <summary>The one stack that all values of the operand come from, whole values in any order; −1 if there is no such.</summary>
    public int SingleSource(Shape shape)
    {
        foreach (Run run in _runs)
        {
            if (run.Input != _runs[0].Input || run.Source % shape.Size != 0 || run.Length % shape.Size != 0)
                return -1;
        }

        return _runs.Count > 0 && _graph.ShapeOf(_runs[0].Input) == shape ? _runs[0].Input : -1;
    }

    /// <summary>The next elements of the operand. What a gather has fetched from a single stack is fetched from there.</summary>
    public void Add(int node, int offset, int length)
    {
        if (_graph.OperatorOf(node).Storage != Storage.Runs || _graph.InputsOf(node).Length != 1)
        {
            Add(node, offset, length, _length);
            return;
        }

        int source = _graph.InputsOf(node)[0];
        ReadOnlySpan<Run> runs = _graph.RunsOf(node);   // of one input, so in the order of their targets
        for (int i = FirstReaching(runs, offset); i < runs.Length && runs[i].Target < offset + length; i++)
        {
            int start = Math.Max(offset, runs[i].Target), end = Math.Min(offset + length, runs[i].Target + runs[i].Length);
            Add(source, runs[i].Source + start - runs[i].Target, end - start, _length);
        }
    }

    /// <summary>As <see cref="Add(int, int, int)"/>, but the vectors are those of another node, which has one for each of the source's.</summary>
    public void AddScaled(int node, int offset, int length, int other, int rows, int sourceRows)
    {
        int start = _runs.Count;
        Add(node, offset, length);
        Span<Run> runs = CollectionsMarshal.AsSpan(_runs)[start..];
        int end = 0;
        foreach (ref Run run in runs)
        {
            int vectors = run.Length / sourceRows;
            run = new Run(other, run.Source / sourceRows * rows, end, vectors * rows);
            end += vectors * rows;
        }

        _length = end;
    }

    /// <summary>Where the operand lies in one stack, if it does.</summary>
    public bool TryGetPlace(out int node, out int offset)
    {
        bool single = _runs.Count == 1;
        (node, offset) = single ? (_runs[0].Input, _runs[0].Source) : (-1, 0);
        return single;
    }

    private static int FirstReaching(ReadOnlySpan<Run> runs, int offset)
    {
        int low = 0;
        for (int high = runs.Length; low < high;)
        {
            int middle = (low + high) >>> 1;
            if (runs[middle].Target + runs[middle].Length <= offset)
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }

    /// <summary>Elements of a node that go to a place in the operand.</summary>
    public void Add(int node, int offset, int length, int target)
    {
        _length = checked(_length + length);
        if (_runs.Count > 0)
        {
            ref Run last = ref CollectionsMarshal.AsSpan(_runs)[_runs.Count - 1];
            if (last.Input == node && last.Source + last.Length == offset && last.Target + last.Length == target)
            {
                last = last with { Length = last.Length + length };
                return;
            }
        }

        _runs.Add(new Run(node, offset, target, length));
    }

    /// <summary>The node whose stack is the operand: the one that all elements come from, or a gather.</summary>
    public int ToOperand(Shape shape, int count, bool shared)
    {
        if (_runs is [var run] && run.Source == 0 && run.Length == _graph.LengthOf(run.Input) && _graph.ShapeOf(run.Input) == shape && _graph.CountOf(run.Input) == count)
            return run.Input;

        long attribute = ToSortedRuns();
        return _graph.AppendStack(GatherOperator.Instance, attribute, CollectionsMarshal.AsSpan(_nodes), shape, count, shared);
    }

    /// <summary>The inputs of a sum, in which the order of the terms is of no account.</summary>
    /// <param name="shape">The shape of a term.</param>
    /// <param name="terms">Receives one node for each stack that terms come from.</param>
    public void ToTerms(Shape shape, List<int> terms)
    {
        terms.Clear();
        _runs.Sort(static (a, b) => a.Input != b.Input ? a.Input.CompareTo(b.Input) : a.Source.CompareTo(b.Source));
        _sorted.Clear();
        _sorted.AddRange(_runs);
        for (int i = 0; i < _sorted.Count;)
        {
            Clear();
            int node = _sorted[i].Input;
            for (; i < _sorted.Count && _sorted[i].Input == node; i++)
                Add(node, _sorted[i].Source, _sorted[i].Length, _length);

            terms.Add(ToOperand(shape, _length / shape.Size, shared: false));
        }
    }

    /// <summary>The runs of a scatter-add and its inputs.</summary>
    public long ToScatter(List<int> inputs)
    {
        long attribute = ToSortedRuns();
        inputs.Clear();
        inputs.AddRange(_nodes);
        return attribute;
    }

    // Numbers the nodes in order of appearance and sorts the runs by that number (a counting sort).
    private long ToSortedRuns()
    {
        if (_ordinal.Length < _graph.Count)
            _ordinal = new int[_graph.Capacity];

        _nodes.Clear();
        Span<Run> runs = CollectionsMarshal.AsSpan(_runs);
        foreach (Run run in runs)
        {
            if (_ordinal[run.Input] == 0)
            {
                _nodes.Add(run.Input);
                _ordinal[run.Input] = _nodes.Count;
            }
        }

        if (_starts.Length < _nodes.Count + 1)
            _starts = new int[2 * _nodes.Count + 1];

        Array.Clear(_starts, 0, _nodes.Count + 1);
        foreach (Run run in runs)
            _starts[_ordinal[run.Input]]++;

        for (int i = 1; i <= _nodes.Count; i++)
            _starts[i] += _starts[i - 1];

        Span<Run> sorted = _graph.ReserveRuns(runs.Length, out long attribute);
        foreach (Run run in runs)
        {
            int ordinal = _ordinal[run.Input] - 1;
            sorted[_starts[ordinal]++] = run with { Input = ordinal };
        }

        foreach (int node in _nodes)
            _ordinal[node] = 0;

        return attribute;
    }
}
