using System.Runtime.InteropServices;
using BlasNet.Differentiation;
using BlasNet.Graphs;
using BlasNet.Operators.Intrinsics;

namespace BlasNet.Fusion;

/// <summary>A small graph of element-wise operators as one operator, and the operator of its gradient, found by differentiating that graph.</summary>
/// <remarks>Forward values that the gradient reads and that are costly to compute (tanh, not a product) are kept as one more result.</remarks>
internal sealed class FusedCell : IFusedGradient
{
    /// <summary>Most results of a cell.</summary>
    public const int MaxResults = 32;

    // Most terms in which a result's gradient may come.
    private const int MaxTerms = 4;

    // The operator of a gradient, what it reads, and for each argument which of its results is the argument's gradient; −1 for none.
    private sealed record Backward(FusedOperator Operator, CellInput[] Inputs, int[] ResultOf);

    private enum InputKind
    {
        Argument,   // an input of the cell
        Result,     // one of its results, or what is kept
        Term,       // of the results' gradients
    }

    private readonly record struct CellInput(InputKind Kind, int Index);

    // Where a value lies: the input that it is a part of, and its first row there.
    private readonly record struct Place(CellInput Input, int Start);

    private readonly Graph _graph;
    private readonly int[] _results, _arguments, _saved;
    private readonly Dictionary<CellGradient, Backward?> _backward = [];

    /// <param name="graph">Arguments, constants and element-wise operators. An argument's attribute is the number of the input that it is a part
    /// of, and in the upper half its first row there.</param>
    /// <param name="results">Nodes of it.</param>
    /// <param name="keep">Whether to keep values for the gradient, or to compute them again.</param>
    public FusedCell(Graph graph, int[] results, bool keep)
    {
        (_graph, _results) = (graph, results);
        _arguments = [.. Enumerable.Range(0, graph.Count).Where(node => graph.OperatorOf(node) == ArgumentOperator.Instance)];
        _saved = keep ? FindSaved() : [];
        List<int[]> written = [.. results.Select(result => new[] { result })];
        if (_saved.Length > 0)
            written.Add(_saved);

        FusedProgram program = new FusedCompiler(graph).Run(written);
        Shape[] shapes = [.. results.Select(graph.ShapeOf)];
        Operator = new FusedOperator(program, _saved.Length == 0 ? shapes : [.. shapes, new Shape(RowsOf(_saved))], this);
    }

    /// <summary>The operator. Its results are those of the cell, then the values that are kept.</summary>
    public FusedOperator Operator { get; }

    public void Apply(in GradientContext g)
    {
        var which = default(CellGradient);
        int count = 0;
        Span<int> terms = stackalloc int[_results.Length * MaxTerms];
        for (int i = 0; i < _results.Length; i++)
        {
            int found = g.GetTerms(i, terms.Slice(count, MaxTerms));
            which = which.WithTerms(i, found);
            count += found;
        }

        if (count == 0)
            return;

        for (int i = 0; i < _arguments.Length; i++)
            which = g.IsNeeded(InputOf(i)) ? which.WithArgument(i) : which;

        lock (_backward)
        {
            if (!_backward.TryGetValue(which, out Backward? known))
                _backward.Add(which, known = Derive(which));

            if (known is not null)
                Append(g, known, terms);
        }
    }

    private void Append(in GradientContext g, Backward backward, ReadOnlySpan<int> terms)
    {
        Graph graph = g.Graph;
        Span<int> inputs = stackalloc int[backward.Inputs.Length];
        int count = 1;
        bool shared = true;
        for (int i = 0; i < inputs.Length; i++)
        {
            (InputKind kind, int index) = backward.Inputs[i];
            inputs[i] = kind switch
            {
                InputKind.Argument => g.Input(index).Index,
                InputKind.Result => g.Result(index).Index,
                _ => terms[index],
            };
            count = Math.Max(count, graph.CountOf(inputs[i]));
            shared &= graph.IsShared(inputs[i]);
        }

        FusedOperator op = backward.Operator;
        int node = graph.AppendWithResults(op, 0, inputs, op.ResultShape(0, default), count, shared);
        for (int i = 0; i < _arguments.Length; i++)
        {
            int result = backward.ResultOf[i];
            if (result >= 0)
                g.AccumulateRows(InputOf(i), graph.At(graph.ResultsOf(node)[result]), StartOf(i));
        }
    }

    private int InputOf(int argument) => (int)_graph.AttributeOf(_arguments[argument]);

    private int StartOf(int argument) => (int)(_graph.AttributeOf(_arguments[argument]) >> 32);

    private int RowsOf(ReadOnlySpan<int> nodes)
    {
        int rows = 0;
        foreach (int node in nodes)
            rows += _graph.ShapeOf(node).Rows;

        return rows;
    }

    // The costly values that the gradient of all results with respect to all arguments reads, results excepted.
    private int[] FindSaved()
    {
        Graph copy = Differentiated(CellGradient.OfAll(_results.Length), out int[] gradients, out _);
        var saved = new SortedSet<int>();
        var seen = new HashSet<int>();
        var open = new Stack<int>(gradients.Where(node => node >= 0));
        while (open.TryPop(out int node))
        {
            if (!seen.Add(node) || (node < _graph.Count && _results.Contains(node)))
                continue;

            if (node < _graph.Count && copy.OperatorOf(node).Traits.IsCostly)
            {
                saved.Add(node);
                continue;
            }

            foreach (int input in copy.InputsOf(node))
                open.Push(input);
        }

        return [.. saved];
    }

