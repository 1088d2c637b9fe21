using BlasNet.Graphs;
using BlasNet.Graphs.Functions;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Graphs;

/// <summary>Functions: how their bodies are traced, kept and shared.</summary>
public sealed class FunctionTests : IDisposable
{
    private readonly Model _model = new(1, Precision.Double);
    private readonly Parameter _w;

    public FunctionTests()
    {
        _w = _model.Weight("w", 1, 1);
        _model.SetValues(_w, [3]);
    }

    public void Dispose() => _model.Dispose();

    [Fact]
    public void A_type_that_is_no_expression_is_refused_where_the_function_is_made()
    {
        var error = Assert.Throws<NotSupportedException>(() => Function.Of("cell", (Expr x) => ((x, x), x)));
        Assert.StartsWith("cell: an argument, a result or a state must be an Expr or a tuple", error.Message, StringComparison.Ordinal);
        Assert.Throws<NotSupportedException>(() => Function.Of("cell", (double x, Expr y) => y));
        Assert.Throws<NotSupportedException>(() => Recurrence.Of("cell", x => 1.0, (x, h) => h));
        Assert.Throws<NotSupportedException>(() => Recurrence.OfSums("cell", x => x, (x, h) => 1.0, (x, sum) => x));
    }

    [Fact]
    public void A_function_that_calls_itself_is_an_error_that_names_it()
    {
        Function<Expr, Expr> f = null!, g = null!, h = null!;
        f = Function.Of("f", (Expr x) => Tanh(f.Call(x)));
        (g, h) = (Function.Of("g", (Expr x) => h.Call(2 * x)), Function.Of("h", (Expr x) => g.Call(x + 1)));

        AssertNeverEnds(f, "f → f");
        AssertNeverEnds(g, "g → h → g");
        AssertNeverEnds(f, "f → f");   // and again
    }

    [Fact]
    public void A_function_that_calls_itself_with_ever_larger_arguments_is_an_error()
    {
        Function<Expr, Expr> f = null!;
        f = Function.Of("f", (Expr x) => f.Call(Concatenate(x, Slice(x, 0, 1))));

        AssertNeverEnds(f, "f → f");
    }

    [Fact]
    public void A_function_may_call_itself_for_smaller_arguments()
    {
        Function<Expr, Expr> sum = null!;
        sum = Function.Of("sum", (Expr x) =>
        {
            int half = x.Shape.Rows / 2;
            return x.Shape.IsScalar ? x : sum.Call(Slice(x, 0, half)) + sum.Call(Slice(x, half, x.Shape.Rows - half));
        });
        double[] results = Evaluate((g, n) => sum.Call(g.Input([.. Enumerable.Range(1, n).Select(i => (double)i)])), 1, 2, 7, 40);

        Assert.Equal([1, 3, 28, 820], results);
    }

    [Fact]
    public void Two_threads_trace_functions_that_call_each_other_s()
    {
        using var barrier = new Barrier(2);
        Function<Expr, Expr> f = null!, g = null!;
        f = Function.Of("f", (Expr x) => OfVector(x) ? g.Call(Slice(x, 0, 1)) + 1 : 2 * x);
        g = Function.Of("g", (Expr x) => OfVector(x) ? f.Call(Slice(x, 0, 1)) + 10 : 3 * x);
        double[][] results = new double[2][];
        OtherThread.RunAll(
        [
            () => results[0] = Evaluate((graph, n) => f.Call(graph.Input([n, 0.0])), 5),
            () => results[1] = Evaluate((graph, n) => g.Call(graph.Input([n, 0.0])), 5),
        ]);

        Assert.Equal([3 * 5 + 1], results[0]);
        Assert.Equal([2 * 5 + 10], results[1]);

        // Each thread is within a body before either calls the other's function.
        bool OfVector(Expr x)
        {
            if (x.Shape.IsScalar)
                return false;

            barrier.SignalAndWait(TestContext.Current.CancellationToken);
            return true;
        }
    }

