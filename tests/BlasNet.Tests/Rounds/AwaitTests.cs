using BlasNet.Graphs;
using BlasNet.Graphs.Functions;
using BlasNet.Layers;
using BlasNet.Passes;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Rounds;

/// <summary>Functions of examples that await values: what they see, what is computed, and what is an error.</summary>
public sealed class AwaitTests : IDisposable
{
    private readonly Model _model = new(3, Precision.Double);
    private readonly Parameter _w;
    private readonly Gru _cell;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public AwaitTests()
    {
        _w = _model.Weight("W", 3, 3);
        _cell = new Gru(_model, "cell", 3, 3);
    }

    // Of ΣW·x the gradient by W is 1·xᵀ: x₀ x₀ x₀ x₁ x₁ x₁ …. Terms of a sum may merge, in the first batch or in the one after calls are put in.
    [Theory]
    [InlineData(false, false, false), InlineData(false, true, true), InlineData(true, false, true), InlineData(true, true, false)]
    public void A_term_that_merges_into_a_sum_has_its_own_value_where_it_is_wanted(bool awaitsSum, bool isTwice, bool calls)
    {
        var doubled = Function.Of("doubled", (Expr x) => x + x);
        var evaluator = new Evaluator<double, double[]>(_model, async (g, first) =>
        {
            Expr left = Sum(_w * g.Input([first, 2, 3])).Differentiate(_w)[0], right = Sum(_w * g.Input([4.0, 5, 6])).Differentiate(_w)[0];
            Expr sum = Total(left, right, Tanh(_w));
            ExprTask<double> pending = LookAt(calls ? doubled.Call(sum) : sum);
            if (awaitsSum)
                await pending;

            double[] seen = await left, again = isTwice ? await left : seen;
            Assert.Equal(seen, again);
            if (!awaitsSum)
                await pending;

            return seen;
        });

        double[][] gradients = evaluator.Run([1, 7], Cancel);
        Assert.Equal([1, 1, 1, 2, 2, 2, 3, 3, 3], gradients[0]);
        Assert.Equal([7, 7, 7, 2, 2, 2, 3, 3, 3], gradients[1]);

        static async ExprTask<double> LookAt(Expr value) => ((double[])await value)[0];
    }

    /// <summary>x, W·x, W·W·x, … until the first element is negative; what is returned need not be an expression.</summary>
    [Fact]
    public void A_function_sees_the_values_that_the_definition_gives()
    {
        double[] w = _model.ValuesOf(_w);
        var powers = new Evaluator<double[], List<double[]>>(_model, async (g, start) =>
        {
            Expr x = g.Input(start);
            List<double[]> seen = [await x];
            while (seen.Count < 6 && seen[^1][0] >= 0)
                seen.Add(await (x = _w * x));

            return seen;
        });
        double[][] starts = [.. Enumerable.Range(0, 20).Select(i => new[] { 1.0, Math.Sin(i), Math.Cos(i) })];
        List<double[]>[] results = powers.Run(starts, Cancel);

        Assert.True(results.DistinctBy(seen => seen.Count).Count() > 1);
        for (int i = 0; i < starts.Length; i++)
        {
            double[] x = starts[i];
            foreach (double[] seen in results[i])
            {
                for (int row = 0; row < 3; row++)
                    Assert.Equal(x[row], seen[row], 1e-12);

                double[] before = x;
                x = [.. Enumerable.Range(0, 3).Select(row => Enumerable.Range(0, 3).Sum(column => w[column * 3 + row] * before[column]))];
            }

            Assert.Equal(results[i].Count, results[i].FindIndex(seen => seen[0] < 0) is >= 0 and var first ? first + 1 : 6);
        }
    }

    /// <summary>As many floating-point operations as the same graphs without awaits, forwards and backwards.</summary>
    [Fact]
    public void Nothing_is_computed_twice()
    {
        int[] lengths = [5, 1, 3, 5, 2];
        long awaited = FlopsOf(options => new Trainer<int>(_model, async (g, length) =>
        {
            Expr h = Steps(g, length, 0, default), score = Sum(h);
            for (int t = 1; t < length; t++)
            {
                Assert.InRange((double)await Sum(h), -3, 3);
                h = Steps(g, length, t, h);
                score += Sum(Square(h));
            }

            return score;
        }, new Sgd(0), options), lengths);
        long known = FlopsOf(options => new Trainer<int>(_model, (g, length) =>
        {
            Expr h = Steps(g, length, 0, default), score = Sum(h);
            for (int t = 1; t < length; t++)
            {
                h = Steps(g, length, t, h);
                score += Sum(Square(h));
            }

            return score;
        }, new Sgd(0), options), lengths);
        Assert.Equal(known, awaited);

        Expr Steps(Graph g, int length, int t, Expr h)
        {
            Expr x = g.Input(new[] { length, t, Math.Sin(length + t) });
            return t == 0 ? _cell.Start(x) : _cell.Step(x, h);
        }
    }

