using BlasNet.Graphs;
using BlasNet.Operators.Intrinsics;

namespace BlasNet.Differentiation;

/// <summary>Tells which example each value of a stack belongs to.</summary>
/// <remarks>An example's data belongs to it, and so does what is computed from its data; a value that an example takes from what all share belongs to it too,
/// which shows in what reads it. Found as needed; stacks whose values belong to the same examples in the same order share one list.</remarks>
internal sealed partial class ExampleRows
{
    /// <summary>In the place of an example: the value is zero, or depends on no example's data.</summary>
    public const int None = -1;

    private readonly Dictionary<long, int> _places = [];   // the example of each column in the data pools
    private readonly List<int[]?> _rows = [];
    private Graph _graph = null!;

    /// <summary>Starts from the examples' data.</summary>
    /// <param name="source">The minibatch graph: the examples' nodes one example after another.</param>
    /// <param name="starts">The first node of each example.</param>
    /// <param name="losses">Each example's loss.</param>
    /// <exception cref="InvalidOperationException">An example uses a value of another one.</exception>
    public void Begin(Graph source, ReadOnlySpan<int> starts, ReadOnlySpan<Expr> losses)
    {
        _places.Clear();
        for (int example = 0; example < starts.Length; example++)
        {
            int end = example + 1 < starts.Length ? starts[example + 1] : source.Count;
            for (int node = starts[example]; node < end; node++)
            {
                if (source.OperatorOf(node).Merging == Merging.Data)
                    AddPlaces(source.AttributeOf(node), source.ColumnsOf(node), example);

                if (node > losses[example].IndexIn(source))
                    continue;   // after the last example, the sum of all losses

                foreach (int input in source.InputsOf(node))
                {
                    if (input < starts[example] && !source.IsShared(input))
                    {
                        throw new InvalidOperationException(
                            $"Example {example} uses {source.At(input)}, which belongs to another example, so it has no gradient of its own.");
                    }
                }
            }
        }
    }

    /// <summary>Answers for this graph from now on: the batched one, or the minibatch graph itself.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="losses">Each example's loss.</param>
    public void Use(Graph graph, ReadOnlySpan<Location> losses)
    {
        _rows.Clear();
        _graph = graph;
        Find(graph.Count - 1);
        for (int example = 0; example < losses.Length; example++)
        {
            var (node, offset) = losses[example];
            if (_rows[node] is { } rows)
                rows[offset / graph.ShapeOf(node).Size] = example;   // a loss may be an element of a larger value
        }

        FindByReaders(losses);
    }

    /// <summary>The example of each value of a node's stack; <see cref="None"/> for zeros.</summary>
    /// <exception cref="InvalidOperationException">The values are sums over several examples.</exception>
    public int[] Of(int node) =>
        Find(node) ?? throw new InvalidOperationException($"Error in BlasNet: the examples of %{node} {_graph.At(node)} are not known.");

    /// <summary>Gives a node the examples of another one: a gradient those of its value.</summary>
    public void SetLike(int node, int value)
    {
        if (Find(value) is { } rows)
            Set(node, rows);
    }

    /// <summary>Says which examples a node's values belong to.</summary>
    public void Set(int node, int[] rows)
    {
        Find(node);
        _rows[node] = rows;
    }

    // Node after node, not recursively: a graph may be deeper than the call stack.
    private int[]? Find(int node)
    {
        while (_rows.Count <= node)
            _rows.Add(_graph.IsShared(_rows.Count) ? null : Follow(_rows.Count));

        return _rows[node];
    }

    private int[]? Follow(int node)
    {
        Operator op = _graph.OperatorOf(node);
        if (op.Merging == Merging.Data)
            return FromData(node);

        if (op.HasMoves)
            return FollowMoves(node);

        if (op.HasList)
            return FollowSegments(node);

        int count = _graph.CountOf(node);
        int[]? partial = null;
        foreach (int input in _graph.InputsOf(node))
        {
            if (_rows[input] is not { } rows)
                continue;

            if (rows.Length == count && !rows.Contains(None))
                return rows;

            if (rows.Length == count)
            {
                partial = partial is null ? rows : Merged(partial, rows);
                continue;
            }

            if (Array.TrueForAll(rows, example => example == rows[0]))   // a sum over one example's values, or a value repeated for all of them
                return Filled(count, rows[0]);
        }

        return partial ?? Filled(count, None);
    }