    [Fact]
    public void Threads_that_meet_a_shape_at_once_share_one_body()
    {
        using var barrier = new Barrier(4);
        int traced = 0;
        var f = Function.Of("f", (Expr x) =>
        {
            if (Interlocked.Increment(ref traced) <= 4)
                barrier.SignalAndWait(TestContext.Current.CancellationToken);

            return _w * x;
        });
        OtherThread.RunAll(Enumerable.Range(1, 4).Select<int, Action>(n => () => Assert.Equal([3 * n], Evaluate((g, x) => f.Call(g.Input((double)x)), n))));

        Assert.Equal(1, f.BodyCount);
    }

    // L = Σ (E₁ + Eₓ)·x + ℓ(z, 2) with z = x·E₀: words and a label that are written in the function, beside a word that is an argument.
    [Fact]
    public void An_integer_in_a_function_is_an_index_that_is_the_same_for_every_call()
    {
        Parameter table = _model.Weight("E", 3, 4);
        var f = Function.Of("f", (Expr x, Expr word) =>
        {
            Expr e = x.Graph.Use(table), pair = Lookup(e, [1, 0]);
            return Multiply(SumColumns(pair) + Lookup(e, word), x) + CrossEntropy(Multiply(x, Lookup(e, 0)), 2);
        });
        Expr Loss(Graph g, (double X, int Word) example) => Sum(f.Call(g.Input(example.X), g.Index(example.Word)));
        Expr Plain(Graph g, (double X, int Word) example)
        {
            Expr e = g.Use(table), x = g.Input(example.X), sum = SumColumns(Lookup(e, [1, 0])) + Lookup(e, g.Index(example.Word));
            return Sum(Multiply(sum, x) + CrossEntropy(Multiply(x, Lookup(e, g.Index(0))), g.Index(2)));
        }

        (double, int)[] examples = [(0.5, 3), (-1, 0), (2, 3)];
        Assert.Equal(Train(Plain), Train(Loss));

        double[] Train(Func<Graph, (double X, int Word), Expr> loss)
        {
            _model.SetValues(table, [.. Enumerable.Range(0, 12).Select(i => Math.Sin(i))]);
            new Trainer<(double X, int Word)>(_model, loss, new Sgd(0.1)).Step(examples);
            return [.. _model.ValuesOf(table).Select(value => Math.Round(value, 12))];
        }
    }

