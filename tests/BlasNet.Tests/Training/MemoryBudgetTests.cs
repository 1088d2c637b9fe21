using BlasNet.Execution;
using BlasNet.Graphs;
using BlasNet.Kernels;
using BlasNet.Memory;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Training;

/// <summary>A budget decides how many examples a pass has, never what comes of the step.</summary>
public sealed class MemoryBudgetTests
{
    private const long MiB = 1 << 20;

    /// <summary>Lengths of sequences: even, mixed, a few long ones among many short ones, growing.</summary>
    public static TheoryData<int[]> Lengths => new()
    {
        Enumerable.Repeat(10, 100).ToArray(),
        Enumerable.Range(0, 120).Select(i => 1 + (i * 37 % 40)).ToArray(),
        Enumerable.Range(0, 150).Select(i => i % 50 == 49 ? 100 : 2).ToArray(),
        Enumerable.Range(1, 60).ToArray(),
    };

    [Theory, MemberData(nameof(Lengths))]
    public void Passes_stay_within_the_budget_and_give_the_same_step(int[] lengths)
    {
        using var free = new Problem<double>();
        long budget = free.BytesOf(lengths, share: 0.2);
        using var bound = new Problem<double>(budget);
        for (int step = 0; step < 4; step++)
        {
            Assert.Equal(free.Trainer.Step(lengths), bound.Trainer.Step(lengths), 1e-12);
            Assert.InRange(bound.Trainer.LastStep.PassBytes, 1, budget);
        }

        Assert.Equal(1, free.Trainer.LastStep.Passes);
        Assert.InRange(bound.Trainer.LastStep.Passes, 5, 10);   // with a fifth of what one pass takes
        Assert.All(free.Parameters().Zip(bound.Parameters()), pair => Assert.Equal(pair.First, pair.Second, 1e-10));
    }

    [Fact]
    public void Passes_are_filled_by_size_not_by_number()
    {
        using var problem = new Problem<double>();
        int[] ofShort = [.. Enumerable.Repeat(4, 500)], ofLong = [.. Enumerable.Repeat(40, 50)];
        problem.Trainer.MemoryBudget = problem.BytesOf(ofShort, share: 0.5);
        int[] passes = [.. new[] { ofShort, ofShort, ofLong, ofLong }.Select(lengths =>
        {
            problem.Trainer.Step(lengths);
            return problem.Trainer.LastStep.ComputeBatch;
        })];

        Assert.InRange((double)passes[1] / passes[3], 7, 14);
    }

    [Fact]
    public void The_compute_batch_is_an_upper_bound_within_the_budget()
    {
        using var problem = new Problem<double>(budget: 64 * MiB);
        problem.Trainer.ComputeBatch = 7;
        problem.Trainer.Step([.. Enumerable.Repeat(3, 30)]);

        Assert.Equal((5, 7), (problem.Trainer.LastStep.Passes, problem.Trainer.LastStep.ComputeBatch));
    }

