using System.Runtime.InteropServices;
using BlasNet.Graphs;
using BlasNet.Operators.Intrinsics;

namespace BlasNet.Differentiation;

/// <summary>What has been contributed to the gradient with respect to one value that all examples share, and what can be made of it.</summary>
internal sealed class ExampleTerms(ExampleRows rows)
{
    // A contribution: an expression, or for a sum over a stack the operator that adds up and its inputs; and the example of each value.
    private readonly record struct Term(int Node, Operator? Sum, int[] Examples);

    private readonly List<Term> _terms = [];
    private readonly List<(int Node, long Runs)> _contributions = [];
    private readonly List<Move> _runs = [];
    private readonly List<int> _inputs = [];
    private Graph _graph = null!;
    private int _examples;

    public int Count => _terms.Count;

    public void Begin(Graph graph, int examples) => (_graph, _examples) = (graph, examples);

    /// <summary>Takes what has been contributed to a node.</summary>
    public void Collect(Gradients gradients, int node)
    {
        _terms.Clear();
        _contributions.Clear();
        gradients.CopyContributions(node, _contributions);
        foreach ((int expression, long runs) in _contributions)
        {
            int term = runs < 0 ? expression : Scattered(expression, runs, node);
            Operator op = _graph.OperatorOf(term);
            if (op.Terms is null)
            {
                _terms.Add(new Term(term, null, rows.Of(term)));
                continue;
            }

            // The stack of a sum: the operand that is no single value for all; both agree where both are stacks.
            ReadOnlySpan<int> inputs = _graph.InputsOf(term);
            int stack = _graph.IsShared(inputs[0]) ? inputs[1] : inputs[0];
            _terms.Add(new Term(term, op, rows.Of(stack)));
        }
    }

    /// <summary>A stack of one value for each example: its gradient.</summary>
    public int ToStack(Shape shape)
    {
        _runs.Clear();
        _inputs.Clear();
        foreach (Term term in _terms)
        {
            for (int row = 0; row < term.Examples.Length; row++)
                _runs.Add(new Move(_inputs.Count, row * shape.Size, term.Examples[row] * shape.Size, shape.Size));

            _inputs.Add(ToValues(term, shape));
        }

        int stack = _graph.AppendStack(ScatterAddOperator.Instance, _graph.AddMoves(CollectionsMarshal.AsSpan(_runs)), CollectionsMarshal.AsSpan(_inputs), shape, _examples, shared: false);
        rows.Set(stack, [.. Enumerable.Range(0, _examples)]);
        return stack;
    }

    /// <summary>A stack of one number for each example: the norm of its gradient.</summary>
    public int ToNorms(Shape shape)
    {
        _inputs.Clear();
        var terms = new NormTerm[_terms.Count];
        var parts = new List<(int Example, NormRows Rows)>();
        for (int i = 0; i < terms.Length; i++)
        {
            Term term = _terms[i];
            terms[i] = new NormTerm(term.Sum?.TermForm ?? TermForm.Whole, _inputs.Count);
            int columns = 1;
            if (term.Sum is null)
            {
                _inputs.Add(term.Node);
            }
            else
            {
                _inputs.AddRange(_graph.InputsOf(term.Node));
                columns = _graph.ShapeOf(_inputs[^2]).Columns;
            }

            for (int row = 0, end; row < term.Examples.Length; row = end)
            {
                for (end = row + 1; end < term.Examples.Length && term.Examples[end] == term.Examples[row];)
                    end++;

                parts.Add((term.Examples[row], new NormRows(i, row * columns, (end - row) * columns)));
            }
        }

        var op = new ExampleNormsOperator(shape, terms, parts.ToLookup(part => part.Example, part => part.Rows), _examples);
        int node = _graph.AppendStack(op, 0, CollectionsMarshal.AsSpan(_inputs), Shape.Scalar, _examples, shared: false);
        rows.Set(node, [.. Enumerable.Range(0, _examples)]);
        return node;
    }

    /// <summary>Replaces what has been contributed to a node by the same, each example's part times its weight.</summary>
    /// <param name="gradients">Where it has been contributed.</param>
    /// <param name="node">The node that was collected.</param>
    /// <param name="weights">A stack of each example's factor.</param>
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
        return _graph.AppendStack(term.Sum!, _graph.AttributeOf(term.Node), [Weighted(first, weights, term.Examples), second], _graph.ShapeOf(term.Node), 1, shared: false);
    }

    private int Weighted(int values, int weights, int[] examples) =>
        _graph.AppendStack(new WeightRowsOperator(examples), 0, [values, weights], _graph.ShapeOf(values), examples.Length, shared: false);

    // What is added to parts of a value that all examples share, as a stack of one value for each example, zero elsewhere.
    private int Scattered(int expression, long runs, int node)
    {
        int size = _graph.LengthOf(node), width = _graph.ShapeOf(expression).Size;
        int[] examples = rows.Of(expression);
        _runs.Clear();
        foreach (Move run in _graph.Moves(runs))
            _runs.Add(new Move(0, run.Source, examples[run.Source / width] * size + run.Target, run.Length));

        int stack = _graph.AppendStack(ScatterAddOperator.Instance, _graph.AddMoves(CollectionsMarshal.AsSpan(_runs)), [expression], _graph.ShapeOf(node), _examples, shared: false);
        rows.Set(stack, [.. Enumerable.Range(0, _examples)]);
        return stack;
    }

    private int ToValues(Term term, Shape shape)
    {
        if (term.Sum is null)
            return term.Node;

        int[] inputs = _graph.InputsOf(term.Node).ToArray();
        return _graph.AppendStack(term.Sum.Terms!, _graph.AttributeOf(term.Node), inputs, shape, term.Examples.Length, shared: false);
    }
}
