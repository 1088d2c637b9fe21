using BlasNet.Execution;
using BlasNet.Graphs;
using BlasNet.Graphs.Printing;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Recurrences;

/// <summary>The steps of recurrences of different lengths and forms are one node, and its gradient is another.</summary>
public sealed class ScanTests : IDisposable
{
    private readonly Model _model = new(seed: 1, Precision.Double);
    private readonly Parameter _w, _u, _b;

    public ScanTests() => (_w, _u, _b) = (_model.Weight("W", 2, 3), _model.Weight("U", 2, 2), _model.Bias("b", 2));

    public void Dispose() => _model.Dispose();

    [Fact]
    public void Chains_of_different_lengths_are_one_node_after_one_product_over_all_vertices()
    {
        Recurrence<Expr> chain = Recurrence.Of("chain", x => Tanh(_w * x), (Expr x, Expr h) => Tanh(_w * x + _u * h));
        string[] lines = Inlined((g, length) => Sum(chain.Run(Input(g, length))), 2, 1, 4);

        Assert.Single(lines, line => line.Contains("chain.scan"));
        Assert.Contains(lines, line => line.Contains("chain.scan") && line.EndsWith(": [2] ×4", StringComparison.Ordinal));   // but for three starts
        Assert.Single(lines, line => line.Contains("matmul W"));
        Assert.DoesNotContain(lines, line => line.Contains("matmul U"));
    }

    [Fact]
    public void A_step_back_gives_the_gradient_that_is_worked_out_by_hand()
    {
        using var model = new Model(1, Precision.Double);
        Parameter u = model.Weight("u", 1, 1);
        model.SetValues(u, [0.5]);
        Recurrence<Expr> chain = Recurrence.Of("chain", x => x, (Expr x, Expr h) => Tanh(x + u * h));
        new Trainer<double[]>(model, (g, x) => SliceColumns(chain.Run(g.Input(x, new Shape(1, x.Length))), x.Length - 1, 1), new Sgd(1))
            .Step([[0.2, 0.3, -0.1]]);

        // h1 = 0.2, h2 = tanh(0.3 + u·h1), h3 = tanh(−0.1 + u·h2); dh3/du = (1 − h3²)·(h2 + u·(1 − h2²)·h1).
        double h2 = Math.Tanh(0.4), h3 = Math.Tanh(-0.1 + (0.5 * h2));
        Assert.Equal(0.5 - ((1 - (h3 * h3)) * (h2 + (0.5 * (1 - (h2 * h2)) * 0.2))), model.ValuesOf(u)[0], 12);
    }

    [Fact]
    public void A_state_that_two_vertices_go_on_from_receives_what_both_give_back()
    {
        using var model = new Model(1, Precision.Double);
        Parameter u = model.Weight("u", 1, 1);
        model.SetValues(u, [0.5]);
        Recurrence<Expr> lattice = Recurrence.Of("lattice", x => u * x, (Expr x, Expr a, Expr b) => x + u * a + 2 * b);
        Dag dag = Dag.OfPlaces(2, [-1, -1, 0, -1, 0, 1, 1, 2]);   // 1 from 0; 2 from 0 and 1; 3 from 1 and 2
        new Trainer<double>(model, (g, x) => SliceColumns(lattice.Run(g.Input([x, 0, 0, 0], new Shape(1, 4)), dag), 3, 1), new Sgd(1)).Step([3]);

        // h0 = 3u, h1 = u·h0 = 3u², h2 = u·h0 + 2·h1 = 9u², h3 = u·h1 + 2·h2 = 3u³ + 18u²; dh3/du = 9u² + 36u.
        Assert.Equal(0.5 - ((9 * 0.25) + (36 * 0.5)), model.ValuesOf(u)[0], 12);
    }

    [Fact]
    public void What_only_the_gradient_or_nothing_reads_needs_no_place_outside()
    {
        using var model = new Model(1, Precision.Double);
        Parameter u = model.Weight("u", 1, 1);
        model.SetValues(u, [0.5]);
        var pair = Recurrence.Of("pair", x => (H: x, C: 2 * x), (Expr x, (Expr H, Expr C) s) => (H: x + u * s.C, C: s.H));
        var evaluator = new Evaluator<double[]>(model, (g, x) => Sum(pair.Run(g.Input(x, new Shape(1, x.Length))).H));
        double sum = 0;
        evaluator.RunDouble((ReadOnlySpan<double[]>)[[1, 10, 100, 1000]], (_, value) => sum = value[0], TestContext.Current.CancellationToken);

        // h = 1; 10 + 0.5·2; 100 + 0.5·1; 1000 + 0.5·11.
        Assert.Equal(1 + 11 + 100.5 + 1005.5, sum, 12);
    }

