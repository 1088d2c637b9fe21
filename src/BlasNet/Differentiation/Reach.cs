using BlasNet.Graphs;
using BlasNet.Graphs.Functions;
using BlasNet.Operators.Intrinsics;

namespace BlasNet.Differentiation;

/// <summary>Which columns of a gradient the loss reaches; the others are zero, whatever the numbers are.</summary>
/// <remarks>
/// Values of several examples that were merged have one gradient, also where the loss depends on some of them only. To a table that is looked up this matters,
/// for an optimizer updates the columns that the loss depends on: which these are must not follow from what was merged with what.
/// <para>A gradient is linear in the gradients that it is computed from, so a value of it is zero where those are; what else it is computed from does not
/// matter. Where nothing is known of its columns all of a node counts as reached. Time O(N + M) for N nodes and M moves, all nodes of the gradient so
/// far.</para>
/// </remarks>
internal sealed class Reach
{
    private const int All = -1, NoGradient = -2;   // instead of a start; the latter of what does not follow from the seeds

    private readonly List<int> _starts = [];   // by node − _first: where its flags begin
    private readonly HashSet<int> _seeds = [];
    private bool[] _flags = [];                // by column: whether it is reached
    private int _first, _end;
    private int _lowestSeed, _highestSeed;     // mostly one seed: few nodes are asked for
    private Graph _graph = null!;

    /// <summary>Gradients are the seeds, and what follows from them among the nodes that the graph gets from now on.</summary>
    public void Begin(Graph graph)
    {
        (_graph, _first, _end) = (graph, graph.Count, 0);
        (_lowestSeed, _highestSeed) = (int.MaxValue, -1);
        _starts.Clear();
        _seeds.Clear();
    }

    /// <summary>Adds a node that gradients begin with.</summary>
    public void AddSeed(int node)
    {
        _seeds.Add(node);
        (_lowestSeed, _highestSeed) = (Math.Min(_lowestSeed, node), Math.Max(_highestSeed, node));
    }

    /// <summary>For each column of a node's stack whether it is reached; empty where all are.</summary>
    public ReadOnlySpan<bool> Of(int node)
    {
        int start = StartOf(node);
        return start < 0 ? [] : _flags.AsSpan(start, _graph.ColumnsOf(node));
    }

    private int StartOf(int node)
    {
        if (node < _first)
            return IsSeed(node) ? All : NoGradient;

        while (_starts.Count <= node - _first)
            _starts.Add(Follow(_first + _starts.Count));

        return _starts[node - _first];
    }

    private int Follow(int node)
    {
        (bool isGradient, bool isPartial) = (IsSeed(node), false);
        foreach (int input in _graph.InputsOf(node))
        {
            int start = StartOf(input);
            isGradient |= start != NoGradient;
            isPartial |= start >= 0;
        }

        Operator op = _graph.OperatorOf(node);
        if (!isGradient)
            return NoGradient;

        if (op.HasMoves)
            return isPartial || (op == ScatterAddOperator.Instance && !CoversAll(node)) ? FollowMoves(node) : All;

        if (op == PadColumnsOperator.Instance || (isPartial && op.Traits.MovesColumns))
            return FollowColumns(node, op);

        if (!isPartial)
            return All;

        if (op is SegmentOperator segments)
            return FollowSegments(node, segments);

        if (op is ScanOperator)
            return FollowScan(node);

        return op.ResultCount > 1 || op.HasList || op.Merging is Merging.Sum or Merging.Reduction ? All : FollowValues(node, op);
    }

    private bool IsSeed(int node) => node >= _lowestSeed && node <= _highestSeed && _seeds.Contains(node);

    // What is marked as the first reaches each element once. Not all that could be is marked.
    private bool CoversAll(int node)
    {
        int covered = 0;
        foreach (ref readonly Move move in _graph.MovesOf(node))
            covered += move.IsFirst ? move.Length : 0;

        return covered == _graph.LengthOf(node);
    }

    private int FollowMoves(int node)
    {
        Span<bool> reached = Add(node);
        int rows = _graph.ShapeOf(node).Rows;
        foreach (Move move in _graph.MovesOf(node))
        {
            int input = _graph.InputsOf(node)[move.Input], width = _graph.ShapeOf(input).Rows;
            ReadOnlySpan<bool> source = Of(input);
            for (int column = move.Target / rows; column <= (move.Target + move.Length - 1) / rows; column++)
            {
                int from = Math.Max(move.Target, column * rows) - move.Target, to = Math.Min(move.Length, ((column + 1) * rows) - move.Target);
                reached[column] |= source.IsEmpty || source[((move.Source + from) / width)..(((move.Source + to - 1) / width) + 1)].Contains(true);
            }
        }

        return Keep(reached);
    }

