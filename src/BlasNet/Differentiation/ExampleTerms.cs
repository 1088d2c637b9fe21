using System.Runtime.InteropServices;
using BlasNet.Graphs;
using BlasNet.Operators.Intrinsics;

namespace BlasNet.Differentiation;

/// <summary>The contributions to the gradient of one value that all examples share, and what is made of them: a stack, norms, a weighted sum.</summary>
internal sealed class ExampleTerms(ExampleRows rows)
{
    // A contribution: a stack of values or, with Sum, a sum over the stacks that are the node's inputs; and the example of each value.
    private readonly record struct Term(int Node, SumTerms? Sum, int[] Examples);

    private readonly List<Term> _terms = [];
    private readonly List<(int Node, long Moves)> _contributions = [];
    private readonly List<Move> _moves = [];
    private readonly List<int> _inputs = [];
    private Graph _graph = null!;
    private int _examples;

    /// <summary>Number of contributions.</summary>
    public int Count => _terms.Count;

    /// <summary>Starts over with a graph.</summary>
    public void Begin(Graph graph, int examples) => (_graph, _examples) = (graph, examples);

    /// <summary>Takes the contributions to a node.</summary>
    public void Collect(Gradients gradients, int node)
    {
        _terms.Clear();
        _contributions.Clear();
        gradients.CopyContributions(node, _contributions);
        foreach ((int expression, long moves) in _contributions)
        {
            int term = moves < 0 ? expression : Scattered(expression, moves, node);
            if (_graph.OperatorOf(term).Traits.Terms is not { } sum)
            {
                _terms.Add(new Term(term, null, rows.Of(term)));
                continue;
            }

            // The stack of a sum is an operand that is not shared; if neither is, both belong to the same examples.
            ReadOnlySpan<int> inputs = _graph.InputsOf(term);
            int stack = _graph.IsShared(inputs[0]) ? inputs[1] : inputs[0];
            _terms.Add(new Term(term, sum, rows.Of(stack)));
        }
    }

    /// <summary>Appends the stack of the examples' gradients.</summary>
    public int ToStack(Shape shape)
    {
        _moves.Clear();
        _inputs.Clear();
        foreach (Term term in _terms)
        {
            for (int row = 0; row < term.Examples.Length; row++)
            {
                if (term.Examples[row] != ExampleRows.None)
                    _moves.Add(new Move(_inputs.Count, row * shape.Size, term.Examples[row] * shape.Size, shape.Size));
            }

            _inputs.Add(ToValues(term, shape));
        }

        return ScatterToExamples(CollectionsMarshal.AsSpan(_inputs), shape);
    }

    /// <summary>Appends the stack of the norms of the examples' gradients.</summary>
    public int ToNorms(Shape shape)
    {
        _inputs.Clear();
        var terms = new NormTerm[_terms.Count];
        var parts = new List<(int Example, NormRows Rows)>();
        for (int i = 0; i < terms.Length; i++)
        {
            Term term = _terms[i];
            terms[i] = new NormTerm(term.Sum?.Form ?? TermForm.Whole, _inputs.Count);
            AddParts(parts, i, term.Examples, AddInputs(term));
        }

        var op = new ExampleNormsOperator(shape, terms, parts.ToLookup(part => part.Example, part => part.Rows), _examples);
        int node = _graph.AppendStack(op, 0, CollectionsMarshal.AsSpan(_inputs), Shape.Scalar, _examples, shared: false);
        rows.Set(node, [.. Enumerable.Range(0, _examples)]);
        return node;
    }

    /// <returns>Columns of each value of the term.</returns>
    private int AddInputs(Term term)
    {
        if (term.Sum is null)
        {
            _inputs.Add(term.Node);
            return 1;
        }

        _inputs.AddRange(_graph.InputsOf(term.Node));
        return _graph.ShapeOf(_inputs[^2]).Columns;
    }

    // Neighbours of one example are one part.
    private static void AddParts(List<(int Example, NormRows Rows)> parts, int term, int[] examples, int columns)
    {
        for (int row = 0, end; row < examples.Length; row = end)
        {
            end = row + 1;
            while (end < examples.Length && examples[end] == examples[row])
                end++;

            if (examples[row] != ExampleRows.None)
                parts.Add((examples[row], new NormRows(term, row * columns, (end - row) * columns)));
        }
    }

    /// <summary>Multiplies each example's contributions to a node by the example's weight.</summary>
    /// <param name="gradients">Where the contributions are replaced.</param>
    /// <param name="node">The node whose contributions were collected.</param>
    /// <param name="weights">The stack of the examples' weights.</param>
    public void Weigh(Gradients gradients, int node, int weights)
    {
        gradients.Forget(node);
        foreach (Term term in _terms)
            gradients.Add(node, term.Sum is null ? Weighted(term.Node, weights, term.Examples) : WeightedSum(term, weights));
    }

    // A sum is linear in its first operand, the values; the second may be indices.
    private int WeightedSum(Term term, int weights)
    {
        ReadOnlySpan<int> inputs = _graph.InputsOf(term.Node);
        (int first, int second) = (inputs[0], inputs[1]);
        int weighted = Weighted(first, weights, term.Examples);
        return _graph.AppendStack(_graph.OperatorOf(term.Node), _graph.AttributeOf(term.Node), [weighted, second], _graph.ShapeOf(term.Node), 1, shared: false);
    }

    private int Weighted(int values, int weights, int[] examples) =>
        _graph.AppendStack(new WeightRowsOperator(examples), 0, [values, weights], _graph.ShapeOf(values), examples.Length, shared: false);

    // A contribution to parts of a shared value, as a stack of one value for each example, with zeros elsewhere.
    private int Scattered(int expression, long moves, int node)
    {
        int size = _graph.LengthOf(node), width = _graph.ShapeOf(expression).Size;
        int[] examples = rows.Of(expression);
        _moves.Clear();
        foreach (Move move in _graph.Moves(moves))
            AddToExamples(move, examples, width, size);

        return ScatterToExamples([expression], _graph.ShapeOf(node));
    }

    // Neighbouring values may belong to different examples.
    private void AddToExamples(Move move, int[] examples, int width, int size)
    {
        for (int done = 0, part; done < move.Length; done += part)
        {
            int source = move.Source + done, example = examples[source / width];
            part = Math.Min(move.Length - done, width - (source % width));
            if (example != ExampleRows.None)
                _moves.Add(new Move(0, source, example * size + move.Target + done, part));
        }
    }

    // The stack of one value for each example that the moves lead to.
    private int ScatterToExamples(ReadOnlySpan<int> inputs, Shape shape)
    {
        long moves = _graph.AddMoves(CollectionsMarshal.AsSpan(_moves));
        int stack = _graph.AppendStack(ScatterAddOperator.Instance, moves, inputs, shape, _examples, shared: false);
        rows.Set(stack, [.. Enumerable.Range(0, _examples)]);
        return stack;
    }

    private int ToValues(Term term, Shape shape)
    {
        if (term.Sum is null)
            return term.Node;

        int[] inputs = _graph.InputsOf(term.Node).ToArray();
        return _graph.AppendStack(term.Sum.Apart, _graph.AttributeOf(term.Node), inputs, shape, term.Examples.Length, shared: false);
    }
}
