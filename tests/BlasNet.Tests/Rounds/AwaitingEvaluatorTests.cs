using BlasNet.Graphs;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Rounds;

/// <summary>Evaluators of functions that await values and return what they like: cancellation, memory, threads.</summary>
public sealed class AwaitingEvaluatorTests : IDisposable
{
    private readonly Model _model = new(3, Precision.Double);
    private readonly Parameter _w;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public AwaitingEvaluatorTests() => _w = _model.Weight("W", 3, 3);

    public void Dispose() => _model.Dispose();

    [Fact]
    public void A_cancellation_ends_a_run_between_two_rounds()
    {
        using var source = new CancellationTokenSource();
        int seen = 0;
        var evaluator = new Evaluator<int, int>(_model, async (g, i) =>
        {
            for (Expr x = g.Input(1.0); ; x = Tanh(x))
            {
                await x;
                if (++seen == 5)
                    await source.CancelNow();
            }
        });
        Assert.Throws<OperationCanceledException>(() => evaluator.Run([1], source.Token));
        Assert.Equal(5, seen);
    }

    [Fact]
    public void A_value_is_of_its_run_alone()
    {
        ExprValue kept = default;
        var evaluator = new Evaluator<int, double>(_model, async (g, i) =>
        {
            kept = await (_w * g.Input(new double[] { i, 1, 2 }));
            Assert.Throws<ArgumentOutOfRangeException>(() => kept[3]);
            Assert.Throws<ArgumentException>(() => kept.CopyTo(new float[2]));
            Assert.Throws<InvalidCastException>(() => (double)kept);
            float[] single = kept;
            Assert.Equal(Array.ConvertAll(kept.ToArray(), x => (float)x), single);
            Assert.Equal(Array.IndexOf(single, single.Max()), kept.ArgMax());
            return kept[2, 0];
        });
        double first = evaluator.Run(1);
        ExprValue old = kept;
        evaluator.Run(2);

        Assert.NotEqual(0, first);
        Assert.Contains("no longer valid", Assert.Throws<InvalidOperationException>(() => old[0]).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Several_threads_use_one_evaluator()
    {
        var evaluator = new Evaluator<int, double>(_model, async (g, i) =>
        {
            Expr x = g.Input(new double[] { i, 1, 2 });
            for (int step = 0; step < i % 5; step++)
            {
                await x;
                x = Tanh(_w * x);
            }

            return (await Sum(x))[0];
        })
        {
            Workers = 2,
            ComputeBatch = 8,
        };
        int[] examples = [.. Enumerable.Range(0, 40)];
        double[] alone = [.. examples.Select(evaluator.Run)];
        Parallel.For(0, 8, _ =>
        {
            double[] together = evaluator.Run(examples, Cancel);
            for (int i = 0; i < alone.Length; i++)
                Assert.Equal(alone[i], together[i], 1e-12);
        });
    }

    /// <summary>What waits comes from pools, and rounds keep their memory.</summary>
    [Fact]
    public void Waiting_allocates_nothing()
    {
        var evaluator = new Evaluator<int, int>(_model, Wait);
        int[] few = [.. Enumerable.Repeat(10, 64)], many = [.. Enumerable.Repeat(110, 64)];
        for (int i = 0; i < 3; i++)
        {
            Allocated(few);
            Allocated(many);
        }

        long ofFew = Allocated(few), ofMany = Allocated(many);
        Assert.InRange((ofMany - ofFew) / (100 * 64.0), 0, 1);   // bytes an await

        async ExprTask<int> Wait(Graph g, int count)
        {
            Expr x = g.Input(1.0);
            int sum = 0;
            for (int i = 0; i < count; i++)
                sum += (await (x = Tanh(x))).ArgMax();

            return sum;
        }

        long Allocated(int[] examples)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            evaluator.Run(examples, Cancel);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    /// <summary>As many go on together as there is memory for; the function sees those again that had begun with too many others.</summary>
    [Theory, InlineData(1), InlineData(2)]
    public void A_memory_budget_divides_the_examples(int workers)
    {
        int calls = 0;
        var evaluator = new Evaluator<int, double>(_model, async (g, i) =>
        {
            Interlocked.Increment(ref calls);
            Expr many = Tanh(MatMul(g.Input(new double[] { 1, i, 2 }), Transpose(g.Ones(1000))));
            await Sum(many);
            return (await Sum(MatMul(_w, many)))[0];
        })
        {
            Workers = workers,
        };
        int[] examples = [.. Enumerable.Range(0, 64)];
        double[] expected = evaluator.Run(examples, Cancel);
        Assert.Equal(64, calls);

        evaluator.MemoryBudget = 600_000 * workers;
        Assert.All(expected.Zip(evaluator.Run(examples, Cancel)), pair => Assert.Equal(pair.First, pair.Second, 1e-9));
        Assert.InRange(calls - 64, 64 + 1, 3 * 64);

        evaluator.MemoryBudget = 20_000 * workers;
        MemoryBudgetException error = Assert.Throws<MemoryBudgetException>(() => evaluator.Run(examples.AsSpan(5, 1), Cancel));
        Assert.Equal((0, 20_000), (error.Example, error.Budget));
        Assert.StartsWith("Example 0 of the evaluation needs at least", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => evaluator.MemoryBudget = -1);
    }
}

internal static class Cancellation
{
    /// <summary>Cancels, as an await that has ended.</summary>
    public static ExprTask<bool> CancelNow(this CancellationTokenSource source)
    {
        source.Cancel();
        return new ExprTask<bool>(true);
    }
}
