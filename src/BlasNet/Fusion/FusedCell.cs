using System.Runtime.InteropServices;
using BlasNet.Differentiation;
using BlasNet.Graphs;
using BlasNet.Operators.Intrinsics;

namespace BlasNet.Fusion;

/// <summary>A small graph of element-wise operators as one operator, and the operator of its gradient, found by differentiating that graph.</summary>
/// <remarks>What the gradient needs of the forward values and is costly to compute (tanh, not a product) is kept as one more result.</remarks>
internal sealed class FusedCell : IFusedGradient
{
    /// <summary>More results than that are too many.</summary>
    public const int MaxResults = 32;

    // A result's gradient may come as a sum of so many terms.
    private const int MaxTerms = 4;

    // Of each result's gradient the number of terms, in four bits; of each argument, whether its gradient is wanted.
    private readonly record struct Case(UInt128 Terms, long Wanted)
    {
        public int TermsOf(int result) => (int)(Terms >> (4 * result)) & 15;
    }

    // Inputs by number: arguments' inputs (≥ 0), results (~number), and after them the terms of the results' gradients.
    private sealed record Backward(FusedOperator Operator, int[] Inputs, int[] ResultOf);

    private readonly Graph _graph;
    private readonly int[] _results, _arguments, _saved;
    private readonly Dictionary<Case, Backward?> _backward = [];

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

    /// <summary>Its results are the nodes given, then what is kept.</summary>
    public FusedOperator Operator { get; }

    public void Apply(in GradientContext g)
    {
        UInt128 terms = 0;
        long wanted = 0;
        int count = 0;
        Span<int> given = stackalloc int[_results.Length * MaxTerms];
        for (int i = 0; i < _results.Length; i++)
        {
            int found = g.GetTerms(i, given.Slice(count, MaxTerms));
            terms |= (UInt128)found << (4 * i);
            count += found;
        }

        for (int i = 0; i < _arguments.Length; i++)
            wanted |= g.IsNeeded(InputOf(i)) ? 1L << i : 0;

        if (count == 0)
            return;

        var key = new Case(terms, wanted);
        lock (_backward)
        {
            if (!_backward.TryGetValue(key, out Backward? known))
                _backward.Add(key, known = Derive(key));

            if (known is not null)
                Append(g, known, given);
        }
    }

    private void Append(in GradientContext g, Backward backward, ReadOnlySpan<int> given)
    {
        Graph graph = g.Graph;
        int results = Operator.ResultCount;
        Span<int> inputs = stackalloc int[backward.Inputs.Length];
        int count = 1;
        bool shared = true;
        for (int i = 0; i < inputs.Length; i++)
        {
            int input = backward.Inputs[i];
            inputs[i] = input >= 0 ? g.Input(input).Index
                : ~input < results ? g.Result(~input).Index
                : given[~input - results];
            count = Math.Max(count, graph.CountOf(inputs[i]));
            shared &= graph.IsShared(inputs[i]);
        }

        FusedOperator op = backward.Operator;
        int node = graph.AppendWithResults(op, 0, inputs, op.ResultShape(0), count, shared);
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
        UInt128 one = 0;
        for (int i = 0; i < _results.Length; i++)
            one |= UInt128.One << (4 * i);

        Graph copy = Differentiated(new Case(one, -1), out int[] gradients, out _);
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
    private Graph Differentiated(Case which, out int[] gradients, out List<int> terms)
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

        int[] wanted = [.. Enumerable.Range(0, _arguments.Length).Where(argument => (which.Wanted >> argument & 1) != 0)];
        int[] found = new int[wanted.Length];
        new Differentiate().Run(graph, [.. outputs], [.. seeds], [.. wanted.Select(argument => _arguments[argument])], found);
        gradients = new int[_arguments.Length];
        Array.Fill(gradients, -1);
        for (int i = 0; i < wanted.Length; i++)
            gradients[wanted[i]] = found[i];

        return graph;
    }

    // The gradient as a cell of its own, over what it reads of this one: arguments, results and their gradients.
    private Backward? Derive(Case which)
    {
        Graph graph = Differentiated(which, out int[] gradients, out List<int> terms);
        var cell = new Graph(graph.Precision, graph.Model) { IsBody = true };
        var inputs = new List<int>();
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

    // Where the gradient can read values without computing them: an input and its first row there.
    private Dictionary<int, (int Input, int Start)> PlacesOf(Graph graph, List<int> terms)
    {
        var places = new Dictionary<int, (int Input, int Start)>();
        for (int i = 0; i < _results.Length; i++)
            places.TryAdd(_results[i], (~i, 0));

        for (int i = 0, start = 0; i < _saved.Length; start += graph.ShapeOf(_saved[i++]).Rows)
            places.TryAdd(_saved[i], (~_results.Length, start));

        for (int i = 0; i < _arguments.Length; i++)
            places.TryAdd(_arguments[i], (InputOf(i), StartOf(i)));

        for (int i = 0; i < terms.Count; i++)
            places.Add(terms[i], (~(Operator.ResultCount + i), 0));

        return places;
    }

    /// <summary>Copies what a node depends on, up to where values can be read, which become arguments; their inputs are listed as they appear.</summary>
    private sealed class CellCopier
    {
        private readonly Graph _graph;
        private readonly Rewriter _rewriter;
        private readonly Dictionary<int, (int Input, int Start)> _places;
        private readonly List<int> _inputs;

        public CellCopier(Graph graph, Graph cell, Dictionary<int, (int Input, int Start)> places, List<int> inputs)
        {
            (_graph, _rewriter, _places, _inputs) = (graph, new Rewriter(cell), places, inputs);
            _rewriter.Continue(graph);
            _rewriter.ForgetPlaces();
        }

        public int Copy(int node)
        {
            if (_rewriter[node] >= 0)
                return _rewriter[node];

            if (_places.TryGetValue(node, out var place))
            {
                _rewriter[node] = Argument(node, place.Input, place.Start);
                return _rewriter[node];
            }

            foreach (int input in _graph.InputsOf(node))
                Copy(input);

            _rewriter.Copy(node);
            return _rewriter[node];
        }

        private int Argument(int node, int input, int start)
        {
            int number = _inputs.IndexOf(input);
            if (number < 0)
            {
                number = _inputs.Count;
                _inputs.Add(input);
            }

            return _rewriter.Target.AppendStack(ArgumentOperator.Instance, (long)start << 32 | (uint)number, [], _graph.ShapeOf(node), 1, shared: false);
        }
    }
}
