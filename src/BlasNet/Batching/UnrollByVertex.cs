using System.Runtime.InteropServices;
using BlasNet.Graphs;
using BlasNet.Graphs.Functions;
using BlasNet.Operators.Intrinsics;

namespace BlasNet.Batching;

/// <summary>Puts calls in the place of a single recurrence, one for each vertex, where nothing is stacked: of values that all examples share, and within a
/// function's body, which runs on stacks of its own.</summary>
/// <param name="target">Receives the nodes.</param>
/// <param name="body">What is called at the vertices.</param>
/// <param name="calls">Appends a call.</param>
/// <param name="shared">Whether all inputs are the same for every example.</param>
internal sealed class UnrollByVertex(Graph target, RecurrenceBody body, Unroll.ICalls calls, bool shared)
{
    private readonly List<int> _arguments = [];
    private int[] _states = [];   // by vertex, then by part

    private int Parts => body.StateRows.Length;

    /// <summary>Appends the calls.</summary>
    /// <param name="list">A <see cref="DagList"/>.</param>
    /// <param name="inputs">Of the recurrence, as nodes of the target.</param>
    /// <returns>The first of as many consecutive nodes as a state has parts, each a matrix of a column for each vertex.</returns>
    public int Run(ReadOnlySpan<int> list, ReadOnlySpan<int> inputs)
    {
        var dag = new DagList(list);
        _states = new int[dag.Count * Parts];
        int[] order = [.. Enumerable.Range(0, dag.Count)];
        Array.Sort(dag.Levels.ToArray(), order);
        foreach (int vertex in order)
            Compute(vertex, dag, inputs);

        int first = target.Count;
        for (int part = 0; part < Parts; part++)
        {
            int[] columns = [.. Enumerable.Range(0, dag.Count).Select(vertex => _states[(vertex * Parts) + part])];
            target.AppendStack(ConcatenateColumnsOperator.Instance, 0, columns, new Shape(body.StateRows[part], dag.Count), 1, shared);
        }

        return first;
    }

    private void Compute(int vertex, DagList dag, ReadOnlySpan<int> inputs)
    {
        bool isStart = dag.Levels[vertex] == 0;
        ReadOnlySpan<int> predecessors = dag.PredecessorsOf(vertex);
        int[] messages = isStart || body.Message is null ? [] : Messages(vertex, dag, inputs);
        _arguments.Clear();
        if (isStart || body.ReadsInput)
            _arguments.Add(Column(inputs[0], body.ReadsInput ? vertex : dag.Levels[..vertex].Count(0)));

        _arguments.AddRange(messages);
        for (int slot = 0; !isStart && slot < body.Slots; slot++)
            AddState(predecessors[slot]);

        Body called = isStart ? body.Start : body.Step;
        AddBrought(called, inputs, vertex);
        Call(called, _states.AsSpan(vertex * Parts, Parts));
    }

    // The sum of what the predecessors send.
    private int[] Messages(int vertex, DagList dag, ReadOnlySpan<int> inputs)
    {
        Body message = body.Message!;
        ReadOnlySpan<int> predecessors = dag.PredecessorsOf(vertex);
        var terms = new int[predecessors.Length][];
        for (int edge = 0; edge < terms.Length; edge++)
        {
            _arguments.Clear();
            _arguments.Add(Column(inputs[0], vertex));
            AddState(predecessors[edge]);
            AddBrought(message, inputs, dag.FirstEdgeOf(vertex) + edge);
            Call(message, terms[edge] = new int[message.Outputs.Length]);
        }

        return [.. Enumerable.Range(0, message.Outputs.Length).Select(result => Sum([.. terms.Select(term => term[result])]))];
    }

    private int Sum(int[] terms) => terms.Length == 1 ? terms[0]
        : target.AppendStack(PlusOperator.Instance, 0, terms, target.ShapeOf(terms[0]), 1, shared);

    // A random draw has columns for each call.
    private void AddBrought(Body called, ReadOnlySpan<int> inputs, int call)
    {
        ReadOnlySpan<int> brought = inputs[body.FirstBroughtBy(called)..];
        for (int i = 0; i < called.BroughtCount; i++)
        {
            int columns = called.ColumnsBrought(i);
            _arguments.Add(columns == 0 ? brought[i] : Columns(brought[i], call * columns, columns));
        }
    }

    private void Call(Body called, Span<int> results) => calls.Add(called, CollectionsMarshal.AsSpan(_arguments), 1, shared, results);

    private void AddState(int vertex)
    {
        for (int part = 0; part < Parts; part++)
            _arguments.Add(vertex < 0 ? Zeros(body.StateRows[part]) : _states[(vertex * Parts) + part]);
    }

    private int Column(int matrix, int column) => Columns(matrix, column, 1);

    private int Columns(int matrix, int start, int count)
    {
        Shape shape = target.ShapeOf(matrix);
        return shape.Columns == count ? matrix
            : target.AppendStack(
                SliceColumnsOperator.Instance, new Part(start, count).Attribute, [matrix], new Shape(shape.Rows, count), 1, target.IsShared(matrix));
    }

    // A number, once for each row; it has no gradient.
    private int Zeros(int rows)
    {
        long moves = target.AddMoves([.. Enumerable.Range(0, rows).Select(row => new Move(0, 0, row, 1))]);
        return target.AppendStack(GatherOperator.Instance, moves, [target.OwnConstant(0).Index], new Shape(rows), 1, shared: true);
    }
}
