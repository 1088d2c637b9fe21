using BlasNet.Graphs;
using BlasNet.Layers;
using BlasNet.Ranks;
using BlasNet.Tests.Kernels;
using BlasNet.Tests.Ranks;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Training;

/// <summary>A budget divides the examples of an evaluation among passes; the results stay what they are.</summary>
[Collection(GemmSettings.Name)]
public sealed class EvaluationBudgetTests : IDisposable
{
    private const int Size = 24;

    private static readonly int[] Lengths = [.. Enumerable.Range(0, 150).Select(i => i % 50 == 49 ? 200 : 1 + (i * 37 % 9))];

    private readonly Model _model = new(1, Precision.Double);
    private readonly Embedding _words;
    private readonly Lstm _lstm;

    public EvaluationBudgetTests() => (_words, _lstm) = (new Embedding(_model, "words", Size, 50), new Lstm(_model, "lstm", Size, Size));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _model.Dispose();

    public static MatrixTheoryData<string, int> Forms => new(["matrix", "loops", "await", "stream"], [1, 3]);

    [Theory, MemberData(nameof(Forms))]
    public void Passes_stay_within_it_and_give_the_same_results(string form, int workers)
    {
        (double[][] expected, Profile all) = Evaluate(form, workers, budget: 0);
        long budget = workers * BytesOfLargest(form, workers);
        (double[][] results, Profile within) = Evaluate(form, workers, budget);

        Assert.Equal(Lengths.Length, results.Length);
        Assert.All(expected.Zip(results), pair => Assert.Equal(pair.First, pair.Second, (a, b) => Math.Abs(a - b) <= 1e-12));
        Assert.InRange(within.PeakBytes, 1, budget / workers);
        Assert.InRange(within.LargestPass, 1, all.LargestPass - 1);
        Assert.Equal(results, Evaluate(form, workers, budget).Results);   // the next time in the same passes
    }

    [Fact]
    public void The_same_evaluator_divides_its_next_run_as_the_first_one()
    {
        var evaluator = new Evaluator<int>(_model, Loop) { MemoryBudget = FixedBytes() + KiB(200) };
        (double[][] first, double[][] second) = (Run(evaluator, Lengths), Run(evaluator, Lengths));
        Assert.Equal(first, second);
    }

    [Theory, InlineData(false), InlineData(true)]
    public void An_example_too_large_is_named_and_the_next_evaluation_goes_on(bool awaits)
    {
        var evaluator = awaits ? new Evaluator<int>(_model, Await) : new Evaluator<int>(_model, Loop);
        long budget = FixedBytes() + KiB(500);
        (evaluator.MemoryBudget, evaluator.ComputeBatch) = (budget, 5);
        int[] lengths = [.. Enumerable.Repeat(3, 12), 40_000, 2];
        var handed = new List<int>();

        var error = Assert.Throws<MemoryBudgetException>(() => evaluator.RunDouble(lengths, (i, _) => handed.Add(i), Cancellation));
        Assert.Equal((12, budget), (error.Example, error.Budget));
        Assert.StartsWith("Example 12 of the evaluation needs ", error.Message, StringComparison.Ordinal);
        Assert.Equal(Enumerable.Range(0, 10), handed);   // the batches before
        Assert.Equal(14, Run(evaluator, [.. Enumerable.Repeat(3, 14)]).Length);
    }

    [Fact]
    public void Several_results_of_an_example_stay_together_in_order()
    {
        (double[][][] expected, int all) = Evaluate(0);
        (double[][][] results, int largest) = Evaluate(FixedBytes() + KiB(200));
        Assert.InRange(largest, 1, all - 1);
        Assert.All(Lengths.Zip(results), pair => Assert.Equal([pair.First], pair.Second[1]));
        Assert.All(expected.Zip(results), pair => Assert.Equal(pair.First[0], pair.Second[0], (a, b) => Math.Abs(a - b) <= 1e-12));

        (double[][][] Results, int LargestPass) Evaluate(long budget)
        {
            Evaluator<int> evaluator = Evaluator.OfSeveral<int>(_model, (g, length) => [Loop(g, length), g.Input(length)]);
            (evaluator.MemoryBudget, evaluator.Profile) = (budget, new Profile(timesKernels: false));
            List<double[][]> results = [];
            evaluator.RunAll(Lengths, (example, values) =>
            {
                Assert.Equal(results.Count, example);
                results.Add([.. values]);
            }, Cancellation);
            return ([.. results], evaluator.Profile.LargestPass);
        }
    }

