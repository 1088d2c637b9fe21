using System.Runtime.InteropServices;
using BlasNet.Graphs;
using BlasNet.Operators.Intrinsics;

namespace BlasNet.Batching;

/// <summary>Collects where the parts of one operand of a merged node lie, and appends what brings them into order.</summary>
internal sealed class StackBuilder
{
    private Graph _graph = null!;

    private Move[] _runs = new Move[64];   // here a run's Input is the node it comes from
    private int _count;
    private readonly List<int> _nodes = [];
    private readonly List<Move> _sorted = [];
    private int[] _ordinal = [];   // of a node among _nodes, + 1
    private int _last = -1;        // the node added last, and whether it is a gather from a single stack
    private bool _isGathered;

    /// <summary>Elements of the operand.</summary>
    public int Length { get; private set; }

    /// <summary>Starts an operand.</summary>
    public void Begin(Graph graph)
    {
        _graph = graph;
        _last = -1;
        Clear();
    }

    public void Clear() => (_count, Length) = (0, 0);

    /// <summary>The next elements of the operand. What a gather has fetched from a single stack is fetched from there.</summary>
    public void Add(int node, int offset, int length)
    {
        if (node != _last)
            (_last, _isGathered) = (node, _graph.OperatorOf(node).Storage == Storage.Moves && _graph.InputsOf(node).Length == 1);

        if (!_isGathered)
        {
            Add(node, offset, length, Length);
            return;
        }

        int source = _graph.InputsOf(node)[0];
        ReadOnlySpan<Move> runs = _graph.MovesOf(node);
        for (int i = FirstReaching(runs, offset); i < runs.Length && runs[i].Target < offset + length; i++)
        {
            int start = Math.Max(offset, runs[i].Target), end = Math.Min(offset + length, runs[i].Target + runs[i].Length);
            Add(source, runs[i].Source + start - runs[i].Target, end - start, Length);
        }
    }

    /// <summary>Where the operand lies in one stack, if it does.</summary>
    public bool TryGetPlace(out int node, out int offset)
    {
        bool single = _count == 1;
        (node, offset) = single ? (_runs[0].Input, _runs[0].Source) : (-1, 0);
        return single;
    }

    private static int FirstReaching(ReadOnlySpan<Move> runs, int offset)
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
        Length = checked(Length + length);
        if (_count > 0)
        {
            ref Move last = ref _runs[_count - 1];
            if (last.Input == node && last.Source + last.Length == offset && last.Target + last.Length == target)
            {
                last = last with { Length = last.Length + length };
                return;
            }
        }

        if (_count == _runs.Length)
            Array.Resize(ref _runs, 2 * _count);

        _runs[_count++] = new Move(node, offset, target, length);
    }

    /// <summary>The node whose stack is the operand: the one that all elements come from, or a gather.</summary>
    public int ToOperand(Shape shape, int count, bool shared)
    {
        Move run = _runs[0];
        if (_count == 1 && run.Source == 0 && run.Length == _graph.LengthOf(run.Input) && _graph.ShapeOf(run.Input) == shape && _graph.CountOf(run.Input) == count)
            return run.Input;

        long attribute = Keep();
        return _graph.AppendStack(GatherOperator.Instance, attribute, CollectionsMarshal.AsSpan(_nodes), shape, count, shared);
    }

    /// <summary>The inputs of a sum, in which the order of the terms is of no account.</summary>
    /// <param name="shape">The shape of a term.</param>
    /// <param name="terms">Receives one node for each stack that terms come from.</param>
    public void ToTerms(Shape shape, List<int> terms)
    {
        terms.Clear();
        _runs.AsSpan(0, _count).Sort(static (a, b) => a.Input != b.Input ? a.Input.CompareTo(b.Input) : a.Source.CompareTo(b.Source));
        _sorted.Clear();
        _sorted.AddRange(_runs.AsSpan(0, _count));
        for (int i = 0; i < _sorted.Count;)
        {
            Clear();
            int node = _sorted[i].Input;
            for (; i < _sorted.Count && _sorted[i].Input == node; i++)
                Add(node, _sorted[i].Source, _sorted[i].Length, Length);

            terms.Add(ToOperand(shape, Length / shape.Size, shared: false));
        }
    }

    /// <summary>The runs of a scatter-add and its inputs.</summary>
    public long ToScatter(List<int> inputs)
    {
        long attribute = Keep();
        inputs.Clear();
        inputs.AddRange(_nodes);
        return attribute;
    }

    // Adds the runs to the graph, with the nodes that they read numbered in order of appearance.
    private long Keep()
    {
        if (_ordinal.Length < _graph.Count)
            _ordinal = new int[_graph.Capacity];

        _nodes.Clear();
        Span<Move> kept = _graph.ReserveMoves(_count, out long attribute);
        for (int i = 0; i < kept.Length; i++)
        {
            ref readonly Move run = ref _runs[i];
            ref int ordinal = ref _ordinal[run.Input];
            if (ordinal == 0)
            {
                _nodes.Add(run.Input);
                ordinal = _nodes.Count;
            }

            kept[i] = run with { Input = ordinal - 1 };
        }

        foreach (int node in _nodes)
            _ordinal[node] = 0;

        return attribute;
    }
}