    [Fact]
    public void An_index_in_a_function_that_is_no_column_is_refused()
    {
        Parameter table = _model.Weight("E", 3, 4);
        var f = Function.Of("f", (Expr x) => Multiply(x, Lookup(x.Graph.Use(table), 4)));
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => f.Call(_model.NewGraph().Input(1)));
        Assert.Contains("lookup: index 4 must be less than the number of columns (4). Input: E [3 × 4].", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Constants_and_dropout_in_a_function_count_on_several_threads_as_on_one()
    {
        double[] Train(int workers)
        {
            using var model = new Model(1, Precision.Double);
            Parameter w = model.Weight("w", 4, 3), v = model.Weight("v", 1, 4);
            var f = Function.Of("f", (Expr x) =>
            {
                Expr h = Tanh(w * (x + x.Graph.Constant([0.1, 0.2, 0.3], new Shape(3))));
                return Dropout(h, 0.25) * x.Graph.Constant([1.0, -1, 2, 0.5], new Shape(4));
            });
            Expr Loss(Graph g, int i) => Square(v * f.Call(g.Input([1, Math.Sin(i), Math.Cos(i)])) - g.Input(Math.Sin(2 * i)));
            var trainer = new Trainer<int>(model, Loss, new Sgd(0.05))
            {
                Workers = workers,
                ComputeBatch = 3,
            };
            int[] examples = [.. Enumerable.Range(0, 17)];
            for (int step = 0; step < 300; step++)
                trainer.Step(examples);

            return [.. model.Parameters.SelectMany(model.ValuesOf)];
        }

        double[] expected = Train(1);
        Assert.All(expected.Zip(Train(2)), pair => Assert.Equal(pair.First, pair.Second, 1e-9));
        Assert.All(expected.Zip(Train(5)), pair => Assert.Equal(pair.First, pair.Second, 1e-9));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_function_with_dropout_drops_in_training_and_only_there(bool trainsFirst)
    {
        var f = Function.Of("f", (Expr x) => _w * Dropout(x, 0.5));
        double Loss()
        {
            List<double> losses = [];
            var trainer = new Trainer<int>(_model, (g, n) => f.Call(g.Input((double)n)), new Sgd(0));
            for (int i = 0; i < 40; i++)
                losses.Add(trainer.Step([1]));

            Assert.All(losses, loss => Assert.True(loss is 0 or 6, $"{loss}"));   // dropped, or twice 3·1
            return losses.Distinct().Count();
        }

        double kinds = trainsFirst ? Loss() : 0;
        Assert.Equal([3, 6, 9], Evaluate((g, n) => f.Call(g.Input((double)n)), 1, 2, 3));
        Assert.Equal(2, trainsFirst ? kinds : Loss());
        Assert.Equal([3], Evaluate((g, n) => f.Call(g.Input((double)n)), 1));
        Assert.Equal(2, f.BodyCount);
    }

    [Fact]
    public void Ever_new_shapes_keep_a_bounded_number_of_bodies()
    {
        var f = Function.Of("f", (Expr x) => _w * Sum(x));
        const int Lengths = 3 * BodyCache.Capacity;
        Expr Twice(Graph g, int n) => f.Call(g.Input(new double[n])) + f.Call(g.Input([.. Enumerable.Repeat(1.0, n)]));
        var evaluator = new Evaluator<int>(_model, Twice) { ComputeBatch = 50 };
        evaluator.RunDouble(Enumerable.Range(1, Lengths), (example, value) => Assert.Equal(3 * (example + 1), value[0]), TestContext.Current.CancellationToken);

        Assert.Equal(BodyCache.Capacity, f.BodyCount);
    }

    [Fact]
    public void A_body_that_is_called_again_and_again_stays()
    {
        int traced = 0;
        var f = Function.Of("f", (Expr x) =>
        {
            traced += x.Shape.IsScalar ? 1 : 0;
            return _w * Sum(x);
        });
        var evaluator = new Evaluator<int>(_model, (g, n) => f.Call(g.Input(1.0)) + f.Call(g.Input(new double[n])));
        evaluator.RunDouble(Enumerable.Range(2, 2 * BodyCache.Capacity), (_, value) => Assert.Equal(3, value[0]), TestContext.Current.CancellationToken);

        Assert.Equal(1, traced);
    }

    [Fact]
    public void A_function_that_two_models_share_reads_the_parameters_of_each()
    {
        using var other = new Model(1, Precision.Double);
        other.Bias("first", 40);   // so that w lies elsewhere
        Parameter w = other.Weight("w", 1, 1), current = _w;
        other.SetValues(w, [5]);
        var f = Function.Of("f", (Expr x) => current * x);
        Evaluator<double> mine = new(_model, (g, x) => f.Call(g.Input(x))), others = new(other, (g, x) => f.Call(g.Input(x)));

        foreach (double x in new[] { 1, 2, -7 })
        {
            current = _w;
            Assert.Equal([3 * x], mine.Predict(x));
            current = w;
            Assert.Equal([5 * x], others.Predict(x));
        }
    }

    [Fact]
    public void A_body_that_has_gone_and_comes_back_within_one_graph_gives_the_same_values()
    {
        var f = Function.Of("f", (Expr x) => _w * Sum(x));
        const int Lengths = BodyCache.Capacity + 10;
        var trainer = new Trainer<int>(_model, (g, n) => f.Call(g.Input([.. Enumerable.Repeat(1.0, n)])), new Sgd(1.0 / 1024));
        int[] twice = [.. Enumerable.Range(1, Lengths), .. Enumerable.Range(1, Lengths)];
        double mean = (1 + Lengths) / 2.0;

        Assert.Equal(3 * mean, trainer.Step(twice), 1e-9);
        Assert.Equal(3 - (mean / 1024), _model.ValuesOf(_w)[0], 1e-12);
    }

    private static void AssertNeverEnds(Function<Expr, Expr> function, string chain)
    {
        var error = Assert.Throws<InvalidOperationException>(() => function.Call(new Graph(Precision.Double).Input([1.0, 2.0])));
        Assert.StartsWith($"{function.Name}: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(chain, error.Message, StringComparison.Ordinal);
    }

    private double[] Evaluate(Func<Graph, int, Expr> function, params int[] examples)
    {
        List<double> results = [];
        new Evaluator<int>(_model, function).RunDouble(examples, (_, value) => results.AddRange(value), TestContext.Current.CancellationToken);
        return [.. results];
    }
}