    /// <summary>A worker has its share of the budget, a rank all of its own.</summary>
    [Fact]
    public void Ranks_divide_their_parts_as_workers_do()
    {
        float[][] expected = Evaluate(2, ranks: null, KiB(60));
        Assert.All(ThreadRanks.Run(2, ranks => Evaluate(1, ranks, KiB(60))), mine => Assert.Equal(expected, mine));

        static float[][] Evaluate(int workers, Communicator? ranks, long room)
        {
            using var training = new RankTraining(1, ranks);
            long budget = FixedBytes(training.Model, training.Loss, workers) + room;
            var evaluator = new Evaluator<int>(training.Model, training.Loss)
            {
                Workers = workers,
                Communicator = ranks,
                MemoryBudget = workers * budget,
                Profile = new Profile(timesKernels: false),
            };
            List<float[]> results = [];
            evaluator.Run(RankTraining.Lengths, (example, value) => results.Add([example, .. value]));
            Assert.InRange(evaluator.Profile.LargestPass, 1, 25);   // of 30 or 31
            return [.. results];
        }
    }

    [Fact]
    public void A_cancellation_ends_a_run_between_passes()
    {
        using var source = new CancellationTokenSource();
        int seen = 0;
        var evaluator = new Evaluator<int>(_model, (g, length) =>
        {
            if (++seen == 40)
                source.Cancel();

            return Loop(g, length);
        })
        { MemoryBudget = FixedBytes() + KiB(50) };
        Assert.Throws<OperationCanceledException>(() => evaluator.RunDouble([.. Enumerable.Repeat(5, 200)], (_, _) => { }, source.Token));
        Assert.InRange(seen, 40, 190);
    }

    [Fact]
    public void A_negative_one_is_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new Evaluator<int>(_model, Loop) { MemoryBudget = -1 });

    private static long KiB(int count) => 1024L * count;

    private long FixedBytes(int workers = 1) => FixedBytes(_model, (g, length) => Sum(Loop(g, length)), workers);

    // Packed weights and scratch memory, which do not grow with the examples.
    private static long FixedBytes(Model model, Func<Graph, int, Expr> loss, int workers)
    {
        var trainer = new Trainer<int>(model, loss, new Sgd(0)) { MemoryBudget = long.MaxValue };
        trainer.AccumulateGradient([3]);
        return trainer.LastPassMemory(workers).FixedBytes;
    }

    // What the largest example takes alone; where it is refused within a round, at least that.
    private long BytesOfLargest(string form, int workers)
    {
        long bytes = Assert.Throws<MemoryBudgetException>(() => Run(NewEvaluator(form, workers, workers * FixedBytes(workers)), [Lengths.Max()])).Bytes;
        return form == "await" ? bytes + KiB(400) : bytes;
    }

    private (double[][] Results, Profile Profile) Evaluate(string form, int workers, long budget)
    {
        Evaluator<int> evaluator = NewEvaluator(form, workers, budget);
        return (Run(evaluator, form == "stream" ? Lengths.Select(length => length) : Lengths), evaluator.Profile!);
    }

    private Evaluator<int> NewEvaluator(string form, int workers, long budget)
    {
        Evaluator<int> evaluator = form switch
        {
            "matrix" => new(_model, Matrix),
            "await" => new(_model, Await),
            _ => new(_model, Loop),
        };
        (evaluator.Workers, evaluator.MemoryBudget, evaluator.Profile) = (workers, budget, new Profile(timesKernels: false));
        return evaluator;
    }

    private static double[][] Run(Evaluator<int> evaluator, IEnumerable<int> lengths)
    {
        List<double[]> results = [];
        int last = 0;
        if (lengths is int[] array)
            evaluator.RunDouble(array, Take, Cancellation);
        else
            evaluator.RunDouble(lengths, Take, Cancellation);

        return [.. results];

        void Take(int example, ReadOnlySpan<double> value)
        {
            Assert.InRange(example, last, last + 1);
            last = example;
            results.Add(value.ToArray());
        }
    }

    private static int[] WordsOf(int length) => [.. Enumerable.Range(0, length).Select(i => ((7 * i) + length) % 50)];

    private Expr Matrix(Graph g, int length) => SumColumns(_lstm.Run(_words.Of(g, WordsOf(length))));

    private Expr Loop(Graph g, int length) => _lstm.Run([.. WordsOf(length).Select(word => _words.Of(g, word))])[^1];

    private async ExprTask<Expr> Await(Graph g, int length)
    {
        Expr state = _lstm.Run([.. WordsOf(length).Select(word => _words.Of(g, word))])[^1];
        return (await state)[0] > 0 ? state : 2 * state;
    }
}
