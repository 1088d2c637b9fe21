using System.Globalization;
using BlasNet.Graphs;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Rounds;

/// <summary>Async functions that wait for each other.</summary>
public sealed class AsyncCallTests : IDisposable
{
    private readonly Model _model = new(3, Precision.Double);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _model.Dispose();

    [Fact]
    public void Any_number_of_functions_end_one_after_another_without_filling_the_stack()
    {
        const int Functions = 100_000;
        var evaluator = new Evaluator<int, double>(_model, async (g, i) =>
        {
            ExprTask<double> sum = First(g, i);
            for (int n = 0; n < Functions; n++)
                sum = OneMore(sum);

            return await sum;
        });

        Assert.Equal([Functions + 1.0, Functions + 2.0], evaluator.Run([1, 2], Cancel));

        static async ExprTask<double> First(Graph g, double x) => (await g.Input(x))[0] + (await (g.Input(x) - x))[0];

        static async ExprTask<double> OneMore(ExprTask<double> sum) => 1 + await sum;
    }

    [Fact]
    public void A_task_is_awaited_once()
    {
        var evaluator = new Evaluator<int, double>(_model, async (g, i) =>
        {
            ExprTask<double> task = First(g, i);
            Assert.False(task.IsCompleted);
            Assert.Throws<InvalidOperationException>(() => task.GetAwaiter().GetResult());
            double first = await task;
            Assert.Throws<InvalidOperationException>(() => task.IsCompleted);
            double next = await First(g, i + 1);   // by the memory of the call before
            Assert.Throws<InvalidOperationException>(() => task.GetAwaiter().GetResult());
            return first + next;
        });

        Assert.Equal([3.0, 5], evaluator.Run([1, 2], Cancel));

        static async ExprTask<double> First(Graph g, double x) => (await Sum(g.Input(x)))[0];
    }

    [Fact]
    public void What_a_function_throws_after_it_has_waited_comes_out_where_it_is_awaited()
    {
        var evaluator = new Evaluator<int, string>(_model, async (g, i) =>
        {
            try
            {
                return (await Odd(g, i)).ToString(CultureInfo.InvariantCulture);
            }
            catch (NotSupportedException e)
            {
                return e.Message;
            }
        });

        Assert.Equal(["1", "2 is even", "3", "4 is even"], evaluator.Run([1, 2, 3, 4], Cancel));

        static async ExprTask<double> Odd(Graph g, int i)
        {
            double x = (await Sum(g.Input(i)))[0];
            return x % 2 == 1 ? x : throw new NotSupportedException($"{x} is even");
        }
    }

    /// <summary>As everywhere in async functions: what one sets stays with it over its waits, and nobody else sees it.</summary>
    [Fact]
    public void A_value_of_the_asynchronous_context_is_its_functions_own()
    {
        var local = new AsyncLocal<int> { Value = -1 };
        var evaluator = new Evaluator<int, int>(_model, async (g, i) =>
        {
            Assert.Equal(-1, local.Value);
            local.Value = i;
            for (int t = 0; t < 3; t++)
            {
                await Tanh(g.Input(1.0 + t));
                await Set(g, 10 * i);
                Assert.Equal(i, local.Value);
            }

            return local.Value;
        });

        Assert.Equal([5, 6, 7], evaluator.Run([5, 6, 7], Cancel));
        Assert.Equal(-1, local.Value);

        async ExprTask<bool> Set(Graph g, int value)
        {
            local.Value = value;
            await Tanh(g.Input(2.0));
            Assert.Equal(value, local.Value);
            return true;
        }
    }

    /// <summary>More functions wait at once than a processor's pool of one would hold.</summary>
    [Fact]
    public void Functions_that_wait_within_others_allocate_nothing()
    {
        var evaluator = new Evaluator<int, double>(_model, async (g, count) =>
        {
            double sum = 0;
            for (int i = 0; i < count; i++)
                sum += await Deep(g, 3, i);

            return sum;
        });
        int[] few = [.. Enumerable.Repeat(10, 64)], many = [.. Enumerable.Repeat(60, 64)];
        for (int i = 0; i < 3; i++)
        {
            Allocated(few);
            Allocated(many);
        }

        long ofFew = Allocated(few), ofMany = Allocated(many);
        Assert.InRange((ofMany - ofFew) / (50 * 64.0), 0, 1);   // bytes an await

        static async ExprTask<double> Deep(Graph g, int levels, double x) => levels > 0 ? await Deep(g, levels - 1, x) : (await Tanh(g.Input(x)))[0];

        long Allocated(int[] examples)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            evaluator.Run(examples, Cancel);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    [Fact]
    public void The_numbers_of_a_value_are_read_in_its_own_precision()
    {
        using var single = new Model(3);
        float[] ofSingle = new Evaluator<int, float[]>(single, async (g, i) =>
        {
            ExprValue value = await Tanh(g.Input(new float[] { i, 0.5f }));
            Assert.Throws<InvalidOperationException>(() => value.AsDoubleSpan().Length);
            return value.AsSpan().ToArray();
        }).Run(2);
        double[] ofDouble = new Evaluator<int, double[]>(_model, async (g, i) =>
        {
            ExprValue value = await Tanh(g.Input(new double[] { i, 0.5 }));
            Assert.Throws<InvalidOperationException>(() => value.AsSpan().Length);
            return value.AsDoubleSpan().ToArray();
        }).Run(2);

        Assert.Equal([Math.Tanh(2), Math.Tanh(0.5)], ofSingle.Select(x => (double)x), (a, b) => Math.Abs(a - b) < 1e-6);
        Assert.Equal([Math.Tanh(2), Math.Tanh(0.5)], ofDouble, (a, b) => Math.Abs(a - b) < 1e-12);
    }
}