    private static int[] Merged(int[] first, int[] second) => [.. first.Zip(second, (a, b) => a == None ? b : a)];

    // All columns of a segment belong to one example.
    private int[]? FollowSegments(int node)
    {
        ReadOnlySpan<int> inputs = _graph.InputsOf(node);
        int[] result = Filled(_graph.CountOf(node), None);
        for (int input = 0; input < inputs.Length; input++)
        {
            if (_rows[inputs[input]] is { } rows)
                GiveSegments(node, input, rows, SegmentOperator.Output, result);
        }

        return result;
    }

    // From a segment's values in an operand of the node to its values in another one; a value that is the same for all has none of its own, but
    // each segment a gradient.
    private void GiveSegments(int node, int from, int[] source, int to, int[] target)
    {
        var op = (SegmentOperator)_graph.OperatorOf(node);
        ReadOnlySpan<int> list = _graph.ListOf(node);
        int segments = list.Length / op.Width, read = 0, given = 0;
        for (int start = 0; start < list.Length; start += op.Width)
        {
            ReadOnlySpan<int> segment = list.Slice(start, op.Width);
            int sources = source.Length == segments ? 1 : op.ColumnsOf(segment, from), targets = target.Length == segments ? 1 : op.ColumnsOf(segment, to);
            int example = ExampleOf(source.AsSpan(read, sources));
            for (int i = given; i < given + targets; i++)
                Give(target, i, example);

            (read, given) = (read + sources, given + targets);
        }
    }

    private static int ExampleOf(ReadOnlySpan<int> rows)
    {
        int known = rows.IndexOfAnyExcept(None);
        return known < 0 ? None : rows[known];
    }

    // A value that nothing moves to is zero, whichever example it belongs to.
    private int[]? FollowMoves(int node)
    {
        int size = _graph.ShapeOf(node).Size;
        int[] result = Filled(_graph.CountOf(node), None);
        foreach (Move move in _graph.MovesOf(node))
        {
            int input = _graph.InputsOf(node)[move.Input];
            if (_rows[input] is { } rows)
                GiveMoved(rows, _graph.ShapeOf(input).Size, move.Source, result, size, move.Target, move.Length);
        }

        return result;   // of what is shared nothing is known: its examples follow from another term of the sum
    }

    // From values of one size, of which elements move, to values of another size. A value has the example of any of its elements: others may be zeros.
    private static void GiveMoved(int[] source, int sourceSize, int sourceStart, int[] target, int targetSize, int targetStart, int length)
    {
        for (int value = targetStart / targetSize; value <= (targetStart + length - 1) / targetSize; value++)
        {
            int from = Math.Max(targetStart, value * targetSize), to = Math.Min(targetStart + length, (value + 1) * targetSize);
            int first = (sourceStart + from - targetStart) / sourceSize, last = (sourceStart + to - 1 - targetStart) / sourceSize;
            Give(target, value, ExampleOf(source.AsSpan(first..(last + 1))));
        }
    }

    private void AddPlaces(long first, int columns, int example)
    {
        for (int column = 0; column < columns; column++)
            _places.Add(first + column, example);
    }

    // A stack of constants is of no example.
    private int[]? FromData(int node)
    {
        var rows = new int[_graph.CountOf(node)];
        int columns = _graph.ShapeOf(node).Columns;
        for (int i = 0; i < rows.Length; i++)
        {
            if (!_places.TryGetValue(_graph.AttributeOf(node) + (long)i * columns, out rows[i]))
                return null;
        }

        return rows;
    }

    private static int[] Filled(int count, int example)
    {
        var rows = new int[count];
        Array.Fill(rows, example);
        return rows;
    }
}