    // The graph with gradients: its own nodes first, at the same places; then arguments that stand for the terms of the results' gradients.
    private Graph Differentiated(CellGradient which, out int[] gradients, out List<int> terms)
    {
        var graph = new Graph(_graph.Precision, _graph.Model) { IsBody = true };
        var rewriter = new Rewriter(graph);
        rewriter.Continue(_graph);
        for (int node = 0; node < _graph.Count; node++)
            rewriter.Copy(node);

        List<int> outputs = [], seeds = [];
        terms = [];
        for (int i = 0; i < _results.Length; i++)
        {
            int first = terms.Count;
            for (int term = 0; term < which.TermsOf(i); term++)
                terms.Add(graph.AppendStack(ArgumentOperator.Instance, -1, [], graph.ShapeOf(_results[i]), 1, shared: false));

            if (terms.Count == first)
                continue;

            outputs.Add(_results[i]);
            seeds.Add(terms.Count == first + 1 ? terms[first] : graph.Append(PlusOperator.Instance, 0, CollectionsMarshal.AsSpan(terms)[first..]));
        }

        int[] wanted = [.. Enumerable.Range(0, _arguments.Length).Where(which.Wants)];
        int[] found = new int[wanted.Length];
        new Differentiate().Run(graph, [.. outputs], [.. seeds], [.. wanted.Select(argument => _arguments[argument])], found);
        gradients = new int[_arguments.Length];
        Array.Fill(gradients, -1);
        for (int i = 0; i < wanted.Length; i++)
            gradients[wanted[i]] = found[i];

        return graph;
    }

    // The gradient as a cell of its own, over what it reads of this one: arguments, results and their gradients.
    private Backward? Derive(CellGradient which)
    {
        Graph graph = Differentiated(which, out int[] gradients, out List<int> terms);
        var cell = new Graph(graph.Precision, graph.Model) { IsBody = true };
        var inputs = new List<CellInput>();
        var copier = new CellCopier(graph, cell, PlacesOf(graph, terms), inputs);
        var nodes = new List<int>();
        var resultOf = new int[gradients.Length];
        Array.Fill(resultOf, -1);
        for (int i = 0; i < gradients.Length; i++)
        {
            if (gradients[i] < 0)
                continue;

            int node = copier.Copy(gradients[i]);
            int known = nodes.IndexOf(node);
            resultOf[i] = known >= 0 ? known : nodes.Count;
            if (known < 0)
                nodes.Add(node);
        }

        return nodes.Count == 0 ? null : new Backward(new FusedCell(cell, [.. nodes], keep: false).Operator, [.. inputs], resultOf);
    }

    // The values that the gradient can read without computing them, by node.
    private Dictionary<int, Place> PlacesOf(Graph graph, List<int> terms)
    {
        var places = new Dictionary<int, Place>();
        for (int i = 0; i < _results.Length; i++)
            places.TryAdd(_results[i], new Place(new CellInput(InputKind.Result, i), 0));

        for (int i = 0, start = 0; i < _saved.Length; start += graph.ShapeOf(_saved[i++]).Rows)
            places.TryAdd(_saved[i], new Place(new CellInput(InputKind.Result, _results.Length), start));

        for (int i = 0; i < _arguments.Length; i++)
            places.TryAdd(_arguments[i], new Place(new CellInput(InputKind.Argument, InputOf(i)), StartOf(i)));

        for (int i = 0; i < terms.Count; i++)
            places.Add(terms[i], new Place(new CellInput(InputKind.Term, i), 0));

        return places;
    }

    /// <summary>Copies what a node depends on, up to where values can be read, which become arguments; their inputs are listed as they appear.</summary>
    private sealed class CellCopier
    {
        private readonly Graph _graph;
        private readonly Rewriter _rewriter;
        private readonly Dictionary<int, Place> _places;
        private readonly List<CellInput> _inputs;

        public CellCopier(Graph graph, Graph cell, Dictionary<int, Place> places, List<CellInput> inputs)
        {
            (_graph, _rewriter, _places, _inputs) = (graph, new Rewriter(cell), places, inputs);
            _rewriter.Continue(graph);
            _rewriter.ForgetPlaces();
        }

        public int Copy(int node)
        {
            if (_rewriter[node] >= 0)
                return _rewriter[node];

            if (_places.TryGetValue(node, out Place place))
            {
                _rewriter[node] = Argument(node, place);
                return _rewriter[node];
            }

            foreach (int input in _graph.InputsOf(node))
                Copy(input);

            _rewriter.Copy(node);
            return _rewriter[node];
        }

        private int Argument(int node, Place place)
        {
            int number = _inputs.IndexOf(place.Input);
            if (number < 0)
            {
                number = _inputs.Count;
                _inputs.Add(place.Input);
            }

            long attribute = (long)place.Start << 32 | (uint)number;
            return _rewriter.Target.AppendStack(ArgumentOperator.Instance, attribute, [], _graph.ShapeOf(node), 1, shared: false);
        }
    }
}
