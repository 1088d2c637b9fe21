using System.Runtime.CompilerServices;
using BlasNet.Graphs;
using BlasNet.Operators;
using BlasNet.Tests.Kernels;
using BlasNet.Tests.Ranks;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Training;

/// <summary>Epochs over examples that are read once, from front to back.</summary>
[Collection(GemmSettings.Name)]
public sealed class StreamTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<int> _seen = [];

    [Theory, InlineData(1), InlineData(2), InlineData(7), InlineData(23), InlineData(1000)]
    public void Each_example_comes_once_and_no_earlier_than_the_window_allows(int window)
    {
        int[] order = OrderOf(window, "a");
        Assert.Equal(Enumerable.Range(0, 100), order.Order());
        for (int i = 0; i < order.Length; i++)
            Assert.InRange(order[i], 0, i + window - 1);

        Assert.Equal(order, OrderOf(window, "a"));
        if (window == 1)
            Assert.Equal(Enumerable.Range(0, 100), order);
        else
            Assert.NotEqual(order, OrderOf(window, "b"));
    }

    [Fact]
    public void Every_order_of_a_list_comes_up_in_one_epoch_or_another()
    {
        using var model = new Model(seed: 1);
        Parameter w = model.Bias("w", 1);
        List<int> seen = [];
        var trainer = new Trainer<int>(model, Loss, new Sgd(0.1)) { OptimizationBatch = 1, PrepareAhead = false };
        for (int epoch = 0; epoch < 60; epoch++)
            trainer.Epoch([0, 1, 2], cancellation: TestContext.Current.CancellationToken);

        Assert.Equal(6, seen.Chunk(3).Select(order => string.Join(' ', order)).Distinct().Count());

        Expr Loss(Graph g, int example)
        {
            seen.Add(example);
            return Square(g.Use(w) - example);
        }
    }

    /// <summary>Of three examples in a window of three all six orders are as likely; in a window of two, the last of them is never first.</summary>
    [Theory, InlineData(3, 6, 1 / 6.0), InlineData(2, 4, 1 / 4.0)]
    public void Every_order_that_the_window_allows_is_as_likely(int window, int orders, double likely)
    {
        const int Draws = 6000;
        var counts = Enumerable.Range(0, Draws).Select(draw => string.Join(",", OrderOf(window, $"{draw}", 3))).CountBy(order => order).ToDictionary();
        Assert.Equal(orders, counts.Count);
        Assert.All(counts.Values, count => Assert.Equal(likely, (double)count / Draws, 5 * Math.Sqrt(likely / Draws)));
    }

    [Fact]
    public void Without_a_window_a_stream_is_trained_in_its_order()
    {
        using Regression streamed = new(), stepped = new();
        for (int epoch = 0; epoch < 2; epoch++)
        {
            double loss = streamed.Trainer.Epoch(Stream(), window: 1, cancellation: Cancellation);
            double sum = Regression.Data.Chunk(Regression.Batch).Sum(batch => stepped.Trainer.Step(batch) * batch.Length);

            Assert.Equal(stepped.Values, streamed.Values);
            Assert.Equal(sum / Regression.Examples, loss, 1e-12);
        }

        Assert.Equal((2, 10L), (streamed.Trainer.EpochCount, streamed.Trainer.StepCount));
    }

    [Theory, InlineData(false), InlineData(true)]
    public void Each_epoch_has_an_order_of_its_own(bool isStream)
    {
        using var model = new Model();
        Parameter w = model.Weight("w", 1, 1);
        List<int> seen = [];
        var trainer = new Trainer<int>(model, Loss, new Sgd(0)) { PrepareAhead = false };
        int[][] orders = [.. Enumerable.Range(0, 3).Select(_ => OrderOfEpoch())];

        Assert.All(orders, order => Assert.Equal(Regression.Data, order.Order()));
        Assert.Equal(3, orders.Select(order => string.Join(' ', order)).Distinct().Count());

        Expr Loss(Graph g, int example)
        {
            seen.Add(example);
            return w * g.Input(example);
        }

        int[] OrderOfEpoch()
        {
            seen.Clear();
            if (isStream)
                trainer.Epoch(Stream(), window: 9, cancellation: Cancellation);
            else
                trainer.Epoch(Regression.Data, cancellation: Cancellation);

            return [.. seen];
        }
    }

    [Fact]
    public void A_stream_is_read_no_further_than_window_and_two_steps_ahead()
    {
        using Regression training = new();
        var progress = new Handler(report => Assert.InRange(_seen.Count, Math.Min(report.Examples, 23), report.Examples + 4 + 2 * Regression.Batch));
        training.Trainer.Epoch(Stream(), window: 4, progress, Cancellation);
        Assert.Equal(5, progress.Reports);
        Assert.Equal(Regression.Examples, _seen.Count);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_training_stopped_within_a_stream_is_resumed_with_the_same_bits(bool isAsync)
    {
        using Regression undisturbed = new();
        List<double> losses = [];
        for (int epoch = 0; epoch < 3; epoch++)
            losses.Add(undisturbed.Trainer.Epoch(Stream(), window: 6, cancellation: Cancellation));

        foreach (int stop in new[] { 1, 4, 5, 8, 14 })
        {
            using Regression stopped = new(), resumed = new();
            using var checkpoints = new CheckpointFolder(_folder.File($"{stop}{isAsync}"));
            using var source = new CancellationTokenSource();
            var handler = new Handler(_ =>
            {
                if (stopped.Trainer.StepCount == stop)
                    source.Cancel();
            });
            TrainingLoop<int> first = LoopOf(stopped, checkpoints, isAsync), second = LoopOf(resumed, checkpoints, isAsync);
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
            {
                while (await first.NextEpochAsync(handler, source.Token) is not null)
                    source.Token.ThrowIfCancellationRequested();
            });
            Assert.Equal(stop, second.Resume()!.Step);
            List<double> rest = [];
            while (await second.NextEpochAsync(cancellation: Cancellation) is { } epoch)
                rest.Add(epoch.Loss);

            Assert.Equal(undisturbed.Values, resumed.Values);
            Assert.Equal(losses[^rest.Count..], rest);
        }
    }

    [Fact]
    public async Task An_asynchronous_stream_gives_the_bits_of_a_list_read_in_order()
    {
        using Regression one = new(), other = new();
        Assert.Equal(
            one.Trainer.Epoch(Stream(), window: 9, cancellation: Cancellation),
                await other.Trainer.EpochAsync(AsyncStream(Cancellation), window: 9, cancellation: Cancellation));
        Assert.Equal(one.Values, other.Values);
    }

    [Fact]
    public void Ranks_read_the_same_stream_and_give_the_bits_of_workers()
    {
        using var workers = new RankTraining(3, ranks: null);
        double loss = workers.Trainer.Epoch(RankTraining.Lengths.Select(length => length), window: 10, cancellation: Cancellation);
        Assert.All(ThreadRanks.Run(3, ranks =>
        {
            using var training = new RankTraining(1, ranks);
            return (training.Trainer.Epoch(RankTraining.Lengths.Select(length => length), window: 10), Values: training.Values);
        }), mine =>
        {
            Assert.Equal(loss, mine.Item1);
            Assert.Equal(workers.Values, mine.Values);
        });
    }

    [Fact]
    public void An_example_that_is_not_finite_has_its_number_in_the_stream()
    {
        using var model = new Model(1);
        Parameter p = model.Bias("p", 1);
        var trainer = new Trainer<int>(model, (g, i) => Op.Square(g.Use(p) - g.Input(i == 17 ? double.NaN : i)), new Sgd(0.01)) { OptimizationBatch = 4 };
        Assert.Equal(17, Assert.Throws<NonFiniteException>(() => trainer.Epoch(Stream(), window: 8, cancellation: Cancellation)).Example);
    }

    [Fact]
    public void An_epoch_goes_on_only_over_the_stream_that_it_began_with()
    {
        using Regression training = new();
        Assert.Throws<ArgumentException>(() => training.Trainer.Epoch([], window: 3, cancellation: Cancellation));
        Assert.Throws<ArgumentOutOfRangeException>(() => training.Trainer.Epoch(Stream(), window: 0, cancellation: Cancellation));
        Assert.Throws<InvalidDataException>(() => training.Trainer.Epoch(Broken(), window: 3, cancellation: Cancellation));
        Assert.Equal(2, training.Trainer.StepCount);
        AssertRefused(
            "The epoch under way began with a stream in a window of 3, and 10 are done; it cannot go on with a stream in a window of 4.",
            () => training.Trainer.Epoch(Stream(), window: 4, cancellation: Cancellation));
        AssertRefused(
            "The epoch under way began with a stream in a window of 3, and 10 are done; it cannot go on with 23 examples.",
            () => training.Trainer.Epoch(Regression.Data, cancellation: Cancellation));
        AssertRefused(
            "The epoch under way has used 10 examples, and the stream has only 6.", () =>
                training.Trainer.Epoch(Stream().Take(6), window: 3, cancellation: Cancellation));

        using Regression undisturbed = new();
        Assert.Equal(undisturbed.Trainer.Epoch(Stream(), window: 3, cancellation: Cancellation),
            training.Trainer.Epoch(Stream(), window: 3, cancellation: Cancellation));
        Assert.Equal(undisturbed.Values, training.Values);

        static void AssertRefused(string message, Action action) =>
            Assert.StartsWith(message, Assert.Throws<ArgumentException>(action).Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static int[] OrderOf(int window, string name, int count = 100)
    {
        var shuffle = new WindowShuffle<int>(window, new RandomNumbers(1, name));
        List<int> order = [];
        for (int i = 0; i < count; i++)
        {
            if (shuffle.Add(i, out int drawn))
                order.Add(drawn);
        }

        while (shuffle.TryTake(out int drawn))
            order.Add(drawn);

        return [.. order];
    }

    private TrainingLoop<int> LoopOf(Regression training, CheckpointFolder checkpoints, bool isAsync) => isAsync
        ? new(training.Trainer, AsyncStream(), window: 6) { Epochs = 3, Checkpoints = checkpoints }
        : new(training.Trainer, Stream(), window: 6) { Epochs = 3, Checkpoints = checkpoints };

    private IEnumerable<int> Stream()
    {
        foreach (int example in Regression.Data)
        {
            _seen.Add(example);
            yield return example;
        }
    }

    private static async IAsyncEnumerable<int> AsyncStream([EnumeratorCancellation] CancellationToken cancellation = default)
    {
        foreach (int example in Regression.Data)
        {
            if (example % 4 == 0)
                await Task.Yield();

            cancellation.ThrowIfCancellationRequested();
            yield return example;
        }
    }

    // Ends with an error when three steps' examples have been read.
    private IEnumerable<int> Broken() => Stream().Select((example, i) => i < 18 ? example : throw new InvalidDataException());

    private sealed class Handler(Action<TrainingProgress> handle) : IProgress<TrainingProgress>
    {
        public int Reports { get; private set; }

        public void Report(TrainingProgress value)
        {
            Reports++;
            handle(value);
        }
    }
}