    [Fact]
    public void All_examples_wait_for_one_round_together()
    {
        int rounds = 0;
        var options = new ComputeOptions { CachedPlans = 0, AfterPass = (pass, _) => rounds += pass == "totals" ? 1 : 0 };
        var evaluator = new Evaluator<int, int>(_model, async (g, count) =>
        {
            Expr x = g.Input(new double[] { count, 1, 2 });
            for (int i = 0; i < count; i++)
            {
                ExprTask<double> left = First(x = Tanh(_w * x)), right = First(Sigmoid(x));
                Assert.NotEqual(await left, await right);
            }

            return count;
        }, options);

        Assert.Equal([3, 7, 1, 5], evaluator.Run([3, 7, 1, 5], Cancel));
        Assert.Equal(7, rounds);

        static async ExprTask<double> First(Expr x) => (await x)[0];
    }

    [Fact]
    public void A_value_that_is_there_is_not_waited_for()
    {
        int rounds = 0;
        var options = new ComputeOptions { AfterPass = (pass, _) => rounds += pass == "totals" ? 1 : 0 };
        var evaluator = new Evaluator<int, double>(_model, async (g, i) =>
        {
            Expr x = _w * g.Input(new double[] { i, 1, 2 }), y = Tanh(x);
            double[] once = await y, again = await y, before = await x;
            Assert.Equal(once, again);
            return Math.Tanh(before[1]) - once[1];
        }, options);

        Assert.All(evaluator.Run([1, 2, 3], Cancel), difference => Assert.Equal(0, difference, 1e-12));
        Assert.Equal(1, rounds);
    }

    [Theory, InlineData(1), InlineData(3)]
    public void What_a_function_throws_names_its_example(int workers)
    {
        var trainer = new Trainer<int>(_model, async (g, i) =>
        {
            Expr x = Sum(_w * g.Input(new double[] { i, 1, 2 }));
            if (i == 5)
                throw new NotSupportedException("no five");

            await x;
            return x;
        }, new Sgd(0.1))
        {
            Workers = workers,
        };
        double[] before = _model.ValuesOf(_w);

        ExampleException step = Assert.Throws<ExampleException>(() => trainer.Step([1, 2, 5, 4]));
        Assert.Equal((2, "Example 2: no five"), (step.Example, step.Message));
        Assert.IsType<NotSupportedException>(step.InnerException);
        trainer.OptimizationBatch = 2;
        Assert.Equal(9, Assert.Throws<ExampleException>(() => trainer.Epoch([0, 1, 2, 3, 4, 6, 7, 8, 9, 5], cancellation: Cancel)).Example);
        Assert.NotEqual(before, _model.ValuesOf(_w));   // by the epoch's steps before
        Assert.True(double.IsFinite(trainer.Step([1, 2, 3])));
    }

    [Fact]
    public void Something_else_than_a_value_cannot_be_awaited()
    {
        AssertRefused("awaits values (Expr)", async (g, _) =>
        {
            await Task.Delay(1, Cancel);
            return g.Constant(0);
        });
        AssertRefused("awaits values (Expr)", async (g, _) =>
        {
            await Task.Yield();
            return g.Constant(0);
        });
        Function<Expr, Expr> body = Function.Of("look", (Expr x) =>
        {
            _ = x.GetAwaiter().IsCompleted;
            return x;
        });
        AssertRefused("look: the body of a function is traced once", async (g, _) => await new ExprTask<Expr>(body.Call(g.Input(1.0))));
        ExprTask<Expr> foreign = default;
        AssertRefused("still waits for a value after 20 rounds", async (g, i) =>
        {
            for (Expr x = g.Input(i); ; x = Tanh(x))
                await x;
        });
        AssertRefused("waits for a task that", async (g, i) =>
        {
            if (i == 0)
                foreign = Late(g);
            else
                await foreign;

            return i == 0 ? g.Constant(0) : await foreign;
        });
        Assert.Contains("Nobody computes", Assert.Throws<InvalidOperationException>(
            () => _model.NewGraph().Input(1.0).GetAwaiter().IsCompleted).Message, StringComparison.Ordinal);

        static async ExprTask<Expr> Late(Graph g)
        {
            await Tanh(g.Input(2.0));
            return g.Constant(1);
        }
    }

    public void Dispose() => _model.Dispose();

    private void AssertRefused(string message, Func<Graph, int, ExprTask<Expr>> function)
    {
        var evaluator = new Evaluator<int>(_model, function) { RoundLimit = 20 };
        var error = Assert.Throws<ExampleException>(() => evaluator.RunDouble([0, 1], (_, _) => { }));
        Assert.IsType<InvalidOperationException>(error.InnerException);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    // Of the products of all plans of a step.
    private static long FlopsOf(Func<ComputeOptions, Trainer<int>> create, int[] examples)
    {
        long flops = 0;
        Trainer<int> trainer = create(new ComputeOptions { AfterPass = (pass, graph) => flops += pass == "totals" ? FlopsOf(graph) : 0 });
        trainer.Step(examples);
        return flops;
    }

    private static long FlopsOf(Graph graph)
    {
        long flops = 0;
        for (int node = 0; node < graph.Count; node++)
        {
            if (graph.OperatorOf(node) is ScanOperator)
                throw new NotSupportedException();

            int stack = graph.FlopsOf(node) == 0 ? 0 : graph.InputsOf(node)[..2].ToArray().Append(node).Max(graph.CountOf);
            flops += graph.FlopsOf(node) * stack;
        }

        return flops;
    }
}