    // Columns that are cut out, put side by side, or surrounded by zeros, value by value.
    private int FollowColumns(int node, Operator op)
    {
        Span<bool> reached = Add(node);
        long attribute = _graph.AttributeOf(node);
        bool isPad = op == PadColumnsOperator.Instance;
        int count = _graph.CountOf(node), columns = _graph.ShapeOf(node).Columns;
        for (int value = 0, target = 0; value < count; value++, target = value * columns)
        {
            foreach (int input in _graph.InputsOf(node))
            {
                Shape shape = _graph.ShapeOf(input);
                var (start, length) = isPad ? (0, shape.Columns) : op.ColumnsFrom(shape, attribute);
                Span<bool> given = reached.Slice(isPad ? target + Part.Of(attribute).Start : target, length);
                ReadOnlySpan<bool> source = Of(input);
                if (source.IsEmpty)
                    given.Fill(true);
                else
                    source.Slice(((_graph.CountOf(input) == 1 ? 0 : value) * shape.Columns) + start, length).CopyTo(given);

                target += length;
            }
        }

        return Keep(reached);
    }

    // All columns of a segment belong together.
    private int FollowSegments(int node, SegmentOperator op)
    {
        Span<bool> reached = Add(node);
        ReadOnlySpan<int> list = _graph.ListOf(node), inputs = _graph.InputsOf(node);
        int segments = list.Length / op.Width;
        for (int input = 0; input < inputs.Length; input++)
        {
            if (StartOf(inputs[input]) == NoGradient)
                continue;

            ReadOnlySpan<bool> source = Of(inputs[input]);
            int columns = _graph.ColumnsOf(inputs[input]), read = 0, given = 0;
            for (int start = 0; start < list.Length; start += op.Width)
            {
                ReadOnlySpan<int> segment = list.Slice(start, op.Width);
                int sources = columns == segments ? 1 : op.ColumnsOf(segment, input);
                int targets = reached.Length == segments ? 1 : op.ColumnsOf(segment, SegmentOperator.Output);
                if (source.IsEmpty || source.Slice(read, sources).Contains(true))
                    reached.Slice(given, targets).Fill(true);

                (read, given) = (read + sources, given + targets);
            }
        }

        return Keep(reached);
    }

    // From each vertex on to its predecessors, which come before it.
    private int FollowScan(int node)
    {
        var list = new ScanList(_graph.ListOf(node));
        Span<bool> reached = Add(node);
        foreach (int input in _graph.InputsOf(node))
        {
            if (StartOf(input) == NoGradient)
                continue;

            ReadOnlySpan<bool> source = Of(input);
            if (source.Length != list.Count || reached.Length != list.Count)
                return All;

            for (int vertex = 0; vertex < source.Length; vertex++)
                reached[vertex] |= source[vertex];
        }

        for (int vertex = list.Count - 1; vertex >= 0; vertex--)
        {
            foreach (int place in list.PredecessorsOf(vertex))
            {
                if (reached[vertex] && place >= list.Starts)
                    reached[place - list.Starts] = true;
            }
        }

        return Keep(reached);
    }

    // Column by column, or value by value.
    private int FollowValues(int node, Operator op)
    {
        Span<bool> reached = Add(node);
        bool isColumnWise = IsColumnWise(node, op);
        int columns = isColumnWise ? 1 : _graph.ShapeOf(node).Columns, values = reached.Length / columns;
        foreach (int input in _graph.InputsOf(node))
        {
            if (StartOf(input) == NoGradient)
                continue;

            ReadOnlySpan<bool> source = Of(input);
            int width = isColumnWise ? 1 : _graph.ShapeOf(input).Columns;
            if (source.Length != values * width)
                return All;

            for (int value = 0; value < values; value++)
            {
                if (source.Slice(value * width, width).Contains(true))
                    reached.Slice(value * columns, columns).Fill(true);
            }
        }

        return Keep(reached);
    }

    private bool IsColumnWise(int node, Operator op)
    {
        ReadOnlySpan<int> inputs = _graph.InputsOf(node);
        Span<Shape> shapes = stackalloc Shape[inputs.Length];
        Span<bool> shared = stackalloc bool[inputs.Length];
        for (int i = 0; i < inputs.Length; i++)
            (shapes[i], shared[i]) = (_graph.ShapeOf(inputs[i]), _graph.IsShared(inputs[i]));

        return op.IsColumnWise(shapes, shared);
    }

    private Span<bool> Add(int node)
    {
        int columns = _graph.ColumnsOf(node);
        if (_flags.Length < _end + columns)
            Array.Resize(ref _flags, 2 * (_end + columns));

        Span<bool> flags = _flags.AsSpan(_end, columns);
        flags.Clear();
        return flags;
    }

    private int Keep(Span<bool> flags)
    {
        if (!flags.Contains(false))
            return All;

        int start = _end;
        _end += flags.Length;
        return start;
    }
}
