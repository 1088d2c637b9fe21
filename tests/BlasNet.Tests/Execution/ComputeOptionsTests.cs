using BlasNet.Graphs;
using BlasNet.Kernels;
using BlasNet.Native;
using BlasNet.Operators;
using BlasNet.Serving;
using BlasNet.Training;

namespace BlasNet.Tests.Execution;

/// <summary>Options of one object do not reach another, and none of them changes a result but for rounding.</summary>
public sealed class ComputeOptionsTests
{
    [Fact]
    public void Options_that_make_no_sense_are_refused_where_they_are_given()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new ComputeOptions { Threads = 0 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new ComputeOptions { Threads = 257 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new ComputeOptions { CachedPlans = -1 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new ComputeOptions { Kernels = (GemmKernels)7 });
        if (!OpenBlasLoader.IsAvailable)
        {
            var missing = Assert.Throws<DllNotFoundException>(() => new ComputeOptions { Kernels = GemmKernels.OpenBlas });
            Assert.Contains("OpenBLAS", missing.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Options_are_equal_where_their_values_are() =>
        Assert.Equal(new ComputeOptions { Threads = 2 }, new ComputeOptions { Threads = 3 } with { Threads = 2 });

    [Fact]
    public void A_function_is_called_with_the_threads_and_kernels_of_its_own_object()
    {
        using var model = new Model();
        Parameter w = model.Weight("w", 1, 2);
        ComputeSettings before = ComputeSettings.Current;
        List<ComputeSettings> seen = [];
        var packed = new ComputeOptions { Threads = 3, Kernels = GemmKernels.Packed };
        var inner = new Evaluator<int>(model, Value, new ComputeOptions { Threads = 5 });
        var trainer = new Trainer<int>(model, (g, x) => Op.Square(Value(g, x)), new Sgd(0), packed);
        var evaluator = new Evaluator<int>(
            model,
            (g, x) =>
            {
                inner.Predict(x);
                return Value(g, x);
            },
            packed);
        trainer.Step([1]);
        trainer.Step([1], next: null);
        trainer.GradientOf([1]);
        new Evaluator<int, int>(model, async (g, x) => (await Value(g, x)).ArgMax(), packed).Run(1);
        evaluator.Predict(1);
        new GradientNorms<int>(model, (g, x) => Op.Square(Value(g, x)), packed).Of([1], TestContext.Current.CancellationToken);

        ComputeSettings own = new(3, GemmKernels.Packed), other = new(5, ComputeSettings.OfProcess.Kernels);
        Assert.Equal([own, own, own, own, other, own, own], seen);
        Assert.Equal(before, ComputeSettings.Current);
        Assert.Equal(packed, trainer.Options);

        Expr Value(Graph g, int x)
        {
            seen.Add(ComputeSettings.Current);
            return w * g.Input([1.0, x]);
        }
    }

    [Fact]
    public async Task Requests_are_computed_by_the_options_of_their_evaluator()
    {
        using var model = new Model();
        Parameter w = model.Weight("w", 1, 2);
        ComputeSettings seen = default;
        var evaluator = new Evaluator<int>(
            model,
            (g, x) =>
            {
                seen = ComputeSettings.Current;
                return w * g.Input([1.0, x]);
            },
            new ComputeOptions { Threads = 4, Kernels = GemmKernels.Packed });
        await using var batching = new BatchingEvaluator<int, float>(BatchModel.Of(evaluator, (int _, ReadOnlySpan<float> value) => value[0]));
        await batching.RunAsync(3, TestContext.Current.CancellationToken);

        Assert.Equal(new ComputeSettings(4, GemmKernels.Packed), seen);
    }

    [Fact]
    public void Workers_and_the_thread_that_prepares_ahead_have_the_settings_of_the_step()
    {
        using var model = new Model();
        Parameter w = model.Weight("w", 1, 2);
        var seen = new System.Collections.Concurrent.ConcurrentBag<ComputeSettings>();
        Expr Loss(Graph g, int x)
        {
            seen.Add(ComputeSettings.Current);
            return Op.Square(w * g.Input([1.0, x]));
        }

        var options = new ComputeOptions { Threads = 2, Kernels = GemmKernels.Packed };
        new Trainer<int>(model, Loss, new Sgd(0), options) { Workers = 3 }.Step([.. Enumerable.Range(0, 30)]);
        new Trainer<int>(model, Loss, new Sgd(0), options) { OptimizationBatch = 2 }
            .Epoch([.. Enumerable.Range(0, 30)], cancellation: TestContext.Current.CancellationToken);

        Assert.Equal([new ComputeSettings(2, GemmKernels.Packed)], seen.Distinct());
    }

    public static TheoryData<ComputeOptions> All =>
    [
        new ComputeOptions { Batching = false }, new ComputeOptions { CachedPlans = 0 }, new ComputeOptions { Verify = true },
        new ComputeOptions { Threads = 2 }, new ComputeOptions { Kernels = GemmKernels.Packed },
    ];

    [Theory, MemberData(nameof(All), DisableDiscoveryEnumeration = true)]
    public void Gradients_agree_whatever_the_options(ComputeOptions options)
    {
        using var model = new Model(1, Precision.Double);
        Parameter w = model.Weight("W", 3, 2);
        Expr Loss(Graph g, int x) => Op.Sum(Op.Square(Op.Tanh(w * g.Input([1.0, x]))));
        int[] examples = [.. Enumerable.Range(0, 9)];
        double[] expected = [.. Enumerable.Range(0, 6).Select(i => Difference(model, w, i, examples))];
        double[] actual = new Trainer<int>(model, Loss, new Sgd(0), options).GradientOf(examples)[w];

        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 1e-7));
    }

    // Central differences of the mean loss, by plain loops.
    private static double Difference(Model model, Parameter w, int element, int[] examples)
    {
        const double Step = 1e-5;
        double[] values = model.ValuesOf(w);
        return (LossAt(Step) - LossAt(-Step)) / (2 * Step);

        double LossAt(double step)
        {
            double[] moved = [.. values];
            moved[element] += step;
            return examples.Average(x => Enumerable.Range(0, 3).Sum(row => Math.Pow(Math.Tanh(moved[row] + moved[row + 3] * x), 2)));
        }
    }
}