    [Fact]
    public void An_example_too_large_is_named_with_its_bytes_and_the_budget()
    {
        using var problem = new Problem<double>(budget: 3 * MiB);
        double[] before = problem.Parameters();
        int[] lengths = [3, 4, 5, 5000, 6];

        var error = Assert.Throws<MemoryBudgetException>(() => problem.Trainer.Step(lengths));
        Assert.Equal((3, 3 * MiB), (error.Example, error.Budget));
        Assert.True(error.Bytes > error.Budget);
        Assert.Matches(@"^Example 3 needs [\d,]+ bytes for a pass of its own; the memory budget is 3,145,728 bytes\. ", error.Message);
        Assert.Equal(before, problem.Parameters());
        Assert.Equal(3, Assert.Throws<MemoryBudgetException>(() => problem.Trainer.Epoch(lengths, null, TestContext.Current.CancellationToken)).Example);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void An_example_too_large_is_refused_before_its_numbers_are_there(int workers)
    {
        const long Budget = 16 * MiB;
        using var model = new Model(1);
        Parameter w = model.Weight("w", 1, 4);
        float[] quarter = new float[MiB / 4 / sizeof(float)];
        int inputs = 0;
        var trainer = new Trainer<int>(model, (g, count) =>
        {
            Expr sum = w * g.Input([1f, 2, 3, 4]);
            for (int i = 0; i < count; i++)
            {
                Interlocked.Increment(ref inputs);
                sum += Mean(g.Input(quarter));
            }

            return sum;
        }, new Sgd(0.1))
        { MemoryBudget = workers * Budget, Workers = workers };
        double[] before = model.ValuesOf(w);

        var error = Assert.Throws<MemoryBudgetException>(() => trainer.Step([2, 2, 2, 100_000]));
        Assert.Equal((3, Budget), (error.Example, error.Budget));
        Assert.InRange(error.Bytes, Budget + 1, Budget + MiB);
        Assert.StartsWith("Example 3 needs at least ", error.Message, StringComparison.Ordinal);
        Assert.InRange(inputs, 64, 6 + (2 * 64) + 1);   // 64 quarters fill the budget; tried beside the others, then alone
        Assert.Equal(before, model.ValuesOf(w));
        Assert.True(double.IsFinite(trainer.Step([2, 2])));
    }

    [Theory]
    [InlineData(false, 100_000_000)]   // refused while it is built
    [InlineData(true, 300_000)]        // and where nothing of it has merged
    public void An_example_of_too_many_nodes_is_refused_before_it_is_planned(bool isDeep, int count)
    {
        using var model = new Model(1);
        Parameter w = model.Weight("w", 1, 1);
        int nodes = 0;
        var trainer = new Trainer<int>(model, (g, length) =>
        {
            Expr x = w * g.Input(1.0), last = x;
            for (int i = 0; i < length; i++, nodes++)
                last = Tanh(isDeep ? last : x);

            return last;
        }, new Sgd(0.1))
        { MemoryBudget = 64 * MiB };
        trainer.Step([5]);
        long before = GC.GetTotalAllocatedBytes();

        Assert.Equal(1, Assert.Throws<MemoryBudgetException>(() => trainer.Step([5, count])).Example);
        Assert.InRange(nodes, 1, 10 + (2 * 64 * MiB / Graph.BytesPerNode));   // tried beside the other example, then alone
        Assert.InRange(GC.GetTotalAllocatedBytes() - before, 1, 320 * MiB);
        Assert.True(double.IsFinite(trainer.Step([5, 6])));
    }

    /// <summary>J is computed in a pass of its own, which cannot be divided.</summary>
    [Fact]
    public void A_regulariser_too_large_is_refused_before_anything_changes()
    {
        using var model = new Model(1, Precision.Double);
        Parameter w = model.Weight("w", 1, 1), table = model.Weight("table", 300, 300);
        var trainer = new Trainer<double>(model, (g, x) => w * g.Input(x), new Sgd(1))
        {
            Regularizer = g => Sum(Softmax(g.Use(table))),
            MemoryBudget = 4 * 300 * 300 * sizeof(double),
        };
        trainer.Step([1]);
        double before = model.ValuesOf(w)[0];
        trainer.MemoryBudget = 300 * 300 * sizeof(double) * 3 / 2;

        string message = Assert.Throws<InvalidOperationException>(() => trainer.Step([1])).Message;
        Assert.StartsWith("The regulariser needs ", message, StringComparison.Ordinal);
        Assert.Contains("the memory budget is 1,080,000 bytes", message, StringComparison.Ordinal);
        Assert.Equal(before, model.ValuesOf(w)[0]);
    }

    /// <summary>Ten vectors are awaited and ten more follow; all are there until the gradient is computed.</summary>
    [Fact]
    public void What_rounds_have_computed_counts_in_the_budget()
    {
        const int Length = 50_000, Half = 10 * Length * sizeof(float);
        double[] zeros = new double[Length];
        using var model = new Model(1);
        Parameter b = model.Bias("b", Length);
        var trainer = new Trainer<int>(model, Loss, new Sgd(0)) { MemoryBudget = 4 * Half };
        trainer.Step([0]);
        trainer.MemoryBudget = Half * 3 / 2;

        Assert.Equal(0, Assert.Throws<MemoryBudgetException>(() => trainer.Step([0])).Example);

        async ExprTask<Expr> Loss(Graph g, int example)
        {
            Expr x = b + g.Input(zeros);
            for (int i = 0; i < 20; i++)
            {
                x = Softmax(x);
                if (i < 10)
                    await x;
            }

            return Sum(x);
        }
    }

    [Fact]
    public void The_same_training_splits_the_same_way_wherever_it_goes_on()
    {
        int[] lengths = [.. Enumerable.Range(0, 120).Select(i => 1 + (i * 37 % 40))];
        using var first = new Problem<float>();
        long budget = first.Trainer.MemoryBudget = first.BytesOf(lengths, share: 0.3);
        using var second = new Problem<float>(budget);
        first.Trainer.Step(lengths);
        ((ITrainerState)second.Trainer).Position = ((ITrainerState)first.Trainer).Position;
        for (int step = 0; step < 2; step++)
        {
            first.Trainer.Step(lengths);
            second.Trainer.Step(lengths);
            Assert.Equal((first.Trainer.LastStep.Passes, first.Trainer.LastStep.ComputeBatch), (second.Trainer.LastStep.Passes, second.Trainer.LastStep.ComputeBatch));
        }
    }

    [Fact]
    public void A_pass_that_would_gain_nothing_is_not_made_larger()
    {
        using var model = new Model(1);
        Parameter w = model.Weight("w", 512, 512);
        float[] x = new float[512];
        var trainer = new Trainer<int>(model, (g, _) => Sum(Square(w * g.Input(x))), new Sgd(0)) { MemoryBudget = 1L << 40 };
        trainer.Step(new int[2000]);
        trainer.Step(new int[2000]);

        Assert.InRange(trainer.LastStep.ComputeBatch, 32, 1000);
    }

    [Fact]
    public void A_step_within_a_budget_allocates_nothing_once_it_has_been_seen()
    {
        using var problem = new Problem<float>(budget: 8 * MiB);
        int[] lengths = [.. Enumerable.Repeat(5, 20)];
        for (int step = 0; step < 3; step++)
            problem.Trainer.Step(lengths);

        Allocations.AssertNone(() => problem.Trainer.Step(lengths));
    }

    /// <summary>The bound that a pass's memory is counted with.</summary>
    [Fact]
    public void A_thread_s_scratch_memory_stays_below_its_bound()
    {
        long bytes = 0;
        var thread = new Thread(() =>
        {
            using var a = new NativeBuffer<float>(3000 * 700);
            using var b = new NativeBuffer<float>(700 * 3000);
            using var c = new NativeBuffer<float>(3000 * 3000);
            a.Clear();
            b.Clear();
            unsafe
            {
                GemmPacked<float>.Widest.Run(GemmProduct<float>.OuterProductSum(
                    new Matrix<float>(a.Pointer, 700, 3000), new Matrix<float>(b.Pointer, 700, 3000), new Matrix<float>(c.Pointer, 3000, 3000), accumulate: false));
                GemmPacked<float>.Widest.Run(GemmProduct<float>.Multiply(
                    new Matrix<float>(a.Pointer, 3000, 700), new Matrix<float>(b.Pointer, 700, 3000), new Matrix<float>(c.Pointer, 3000, 3000), accumulate: false));
            }

            bytes = GemmScratch.Bytes;
        });
        thread.Start();
        thread.Join();

        Assert.InRange(bytes, 1, GemmPacked<float>.Widest.MaximumScratchBytes);
    }

    [Fact]
    public void A_negative_budget_is_refused()
    {
        using var problem = new Problem<float>();
        Assert.Throws<ArgumentOutOfRangeException>(() => problem.Trainer.MemoryBudget = -1);
    }

    /// <summary>A recurrent network over sequences of some length.</summary>
    private sealed class Problem<T> : IDisposable where T : unmanaged
    {
        private const int State = 32;

        private static readonly float[] Own = new float[State];


        private readonly Model _model = new(1, typeof(T) == typeof(float) ? Precision.Single : Precision.Double);
        private readonly Parameter _e, _w;

        public Problem(long budget = 0)
        {
            (_e, _w) = (_model.Weight("E", State, 50), _model.Weight("W", State, State));
            Trainer = new Trainer<int>(_model, Loss, new Adam(0.01)) { MemoryBudget = budget };
        }

        public Trainer<int> Trainer { get; }

        /// <summary>What one pass with all examples takes, counting a share only of what grows with them.</summary>
        public long BytesOf(int[] lengths, double share)
        {
            Trainer.AccumulateGradient(lengths, [lengths.Length]);
            MicrobatchMemory memory = Trainer.LastPassMemory();
            return memory.FixedBytes + (long)(share * (memory.Bytes - memory.FixedBytes));
        }

        public double[] Parameters() => [.. _model.Parameters.SelectMany(_model.ValuesOf)];

        public void Dispose() => _model.Dispose();

        private Expr Loss(Graph g, int length)
        {
            // Numbers of the example's own: what is equal in several examples would be computed, and stored, once.
            Expr state = Lookup(g.Use(_e), length % 50) + g.Input(Own);
            for (int i = 1; i < length; i++)
                state = Tanh(_w * state + Lookup(g.Use(_e), (i * length) % 50));

            return Sum(Square(state));
        }
    }
}
