using System.Runtime.InteropServices;
using BlasNet.Graphs;
using BlasNet.Operators.Intrinsics;

namespace BlasNet.Batching;

/// <summary>Collects where the parts of one operand of a merged node lie, and appends what brings them into order.</summary>
internal sealed class StackBuilder
{
    private readonly List<int> _nodes = [];
    private readonly List<Move> _sorted = [];
    private Move[] _moves = new Move[64];   // here the Input of a move is the node that it reads
    private int _count;
    private int[] _ordinals = [];           // by node: its position in _nodes, + 1
    private int _last = -1;                 // the node that was added last, and whether it is a gather from a single stack
    private bool _isGather;

    /// <summary>The graph that the operand belongs to.</summary>
    public Graph Graph { get; private set; } = null!;

    /// <summary>Elements of the operand.</summary>
    public int Length { get; private set; }

    private Span<Move> Moves => _moves.AsSpan(0, _count);

    /// <summary>Starts an operand of a graph.</summary>
    public void Begin(Graph graph)
    {
        Graph = graph;
        _last = -1;
        Clear();
    }

    /// <summary>Starts another operand of the same graph.</summary>
    public void Clear() => (_count, Length) = (0, 0);

    /// <summary>Adds the next elements of the operand. Elements of a gather from a single stack are read from that stack.</summary>
    public void Add(int node, int offset, int length)
    {
        if (node != _last)
            (_last, _isGather) = (node, Graph.OperatorOf(node).Storage == Storage.Moves && Graph.InputsOf(node).Length == 1);

        if (!_isGather)
        {
            AddAt(Length, node, offset, length);
            return;
        }

        int stack = Graph.InputsOf(node)[0], end = offset + length;
        ReadOnlySpan<Move> moves = Graph.MovesOf(node);
        for (int i = FirstEndingAfter(moves, offset); i < moves.Length && moves[i].Target < end; i++)
        {
            ref readonly Move move = ref moves[i];
            int from = Math.Max(offset, move.Target), to = Math.Min(end, move.Target + move.Length);
            AddAt(Length, stack, move.Source + from - move.Target, to - from);
        }
    }

    // A gather's moves are in the order of their targets.
    private static int FirstEndingAfter(ReadOnlySpan<Move> moves, int offset)
    {
        int low = 0;
        for (int high = moves.Length; low < high;)
        {
            int middle = (low + high) >>> 1;
            if (moves[middle].Target + moves[middle].Length <= offset)
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }

    /// <summary>Adds elements of a node that go to a place of the operand. They extend the move before if they follow it at both ends.</summary>
    public void AddAt(int target, int node, int offset, int length)
    {
        Length = checked(Length + length);
        if (_count > 0)
        {
            ref Move last = ref _moves[_count - 1];
            if (last.Input == node && last.Source + last.Length == offset && last.Target + last.Length == target)
            {
                last = last with { Length = last.Length + length };
                return;
            }
        }

        if (_count == _moves.Length)
            Array.Resize(ref _moves, 2 * _count);

        _moves[_count++] = new Move(node, offset, target, length);
    }

    /// <summary>The operand as a slice of one stack, if it is one.</summary>
    public bool TryGetSlice(out LazyGather slice)
    {
        slice = _count == 1 ? new LazyGather(_moves[0].Input, _moves[0].Source) : default;
        return _count == 1;
    }

    /// <summary>The node whose stack is the operand: the one that all elements come from, or a gather that is appended.</summary>
    public int ToOperand(Shape shape, int count, bool shared)
    {
        Move first = _moves[0];
        int node = first.Input;
        if (_count == 1 && first.Source == 0 && first.Length == Graph.LengthOf(node) && Graph.ShapeOf(node) == shape && Graph.CountOf(node) == count)
            return node;

        return ToGather(shape, count, shared);
    }

    /// <summary>A gather of all elements, even if they are all of a node's.</summary>
    public int ToGather(Shape shape, int count, bool shared)
    {
        long attribute = Keep();
        return Graph.AppendStack(GatherOperator.Instance, attribute, CollectionsMarshal.AsSpan(_nodes), shape, count, shared);
    }

    /// <summary>The inputs of a sum, whose terms may come in any order.</summary>
    /// <param name="shape">The shape of a term.</param>
    /// <param name="terms">Receives one node for each stack that terms come from.</param>
    public void ToTerms(Shape shape, List<int> terms)
    {
        terms.Clear();
        Moves.Sort(static (a, b) => a.Input != b.Input ? a.Input.CompareTo(b.Input) : a.Source.CompareTo(b.Source));
        _sorted.Clear();
        _sorted.AddRange(Moves);
        for (int i = 0; i < _sorted.Count;)
        {
            Clear();
            int node = _sorted[i].Input;
            for (; i < _sorted.Count && _sorted[i].Input == node; i++)
                AddAt(Length, node, _sorted[i].Source, _sorted[i].Length);

            terms.Add(ToOperand(shape, Length / shape.Size, shared: false));
        }
    }

    /// <summary>What a scatter-add of the elements to their places consists of.</summary>
    /// <param name="inputs">Receives its inputs.</param>
    /// <returns>Its attribute.</returns>
    public long ToScatter(List<int> inputs)
    {
        long attribute = Keep();
        inputs.Clear();
        inputs.AddRange(_nodes);
        return attribute;
    }

    // Copies the moves to the graph. Their inputs are numbered in order of appearance.
    private long Keep()
    {
        if (_ordinals.Length < Graph.Count)
            _ordinals = new int[Graph.Capacity];

        _nodes.Clear();
        Span<Move> kept = Graph.ReserveMoves(_count, out long attribute);
        for (int i = 0, last = -1, input = 0; i < kept.Length; i++)
        {
            ref readonly Move move = ref _moves[i];
            if (move.Input != last)
                (last, input) = (move.Input, OrdinalOf(move.Input));

            kept[i] = move.From(input);
        }

        foreach (int node in _nodes)
            _ordinals[node] = 0;

        return attribute;
    }

    private int OrdinalOf(int node)
    {
        ref int ordinal = ref _ordinals[node];
        if (ordinal == 0)
        {
            _nodes.Add(node);
            ordinal = _nodes.Count;
        }

        return ordinal - 1;
    }
}
