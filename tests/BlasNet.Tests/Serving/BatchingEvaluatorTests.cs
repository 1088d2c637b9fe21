using BlasNet.Kernels;
using BlasNet.Serving;

namespace BlasNet.Tests.Serving;

/// <summary>The queue and its workers, with a model that computes nothing and ends its batches when it is let.</summary>
public sealed class BatchingEvaluatorTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_batch_is_what_waits_when_the_worker_is_free()
    {
        var model = new StubModel { Waits = true };
        await using var evaluator = new BatchingEvaluator<int, int>(model, new BatchingOptions<int> { Workers = 1, MaxBatchSize = 4 });
        List<Task<int>> answers = [.. await FirstAndWaiting(evaluator, model, 6)];
        Assert.Equal(6, evaluator.QueueLength);
        Release(model, 3);

        int[] results = await Task.WhenAll(answers);
        Assert.Equal([0, 1, 2, 3, 4, 5, 6], results);
        Assert.Equal([[0], [1, 2, 3, 4], [5, 6]], model.Batches);
    }

    [Fact]
    public async Task A_worker_takes_its_share_of_the_requests_not_answered()
    {
        var model = new StubModel { Waits = true };
        await using var evaluator = new BatchingEvaluator<int, int>(model, new BatchingOptions<int> { Workers = 2 });
        Task<int> first = Send(evaluator, 0);
        await model.AwaitBatch();
        Task<int> second = Send(evaluator, 1);
        await model.AwaitBatch();
        Task<int>[] others = [.. Enumerable.Range(2, 7).Select(n => Send(evaluator, n))];
        model.LetOneEnd();
        await model.AwaitBatch();
        Assert.Equal(4, model.Batches[2].Length);   // of 1 that is computed and 7 that wait
        Release(model, 4);

        int[] results = await Task.WhenAll([first, second, .. others]);
        Assert.Equal(Enumerable.Range(0, 9), results);
    }

    [Fact]
    public async Task A_batch_costs_no_more_than_the_options_say_but_for_a_single_request()
    {
        var model = new StubModel { Waits = true };
        var options = new BatchingOptions<int> { Workers = 1, Cost = n => n, MaxBatchCost = 5 };
        await using var evaluator = new BatchingEvaluator<int, int>(model, options);
        Task<int> first = Send(evaluator, 0);
        await model.AwaitBatch();
        Task<int>[] others = [.. new[] { 2, 3, 1, 9, 5 }.Select(n => Send(evaluator, n))];
        Release(model, 5);
        await Task.WhenAll([first, .. others]);

        Assert.Equal([[0], [2, 3], [1], [9], [5]], model.Batches);
    }

    [Fact]
    public async Task A_full_queue_refuses_at_once_and_takes_requests_again_when_there_is_room()
    {
        var model = new StubModel { Waits = true };
        await using var evaluator = new BatchingEvaluator<int, int>(model, new BatchingOptions<int> { Workers = 1, QueueLimit = 2, Name = "stub" });
        List<Task<int>> answers = [.. await FirstAndWaiting(evaluator, model, 2)];
        var refusal = Assert.Throws<QueueFullException>(() => { _ = Send(evaluator, 9); });
        Assert.Equal(2, refusal.Limit);
        Assert.Equal(TimeSpan.Zero, refusal.RetryAfter);   // nothing has been computed that could be timed
        Assert.StartsWith("The queue of 'stub' is full: 2 requests wait.", refusal.Message, StringComparison.Ordinal);

        model.LetOneEnd();
        await model.AwaitBatch();
        answers.AddRange(Enumerable.Range(3, 2).Select(n => Send(evaluator, n)));
        Assert.True(Assert.Throws<QueueFullException>(() => { _ = Send(evaluator, 9); }).RetryAfter > TimeSpan.Zero);
        Release(model, 2);
        int[] results = await Task.WhenAll(answers);
        Assert.Equal([0, 1, 2, 3, 4], results);
    }

    [Fact]
    public async Task A_cancelled_request_leaves_the_queue_and_gives_its_place_to_another()
    {
        var model = new StubModel { Waits = true };
        await using var evaluator = new BatchingEvaluator<int, int>(model, new BatchingOptions<int> { Workers = 1, QueueLimit = 3 });
        Task<int> first = Send(evaluator, 0);
        await model.AwaitBatch();
        using var source = new CancellationTokenSource();
        Task<int> before = Send(evaluator, 1), cancelled = evaluator.RunAsync(2, source.Token).AsTask(), after = Send(evaluator, 3);
        await source.CancelAsync();
        var error = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        Assert.Equal(source.Token, error.CancellationToken);
        Assert.Equal(2, evaluator.QueueLength);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => evaluator.RunAsync(4, source.Token).AsTask());

        Task<int> late = Send(evaluator, 5);
        Release(model, 2);
        int[] results = await Task.WhenAll(first, before, after, late);
        Assert.Equal([0, 1, 3, 5], results);
        Assert.Equal([1, 3, 5], model.Batches[1]);
    }

    [Fact]
    public async Task A_request_that_is_being_computed_is_answered_though_it_is_cancelled()
    {
        var model = new StubModel { Waits = true };
        await using var evaluator = new BatchingEvaluator<int, int>(model);
        using var source = new CancellationTokenSource();
        Task<int> request = evaluator.RunAsync(7, source.Token).AsTask();
        await model.AwaitBatch();
        await source.CancelAsync();
        model.LetOneEnd();
        Assert.Equal(7, await request);
    }

    [Fact]
    public async Task Disposing_answers_what_was_accepted_and_refuses_the_rest()
    {
        var model = new StubModel { Waits = true };
        var evaluator = new BatchingEvaluator<int, int>(model, new BatchingOptions<int> { Workers = 1, MaxBatchSize = 2 });
        Task<int>[] answers = await FirstAndWaiting(evaluator, model, 5);
        Task end = evaluator.DisposeAsync().AsTask();
        Assert.True(evaluator.IsClosed);
        Assert.Throws<ObjectDisposedException>(() => { _ = Send(evaluator, 9); });
        Assert.Throws<ObjectDisposedException>(() => { _ = evaluator.ExchangeAsync(new StubModel()); });
        await Assert.ThrowsAsync<ObjectDisposedException>(() => evaluator.WarmUpAsync([1], Cancellation));
        Assert.False(model.IsDisposed);
        Assert.False(end.IsCompleted);
        Release(model, 4);

        await end;
        Assert.True(model.IsDisposed);
        Assert.Equal([[0], [1, 2], [3, 4], [5]], model.Batches);
        int[] results = await Task.WhenAll(answers);
        Assert.Equal([0, 1, 2, 3, 4, 5], results);
        await evaluator.DisposeAsync();
    }

    [Fact]
    public async Task An_evaluator_that_was_never_used_disposes_its_model()
    {
        var model = new StubModel();
        await new BatchingEvaluator<int, int>(model).DisposeAsync();
        Assert.True(model.IsDisposed);
    }

    [Fact]
    public async Task A_batch_ends_with_the_model_that_it_began_with_and_the_next_one_has_the_new_one()
    {
        StubModel old = new(factor: 10) { Waits = true }, replacement = new(factor: 100) { Waits = true };
        await using var evaluator = new BatchingEvaluator<int, int>(old, new BatchingOptions<int> { Workers = 1 });
        Task<int>[] answers = await FirstAndWaiting(evaluator, old, 2);
        Task released = evaluator.ExchangeAsync(replacement);
        Assert.False(released.IsCompleted);
        Assert.Throws<ArgumentException>(() => { _ = evaluator.ExchangeAsync(replacement); });
        old.LetOneEnd();
        await released;
        Assert.True(old.IsDisposed);
        replacement.LetOneEnd();

        int[] results = await Task.WhenAll(answers);
        Assert.Equal([0, 100, 200], results);
        Assert.False(replacement.IsDisposed);
    }

    [Fact]
    public async Task A_delay_lets_a_batch_gather_until_it_is_full_or_the_evaluator_is_disposed()
    {
        var model = new StubModel();
        var evaluator = new BatchingEvaluator<int, int>(model, new BatchingOptions<int> { MaxDelay = TimeSpan.FromMinutes(1), MaxBatchSize = 3, Workers = 1 });
        Task<int>[] answers = [.. Enumerable.Range(0, 3).Select(n => Send(evaluator, n))];
        await Task.WhenAll(answers);
        Assert.Equal([[0, 1, 2]], model.Batches);

        Task<int> last = Send(evaluator, 3);
        Assert.Equal(1, evaluator.QueueLength);
        await evaluator.DisposeAsync();
        Assert.Equal(3, await last);
    }

    [Fact]
    public async Task Disposing_answers_a_request_that_gathers_though_no_worker_runs()
    {
        var model = new StubModel();
        var evaluator = new BatchingEvaluator<int, int>(model, new BatchingOptions<int> { MaxDelay = TimeSpan.FromMinutes(1), Workers = 1 });
        Task<int> answer = Send(evaluator, 3);
        await evaluator.DisposeAsync();

        Assert.Equal([[3]], model.Batches);
        Assert.Equal(3, await answer);
    }

    /// <summary>The first request fills a batch, so that no timer has been set for it; and no later request comes that would start a worker.</summary>
    [Fact]
    public async Task A_request_that_comes_while_all_workers_compute_is_answered_after_its_delay()
    {
        var model = new StubModel { Waits = true };
        var options = new BatchingOptions<int> { MaxDelay = TimeSpan.FromMilliseconds(200), Cost = n => n, MaxBatchCost = 5, Workers = 1 };
        await using var evaluator = new BatchingEvaluator<int, int>(model, options);
        Task<int> full = Send(evaluator, 5);
        await model.AwaitBatch();
        Task<int> late = Send(evaluator, 2);
        Release(model, 2);

        int[] answers = await Task.WhenAll(full, late).WaitAsync(Cancellation);
        Assert.Equal([5, 2], answers);
    }

    /// <summary>The rest of the batch is computed again, each request with its own example.</summary>
    [Fact]
    public async Task A_failure_after_some_answers_leaves_the_others_their_examples()
    {
        List<int[]> batches = [];
        var model = new Recorder
        {
            Answer = batch =>
            {
                batches.Add(batch.Examples.ToArray());
                for (int i = 0; i < batch.Count; i++)
                {
                    if (batch.Count == 5 && i is (1 or 3))
                        continue;

                    batch.SetResult(i, batch.Examples[i]);
                }

                if (batch.Count == 5)
                    throw new FormatException("after three answers");

                Assert.Throws<ArgumentOutOfRangeException>(() => batch.SetResult(1, 99));   // the other one that is open is not of this part
            },
        };
        var options = new BatchingOptions<int> { MaxDelay = TimeSpan.FromMinutes(1), MaxBatchSize = 5, Workers = 1 };
        await using var evaluator = new BatchingEvaluator<int, int>(model, options);

        int[] answers = await Task.WhenAll(Enumerable.Range(10, 5).Select(n => Send(evaluator, n)));

        Assert.Equal([10, 11, 12, 13, 14], answers);
        Assert.Equal([[10, 11, 12, 13, 14], [11], [13]], batches);
    }

    /// <summary>A product takes all threads, unless another batch is computed beside it.</summary>
    [Fact]
    public async Task Products_of_a_batch_alone_take_all_threads_and_those_of_a_second_one_do_not()
    {
        using SemaphoreSlim begun = new(0), mayEnd = new(0);
        var model = new Recorder
        {
            Answer = batch =>
            {
                begun.Release();
                mayEnd.Wait();
                batch.SetResult(0, batch.Examples[0]);
            },
        };
        await using var evaluator = new BatchingEvaluator<int, int>(model, new BatchingOptions<int> { Workers = 2 });
        Task<int> first = Send(evaluator, 0);
        await begun.WaitAsync(Cancellation);
        Task<int> second = Send(evaluator, 1);
        await begun.WaitAsync(Cancellation);
        mayEnd.Release(2);
        await Task.WhenAll(first, second);

        Assert.Equal([false, true], model.Parts);
    }

    [Fact]
    public async Task What_has_been_computed_costs_nothing_while_the_next_batch_gathers()
    {
        var model = new StubModel();
        var options = new BatchingOptions<int> { Workers = 1, MaxDelay = TimeSpan.FromMinutes(1), Cost = n => n, MaxBatchCost = 5 };
        var evaluator = new BatchingEvaluator<int, int>(model, options);
        Assert.Equal(5, await evaluator.RunAsync(5, Cancellation));
        Task<int> first = Send(evaluator, 1);
        for (int i = 0; i < 20; i++)
            await Task.Run(() => { }, Cancellation);   // a worker that had been started would come before

        Task<int> second = Send(evaluator, 2);
        await evaluator.DisposeAsync();
        int[] answers = await Task.WhenAll(first, second);
        Assert.Equal([1, 2], answers);
        Assert.Equal([[5], [1, 2]], model.Batches);
    }

    [Fact]
    public async Task After_the_delay_a_batch_is_computed_though_it_is_not_full()
    {
        await using var evaluator = new BatchingEvaluator<int, int>(new StubModel(), new BatchingOptions<int> { MaxDelay = TimeSpan.FromMilliseconds(1) });
        for (int n = 0; n < 20; n++)
            Assert.Equal(n, await evaluator.RunAsync(n, Cancellation));
    }

    [Fact]
    public async Task An_answer_is_awaited_once()
    {
        await using var evaluator = new BatchingEvaluator<int, int>(new StubModel());
        ValueTask<int> answer = evaluator.RunAsync(1, Cancellation);
        await answer;
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await answer);
        Assert.Equal(2, await evaluator.RunAsync(2, Cancellation));
    }

    [Fact]
    public async Task A_request_allocates_nothing_on_the_callers_thread_once_there_have_been_some()
    {
        await using var evaluator = new BatchingEvaluator<int, int>(new StubModel());
        using var source = new CancellationTokenSource();
        Ask();
        Allocations.AssertNone(Ask);

        void Ask()
        {
            for (int n = 0; n < 20; n++)
            {
                ValueTask<int> answer = evaluator.RunAsync(n, source.Token);
                while (!answer.IsCompleted)
                    Thread.Yield();

                Assert.True(answer.GetAwaiter().GetResult() == n);
            }
        }
    }

    [Fact]
    public async Task Warming_up_computes_batches_of_every_size_and_throws_what_the_model_throws()
    {
        StubModel model = new(), next = new();
        await using var evaluator = new BatchingEvaluator<int, int>(model, new BatchingOptions<int> { Workers = 1, MaxBatchSize = 6 });
        await evaluator.WarmUpAsync([1, 2, 3], Cancellation);
        Assert.Equal([[1], [2, 3], [1, 2, 3, 1], [2, 3, 1, 2, 3, 1]], model.Batches);
        await evaluator.PrepareAsync(next, [5], Cancellation);
        Assert.Equal(4, next.Batches.Count);
        Assert.False(next.IsDisposed);

        await Assert.ThrowsAsync<ArgumentException>(() => evaluator.WarmUpAsync([], Cancellation));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => evaluator.WarmUpAsync([1], new CancellationToken(canceled: true)));
    }

    [Theory, InlineData(1), InlineData(3)]
    public async Task Warming_up_takes_as_many_threads_as_there_are_workers_and_products_take_all_only_of_one(int workers)
    {
        var model = new Recorder();
        await using var evaluator = new BatchingEvaluator<int, int>(model, new BatchingOptions<int> { Workers = workers, MaxBatchSize = 3 });
        await evaluator.WarmUpAsync([1], Cancellation);

        Assert.Equal(Enumerable.Repeat(workers > 1, 3 * workers), model.Parts);   // batches of 1, 2 and 3
        Assert.False(model.IsDisposed);
        await evaluator.DisposeAsync();
        Assert.True(model.IsDisposed);
    }

    [Fact]
    public async Task Warming_up_stops_at_256_examples_and_at_what_the_model_throws()
    {
        var model = new Recorder { ThrowsFrom = 257 };
        await using var evaluator = new BatchingEvaluator<int, int>(model, new BatchingOptions<int> { Workers = 1, MaxBatchSize = 1000 });
        await evaluator.WarmUpAsync([1], Cancellation);
        Assert.Equal(9, model.Parts.Count);

        model.ThrowsFrom = 1;
        await Assert.ThrowsAsync<FormatException>(() => evaluator.WarmUpAsync([1], Cancellation));
    }

    [Fact]
    public async Task What_the_disposal_of_a_model_throws_reaches_who_exchanges_it_or_disposes_the_evaluator()
    {
        var evaluator = new BatchingEvaluator<int, int>(new Recorder { FailsToDispose = true });
        await Assert.ThrowsAsync<FormatException>(() => evaluator.ExchangeAsync(new Recorder { FailsToDispose = true }));
        Assert.Equal(7, await evaluator.RunAsync(7, Cancellation));
        await Assert.ThrowsAsync<FormatException>(() => evaluator.DisposeAsync().AsTask());
    }

    [Fact]
    public async Task A_refusal_tells_how_long_those_that_wait_will_take()
    {
        var model = new StubModel { Waits = true };
        await using var evaluator = new BatchingEvaluator<int, int>(model, new BatchingOptions<int> { Workers = 1, QueueLimit = 4 });
        Task<int>[] answers = await FirstAndWaiting(evaluator, model, 1);
        await Task.Delay(30, Cancellation);
        model.LetOneEnd();   // one request, 30 ms at least
        await model.AwaitBatch();
        answers = [.. answers, .. Enumerable.Range(2, 4).Select(n => Send(evaluator, n))];
        var refusal = Assert.Throws<QueueFullException>(() => { _ = Send(evaluator, 9); });
        Assert.InRange(refusal.RetryAfter, TimeSpan.FromMilliseconds(4 * 25), TimeSpan.MaxValue);
        Release(model, 2);
        await Task.WhenAll(answers);
    }

    [Fact]
    public async Task A_request_is_answered_once_by_its_position_in_the_batch()
    {
        List<Exception?> errors = [];
        var model = new Recorder
        {
            Answer = batch =>
            {
                batch.SetResult(0, 5);
                errors.Add(Record.Exception(() => batch.SetResult(0, 6)));
                errors.Add(Record.Exception(() => batch.SetResult(1, 6)));
                errors.Add(Record.Exception(() => batch.SetResult(-1, 6)));
                errors.Add(Record.Exception(() => batch.SetException(0, null!)));
            },
        };
        await using (var evaluator = new BatchingEvaluator<int, int>(model))
            Assert.Equal(5, await evaluator.RunAsync(1, Cancellation));   // the worker may still be recording; the disposal waits for it

        Assert.Equal("Request 0 of the batch has been answered already.", Assert.IsType<InvalidOperationException>(errors[0]).Message);
        Assert.IsType<ArgumentOutOfRangeException>(errors[1]);
        Assert.IsType<ArgumentOutOfRangeException>(errors[2]);
        Assert.IsType<ArgumentNullException>(errors[3]);
    }

    [Fact]
    public void Options_that_make_no_sense_are_refused()
    {
        BatchingOptions<int>[] wrong =
        [
            new() { MaxBatchSize = 0 }, new() { MaxBatchCost = 0 }, new() { QueueLimit = 0 }, new() { Workers = 0 }, new() { Workers = 257 },
            new() { MaxDelay = TimeSpan.FromSeconds(-1) }, new() { MaxDelay = TimeSpan.FromHours(1) },
        ];
        Assert.All(wrong, options => Assert.Throws<ArgumentOutOfRangeException>(() => new BatchingEvaluator<int, int>(new StubModel(), options)));
        Assert.Throws<ArgumentException>(() => new BatchingEvaluator<int, int>(new StubModel(), new BatchingOptions<int> { Name = " " }));
        Assert.Throws<ArgumentNullException>(() => new BatchingEvaluator<int, int>(null!));
        using var evaluator = new BatchingEvaluator<int, int>(new StubModel(), new BatchingOptions<int> { Cost = n => n });
        Assert.Throws<ArgumentException>(() => { _ = Send(evaluator, -1); });
    }

    // Answers n by n, and keeps of each batch whether its products are to take one thread only.
    private sealed class Recorder : BatchModel<int, int>
    {
        public List<bool> Parts { get; } = [];

        public int ThrowsFrom { get; set; } = int.MaxValue;

        public Action<Batch<int, int>>? Answer { get; init; }

        public bool FailsToDispose { get; init; }

        public bool IsDisposed { get; private set; }

        public override void Compute(Batch<int, int> batch)
        {
            lock (Parts)
                Parts.Add(ComputeThreads.IsPart);

            if (batch.Count >= ThrowsFrom)
                throw new FormatException($"{batch.Count} are too many.");

            if (Answer is not null)
            {
                Answer(batch);
                return;
            }

            for (int i = 0; i < batch.Count; i++)
                batch.SetResult(i, batch.Examples[i]);
        }

        protected override void Dispose(bool isDisposing)
        {
            IsDisposed = true;
            base.Dispose(isDisposing);
            if (FailsToDispose)
                throw new FormatException("cannot be disposed");
        }
    }

    // A request that is being computed, and some that wait.
    private static async Task<Task<int>[]> FirstAndWaiting(BatchingEvaluator<int, int> evaluator, StubModel model, int waiting)
    {
        Task<int> first = Send(evaluator, 0);
        await model.AwaitBatch();
        return [first, .. Enumerable.Range(1, waiting).Select(n => Send(evaluator, n))];
    }

    private static Task<int> Send(BatchingEvaluator<int, int> evaluator, int n) => evaluator.RunAsync(n, Cancellation).AsTask();

    private static void Release(StubModel model, int batches)
    {
        for (int i = 0; i < batches; i++)
            model.LetOneEnd();
    }
}