    [Fact]
    public void More_sentences_take_no_more_launches_if_none_is_longer()
    {
        Recurrence<Expr> chain = Recurrence.Of("chain", x => Tanh(_w * x), (Expr x, Expr h) => Tanh(_w * x + _u * h + _b));
        int few = Launches((g, length) => Sum(chain.Run(Input(g, length))), 5, 2, 3, 1);
        Assert.Equal(few, Launches((g, length) => Sum(chain.Run(Input(g, length))), 5, 2, 3, 1, 5, 4, 3, 1, 2, 2));
    }

    [Fact]
    public void Messages_and_matrices_that_are_no_factors_are_computed_level_by_level()
    {
        Recurrence<Expr> sums = Recurrence.OfSums("sums", x => Tanh(_w * x), (Expr x, Expr h) => _u * h, (Expr x, Expr sum) => Tanh(sum));
        Recurrence<Expr> rows = Recurrence.Of("rows", x => Tanh(_w * x), (Expr x, Expr h) => Tanh(SumColumns(Square(h.Graph.Use(_u))) + h));
        Recurrence<Expr> apart = Recurrence.Of("apart", x => Tanh(_w * x), (Expr x, Expr h) => SumColumns(Multiply(h.Graph.Use(_u), OuterProduct(h, h))));

        Assert.DoesNotContain(Inlined((g, length) => Sum(sums.Run(Input(g, length), Dag.OfSets([.. Chain(length)]))), 2, 3), IsScan);
        Assert.Contains(Inlined((g, length) => Sum(rows.Run(Input(g, length))), 2, 3), IsScan);   // what all vertices share is computed once, outside
        Assert.DoesNotContain(Inlined((g, length) => Sum(apart.Run(Input(g, length))), 2, 3), IsScan);
    }

    [Fact]
    public void A_number_that_is_not_finite_is_traced_to_the_operator_within_the_step()
    {
        using var model = new Model(1, Precision.Double);
        Parameter u = model.Weight("u", 1, 1);
        model.SetValues(u, [1]);
        Recurrence<Expr> chain = Recurrence.Of("chain", x => x, (Expr x, Expr h) => Log(x + u * h));
        var trainer = new Trainer<double[]>(model, (g, x) => Sum(chain.Run(g.Input(x, new Shape(1, x.Length)))), new Sgd(1));

        var error = Assert.Throws<NonFiniteException>(() => trainer.Step([[1, 1], [1, 2, -5]]));   // log(−5 + log(3))
        Assert.Equal(1, error.Example);
        Assert.Contains("log", error.Origin, StringComparison.Ordinal);
        Assert.Equal([1], model.ValuesOf(u).ToArray());
    }

    private static bool IsScan(string line) => line.Contains(".scan");

    private static IEnumerable<int[]> Chain(int length) => Enumerable.Range(0, length).Select(vertex => vertex == 0 ? Array.Empty<int>() : [vertex - 1]);

    private static Expr Input(Graph g, int length) =>
        g.Input([.. Enumerable.Range(0, 3 * length).Select(i => Math.Sin(i + length))], new Shape(3, length));

    // The graph after functions have been put in, line by line.
    private string[] Inlined(Func<Graph, int, Expr> loss, params int[] lengths)
    {
        string text = "";
        Prepare(loss, lengths, (pass, graph) => text = pass == "batch again" ? TextPrinter.Print(graph) : text);
        return text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private int Launches(Func<Graph, int, Expr> loss, params int[] lengths) => Prepare(loss, lengths, null);

    private int Prepare(Func<Graph, int, Expr> loss, int[] lengths, Action<string, Graph>? afterPass)
    {
        using var engine = new Engine<double>(_model.Store<double>(), new ComputeOptions { AfterPass = afterPass, Verify = true });
        Graph graph = _model.NewGraph();
        Expr total = Total([.. lengths.Select(length => loss(graph, length))]);
        engine.Prepare(graph, [total], total, [_w, _u]);
        return engine.Plan.LaunchCount;
    }
}
